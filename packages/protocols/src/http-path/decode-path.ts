// Percent-decoding of a path into text, shared by the routing path and the decoded path.

import { textOfBytes } from './byte-text.ts';
import { decodedByte, KEPT_ENCODED, percentEncoding } from './path-class.ts';

/**
 * Decodes from the first `%` (at index `first`) on; `keepReserved` leaves encodings of reserved characters and `%` in
 * place, upper-cased. Undefined for a broken encoding.
 */
export function decodePath(path: string, first: number, keepReserved: boolean): string | undefined {
  let result = path.slice(0, first);
  let at = first;
  while (at < path.length) {
    if (path.charCodeAt(at) !== 0x25) {
      const next = path.indexOf('%', at);
      const end = next === -1 ? path.length : next;
      result += path.slice(at, end);
      at = end;
      continue;
    }
    const byte = decodedByte(path, at);
    if (byte === -1) return undefined;
    if (byte < 0x80) {
      result += keepReserved && KEPT_ENCODED[byte] === 1 ? percentEncoding(byte) : String.fromCharCode(byte);
      at += 3;
      continue;
    }
    // A multi-byte character is a run of encodings, decoded together.
    const bytes: number[] = [];
    for (let high = byte; high >= 0x80; high = path.charCodeAt(at) === 0x25 ? decodedByte(path, at) : -1) {
      bytes.push(high);
      at += 3;
    }
    result += textOfBytes(bytes);
  }
  return result;
}
