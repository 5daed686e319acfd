// Numbers of the frame layer: types and flags (RFC 9113 §6), identifiers of settings (§6.5.2, RFC 8441 §3), sizes (§4).

export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Bits of the flags byte. ACK and END_STREAM are the same bit, in different frames. */
export const FrameFlag = {
  ACK: 0x1,
  END_STREAM: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

export const Http2Setting = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
  ENABLE_CONNECT_PROTOCOL: 0x8,
} as const;

export const FRAME_HEAD_BYTES = 9;
/** Largest payload before a peer allows more (§4.2, §6.5.2). */
export const FRAME_BYTES_INITIAL = 16_384;
/** Largest payload that a peer can allow. */
export const FRAME_BYTES_LARGEST = 16_777_215;
/** Of windows and of stream identifiers: 2^31 - 1. */
export const INT31_MAX = 2_147_483_647;
/** Size of every window before a peer says otherwise (§6.9.2). */
export const WINDOW_BYTES_INITIAL = 65_535;
