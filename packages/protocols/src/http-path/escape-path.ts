// The decoded form of a path and the way back, for middlewares that work on decoded text (reference: HTTP routing §2).
// The escaped form stays the one that is kept and forwarded; these convert at the edges.

import { byteLengthOfText, eachByteAt } from './byte-text.ts';
import { decodePath } from './decode-path.ts';
import { PLAIN_IN_PATH, percentEncoding } from './path-class.ts';

/**
 * Decoded path as text: every `%XX` decoded, `%2F` included. Bytes that are not UTF-8 become lone surrogates
 * (byte-text.ts), which `escapePath` turns back. Undefined for a broken encoding; same string when there is no `%`.
 */
export function unescapePath(path: string): string | undefined {
  const first = path.indexOf('%');
  return first === -1 ? path : decodePath(path, first, false);
}

/**
 * Escaped path of a decoded one: everything but letters, digits and `-._~$&+,/:;=@` is percent-encoded as UTF-8, with
 * upper-case digits. `unescapePath(escapePath(x)) === x` for well-formed text and whatever
 * `unescapePath` returned; the converse does not hold, as `%2F` and `/` decode alike.
 */
export function escapePath(decoded: string): string {
  for (let i = 0; i < decoded.length; i++) {
    const code = decoded.charCodeAt(i);
    if (code > 0x7f || PLAIN_IN_PATH[code] === 0) return encode(decoded, i);
  }
  return decoded;
}

/**
 * What is left of an escaped path when the first characters of its decoded form are taken away: `prefix` is a prefix of
 * `unescapePath(path)`. Encodings in the rest stay as they are. Undefined when the path is shorter or broken.
 */
export function withoutDecodedPrefix(path: string, prefix: string): string | undefined {
  let bytes = byteLengthOfText(prefix);
  let at = 0;
  for (; bytes > 0 && at < path.length; bytes--) at += path.charCodeAt(at) === 0x25 ? 3 : 1;
  return bytes > 0 || at > path.length ? undefined : path.slice(at);
}

function encode(decoded: string, first: number): string {
  let result = decoded.slice(0, first);
  const write = (byte: number): void => {
    result += byte < 0x80 && PLAIN_IN_PATH[byte] === 1 ? String.fromCharCode(byte) : percentEncoding(byte);
  };
  for (let at = first; at < decoded.length; ) at = eachByteAt(decoded, at, write);
  return result;
}
