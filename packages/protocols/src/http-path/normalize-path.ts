// Brings an escaped path into the one spelling that routing, middlewares and upstreams see (RFC 3986 §6.2.2).
// Dot segments and slashes are not touched here: see sanitize-path.ts.
// Allocates nothing when the path is already in that spelling.

import { decodedByte, PATH_CLASS, PathClass, percentEncoding, UNRESERVED } from './path-class.ts';

/**
 * Encodings of unreserved characters are decoded, hexadecimal digits of the others upper-cased, characters that are
 * illegal in a path percent-encoded. Returns the same string when nothing changes, and undefined (answer 400) for a
 * broken `%`, a control character, `#`, `?` or a character above U+00FF. `path` has one character per received byte.
 * Reference: HTTP routing §2. Unlike there, a raw illegal character does not cause other encodings to be decoded.
 */
export function normalizePath(path: string): string | undefined {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code > 0xff || PATH_CLASS[code] !== PathClass.LEGAL) return rebuild(path, i);
  }
  return path;
}

function rebuild(path: string, firstChange: number): string | undefined {
  let result = '';
  let copied = 0;
  for (let i = firstChange; i < path.length; i++) {
    const code = path.charCodeAt(i);
    const pathClass = code > 0xff ? PathClass.FORBIDDEN : PATH_CLASS[code];
    if (pathClass === PathClass.LEGAL) continue;
    if (pathClass === PathClass.FORBIDDEN) return undefined;
    let replacement: string;
    let size = 1;
    if (pathClass === PathClass.ENCODE) {
      replacement = percentEncoding(code);
    } else {
      const byte = decodedByte(path, i);
      if (byte === -1) return undefined;
      replacement = byte < 0x80 && UNRESERVED[byte] === 1 ? String.fromCharCode(byte) : percentEncoding(byte);
      size = 3;
    }
    result += path.slice(copied, i) + replacement;
    i += size - 1;
    copied = i + 1;
  }
  return copied === 0 ? path : result + path.slice(copied);
}
