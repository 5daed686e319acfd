// Character classes of URL paths (RFC 3986 §2, §3.3) and the percent-encoding primitives built on them. Tables only.

/** Below 0x100: what a raw path character needs. Anything above Latin-1 is refused by the callers. */
export const PATH_CLASS = new Uint8Array(256);
export const PathClass = {
  /** Control bytes, `#` and `?`: never part of a path. */
  FORBIDDEN: 0,
  /** Stands for itself. */
  LEGAL: 1,
  PERCENT: 2,
  /** Must be percent-encoded: space, `"`, `<`, `>`, `\`, `^`, `` ` ``, `{`, `|`, `}`, DEL and non-ASCII bytes. */
  ENCODE: 3,
} as const;

/** 1 for RFC 3986 unreserved characters: their encodings are equivalent to themselves. */
export const UNRESERVED = new Uint8Array(128);

/** 1 for bytes whose encoding the routing path keeps: reserved characters and `%`. */
export const KEPT_ENCODED = new Uint8Array(256);

/** 1 for characters that a freshly encoded path leaves alone: unreserved and `$&+,/:;=@`. */
export const PLAIN_IN_PATH = new Uint8Array(128);

const HEX_DIGITS = '0123456789ABCDEF';
const PERCENT_ENCODINGS = Array.from({ length: 256 }, (_, byte) => `%${HEX_DIGITS[byte >> 4]}${HEX_DIGITS[byte & 15]}`);

/** `%XX` with upper-case digits, for a byte. */
export function percentEncoding(byte: number): string {
  return PERCENT_ENCODINGS[byte];
}

/** Byte that the two characters after a `%` at `index` stand for, or -1 when they are not two hexadecimal digits. */
export function decodedByte(text: string, index: number): number {
  if (index + 2 >= text.length) return -1;
  const high = hexValue(text.charCodeAt(index + 1));
  const low = hexValue(text.charCodeAt(index + 2));
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

function hexValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function mark(table: Uint8Array, characters: string, value: number): void {
  for (let i = 0; i < characters.length; i++) table[characters.charCodeAt(i)] = value;
}

const ALPHANUMERIC = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
const UNRESERVED_CHARACTERS = `${ALPHANUMERIC}-._~`;
const RESERVED_CHARACTERS = "!#$&'()*+,/:;=?@[]";

PATH_CLASS.fill(PathClass.ENCODE, 0x20);
mark(PATH_CLASS, `${UNRESERVED_CHARACTERS}${RESERVED_CHARACTERS}`, PathClass.LEGAL);
mark(PATH_CLASS, '#?', PathClass.FORBIDDEN);
mark(PATH_CLASS, '%', PathClass.PERCENT);
mark(UNRESERVED, UNRESERVED_CHARACTERS, 1);
mark(KEPT_ENCODED, `${RESERVED_CHARACTERS}%`, 1);
mark(PLAIN_IN_PATH, `${UNRESERVED_CHARACTERS}$&+,/:;=@`, 1);
