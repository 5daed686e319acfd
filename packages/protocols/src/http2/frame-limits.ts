// The bounds a FrameReader works within. Checked when a frame is announced, before its bytes are kept.

import { FRAME_BYTES_INITIAL } from './frame-type.ts';

export interface FrameLimits {
  /** Payload of one frame: what we announce as SETTINGS_MAX_FRAME_SIZE, 16,384 to 16,777,215. */
  readonly frameBytesMax: number;
  /** Bytes of one field block as it is on the wire, all fragments together. */
  readonly fieldBlockBytesMax: number;
  /** CONTINUATION frames of one field block: small ones without end cost time, not memory. */
  readonly continuationsMax: number;
  /** Settings in one SETTINGS frame. RFC 9113 and its extensions know fewer than ten. */
  readonly settingsMax: number;
}

/** The block's bound is that of an HTTP/1 head; 64 full CONTINUATION frames hold as much. RFC 9113 §10.5 names no numbers. */
export const DEFAULT_FRAME_LIMITS: FrameLimits = {
  frameBytesMax: FRAME_BYTES_INITIAL,
  fieldBlockBytesMax: 1_048_576,
  continuationsMax: 64,
  settingsMax: 64,
};
