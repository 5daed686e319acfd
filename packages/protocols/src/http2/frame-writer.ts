// Writes HTTP/2 frames (RFC 9113 §4.1, §6) into a caller's buffer at an offset; each function returns the offset behind what
// it wrote. Of DATA only the head, so that the payload is relayed by reference. Never pads, allocates nothing.
// Throws RangeError for values that have no place on the wire, or past the end of the buffer: bugs of the caller.

import { FRAME_BYTES_LARGEST, FRAME_HEAD_BYTES, FrameFlag, FrameType, INT31_MAX } from './frame-type.ts';
import { writeUint32 } from './wire-words.ts';

export const SETTINGS_ACK_BYTES = FRAME_HEAD_BYTES;
export const PING_BYTES = FRAME_HEAD_BYTES + 8;
export const RST_STREAM_BYTES = FRAME_HEAD_BYTES + 4;
export const WINDOW_UPDATE_BYTES = FRAME_HEAD_BYTES + 4;
export const GOAWAY_BYTES = FRAME_HEAD_BYTES + 8;

/** The head of any frame. `length` bytes of payload follow, by whatever way. */
export function writeFrameHead(
  buffer: Uint8Array,
  offset: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  if (!(length >= 0 && length <= FRAME_BYTES_LARGEST)) throw new RangeError(`a frame cannot have ${length} bytes`);
  if (!(streamId >= 0 && streamId <= INT31_MAX)) throw new RangeError(`${streamId} is no stream identifier`);
  if (offset < 0 || offset + FRAME_HEAD_BYTES > buffer.length) throw new RangeError('the frame does not fit');
  buffer[offset] = length >>> 16;
  buffer[offset + 1] = length >>> 8;
  buffer[offset + 2] = length;
  buffer[offset + 3] = type;
  buffer[offset + 4] = flags;
  writeUint32(buffer, offset + 5, streamId);
  return offset + FRAME_HEAD_BYTES;
}

/** The head of a DATA frame of `length` bytes. */
export function writeDataHead(
  buffer: Uint8Array,
  offset: number,
  streamId: number,
  length: number,
  endStream: boolean,
): number {
  const flags = endStream ? FrameFlag.END_STREAM : 0;
  return writeFrameHead(buffer, offset, length, FrameType.DATA, flags, streamId);
}

export function writeRstStream(buffer: Uint8Array, offset: number, streamId: number, errorCode: number): number {
  const at = writeWholeHead(buffer, offset, 4, FrameType.RST_STREAM, 0, streamId);
  writeUint32(buffer, at, errorCode);
  return at + 4;
}

/** `settings`: identifier and value in turns. */
export function writeSettings(buffer: Uint8Array, offset: number, settings: readonly number[]): number {
  let at = writeWholeHead(buffer, offset, settings.length * 3, FrameType.SETTINGS, 0, 0);
  for (let index = 0; index < settings.length; index += 2) {
    buffer[at] = settings[index] >>> 8;
    buffer[at + 1] = settings[index];
    writeUint32(buffer, at + 2, settings[index + 1]);
    at += 6;
  }
  return at;
}

export function writeSettingsAck(buffer: Uint8Array, offset: number): number {
  return writeFrameHead(buffer, offset, 0, FrameType.SETTINGS, FrameFlag.ACK, 0);
}

/** `high` and `low`: the eight opaque bytes, as `FrameHandler.onPing` tells them. */
export function writePing(buffer: Uint8Array, offset: number, high: number, low: number, ack: boolean): number {
  const at = writeWholeHead(buffer, offset, 8, FrameType.PING, ack ? FrameFlag.ACK : 0, 0);
  writeUint32(buffer, at, high);
  writeUint32(buffer, at + 4, low);
  return at + 8;
}

/** Without debug data: it would tell the peer about us. */
export function writeGoaway(buffer: Uint8Array, offset: number, lastStreamId: number, errorCode: number): number {
  const at = writeWholeHead(buffer, offset, 8, FrameType.GOAWAY, 0, 0);
  writeUint32(buffer, at, lastStreamId);
  writeUint32(buffer, at + 4, errorCode);
  return at + 8;
}

/** `streamId` 0: the window of the connection. `increment` is 1 to 2^31 - 1. */
export function writeWindowUpdate(buffer: Uint8Array, offset: number, streamId: number, increment: number): number {
  if (!(increment >= 1 && increment <= INT31_MAX)) throw new RangeError(`a window cannot grow by ${increment}`);
  const at = writeWholeHead(buffer, offset, 4, FrameType.WINDOW_UPDATE, 0, streamId);
  writeUint32(buffer, at, increment);
  return at + 4;
}

/** As `writeFrameHead`, when the payload goes behind it into the same buffer. */
function writeWholeHead(
  buffer: Uint8Array,
  offset: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  if (offset + FRAME_HEAD_BYTES + length > buffer.length) throw new RangeError('the frame does not fit');
  return writeFrameHead(buffer, offset, length, type, flags, streamId);
}
