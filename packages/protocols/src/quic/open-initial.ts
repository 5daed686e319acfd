// Takes the protection off one Initial packet (RFC 9001 §5.3, §5.4), without changing the bytes it came in: they may have to be sent
// on. Allocates; used for the first packets of a connection only.

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { type InitialKeys, IV_BYTES } from './initial-keys.ts';
import type { QuicHeader } from './quic-header.ts';

const TAG_BYTES = 16;
const SAMPLE_BYTES = 16;
/** The sample begins so far behind the packet number's first byte, however long the number is. */
const SAMPLE_OFFSET = 4;

/**
 * @param header of the packet that begins at `start`.
 * @returns its frames; undefined when it is not genuine. The packet number is taken to be as short as it was sent: a client whose
 *   first packets are read has not sent many.
 */
export function openInitial(
  keys: InitialKeys,
  bytes: Uint8Array,
  start: number,
  header: QuicHeader,
): Buffer | undefined {
  const { numberOffset, end } = header;
  const sample = numberOffset + SAMPLE_OFFSET;
  if (sample + SAMPLE_BYTES > end) return undefined;
  const mask = createCipheriv('aes-128-ecb', keys.headerKey, null).update(
    bytes.subarray(sample, sample + SAMPLE_BYTES),
  );
  const first = bytes[start] ^ (mask[0] & 0x0f);
  const numberBytes = 1 + (first & 3);
  const payload = numberOffset + numberBytes;
  const nonce = Buffer.from(keys.iv);
  const clearHeader = Buffer.from(bytes.subarray(start, payload));
  clearHeader[0] = first;
  for (let index = 0; index < numberBytes; index++) {
    const byte = bytes[numberOffset + index] ^ mask[1 + index];
    clearHeader[numberOffset - start + index] = byte;
    nonce[IV_BYTES - numberBytes + index] ^= byte;
  }
  const decipher = createDecipheriv('aes-128-gcm', keys.key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(clearHeader).setAuthTag(bytes.subarray(end - TAG_BYTES, end));
  const frames = decipher.update(bytes.subarray(payload, end - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return frames;
}
