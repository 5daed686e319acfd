// Writes the framing of chunked bodies (RFC 9112 §7.1). The data itself goes by reference. Allocates nothing.

import { CR, LF } from './byte-class.ts';

/** Most bytes `writeChunkHead` writes. */
export const CHUNK_HEAD_BYTES_MAX = 16;

/** Ends a body without trailers: last chunk and blank line. Never write to it. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n', 'latin1');

/** Goes after the data of every chunk. Never write to it. */
export const CHUNK_END: Buffer = Buffer.from('\r\n', 'latin1');

/**
 * Writes a chunk size line (`size` in hex, CR LF) and returns the offset after it. `size` is 1 to 2^53-1: 0 would end
 * the body. Throws RangeError otherwise, or when the buffer is too short.
 */
export function writeChunkHead(buffer: Uint8Array, offset: number, size: number): number {
  if (!Number.isSafeInteger(size) || size < 1) throw new RangeError(`chunk size ${size} is not from 1 to 2^53-1`);
  let digits = 1;
  for (let bound = 16; size >= bound; bound *= 16) digits++;
  const end = offset + digits;
  if (offset < 0 || end + 2 > buffer.length) throw new RangeError('the chunk size line does not fit into the buffer');
  let rest = size;
  for (let at = end - 1; at >= offset; at--) {
    const digit = rest % 16;
    buffer[at] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = (rest - digit) / 16;
  }
  buffer[end] = CR;
  buffer[end + 1] = LF;
  return end + 2;
}
