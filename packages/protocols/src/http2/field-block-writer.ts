// Writes a field block as HEADERS and as many CONTINUATION frames as the peer's largest frame makes necessary (RFC 9113 §4.3,
// §6.10). Either copies a block, or finishes one that was encoded behind room for its head. Knows no HPACK, allocates nothing.

import { FRAME_HEAD_BYTES, FrameFlag, FrameType } from './frame-type.ts';
import { writeFrameHead } from './frame-writer.ts';

/** Bytes on the wire of a block of `blockBytes`, heads included. */
export function fieldBlockFramesBytes(blockBytes: number, frameBytesMax: number): number {
  const frames = Math.max(1, Math.ceil(blockBytes / frameBytesMax));
  return blockBytes + frames * FRAME_HEAD_BYTES;
}

/**
 * Writes `block[start…end)` as frames of at most `frameBytesMax` payload bytes each, and returns the offset behind them. No
 * other frame may be sent in between. The block may lie in `buffer` itself, from `offset + FRAME_HEAD_BYTES` on or behind:
 * then nothing is moved when one frame suffices, and the pieces are moved apart when not.
 */
export function writeFieldBlock(
  buffer: Buffer,
  offset: number,
  streamId: number,
  block: Buffer,
  start: number,
  end: number,
  endStream: boolean,
  frameBytesMax: number,
): number {
  const length = end - start;
  const total = offset + fieldBlockFramesBytes(length, frameBytesMax);
  if (offset < 0 || total > buffer.length) throw new RangeError('the field block does not fit');
  const frames = Math.max(1, Math.ceil(length / frameBytesMax));
  // All of the block goes to where its first piece belongs, then the pieces apart, the last one first: none is overwritten.
  const first = offset + FRAME_HEAD_BYTES;
  if (block !== buffer || start !== first) block.copy(buffer, first, start, end);
  for (let index = frames - 1; index > 0; index--) {
    const from = first + index * frameBytesMax;
    const bytes = Math.min(frameBytesMax, length - index * frameBytesMax);
    const at = offset + index * (FRAME_HEAD_BYTES + frameBytesMax);
    buffer.copyWithin(at + FRAME_HEAD_BYTES, from, from + bytes);
    const flags = index === frames - 1 ? FrameFlag.END_HEADERS : 0;
    writeFrameHead(buffer, at, bytes, FrameType.CONTINUATION, flags, streamId);
  }
  const flags = (frames === 1 ? FrameFlag.END_HEADERS : 0) | (endStream ? FrameFlag.END_STREAM : 0);
  writeFrameHead(buffer, offset, Math.min(length, frameBytesMax), FrameType.HEADERS, flags, streamId);
  return total;
}
