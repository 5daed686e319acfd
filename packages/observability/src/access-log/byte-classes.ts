// Which bytes may stand for themselves in a line, and which stretches of bytes are UTF-8 that is safe to show.
// Tables and pure functions; writing is the business of line-buffer.ts.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const DELETE = 0x7f;

/** 1: may stand in a quoted value as it is. Everything else is escaped. */
export const QUOTED_PLAIN: Uint8Array = plainBytes(QUOTE, BACKSLASH);
/** 1: may stand in a column that has no quotes. */
export const COLUMN_PLAIN: Uint8Array = plainBytes(QUOTE, BACKSLASH, SPACE);

function plainBytes(...except: number[]): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = SPACE; byte < DELETE; byte++) table[byte] = except.includes(byte) ? 0 : 1;
  return table;
}

/**
 * Length of the well-formed UTF-8 sequence (RFC 3629) that begins at `at`, two to four bytes each held by one character of
 * `text`; 0 when there is none.
 */
export function utf8LengthAt(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const length = first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + length > text.length) return 0;
  const second = text.charCodeAt(at + 1);
  // Overlong forms, surrogates, and what lies beyond U+10FFFF.
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = at + 2; i < at + length; i++) {
    const byte = text.charCodeAt(i);
    if (byte < 0x80 || byte > 0xbf) return 0;
  }
  return length;
}

/** The code point of a sequence that `utf8LengthAt` found. */
export function codePointOf(text: string, at: number, length: number): number {
  let point = text.charCodeAt(at) & (0xff >> (length + 1));
  for (let i = at + 1; i < at + length; i++) point = (point << 6) | (text.charCodeAt(i) & 0x3f);
  return point;
}

/** Control characters of the second row, and the separators that many programs take for line ends. */
export function breaksLines(codePoint: number): boolean {
  return (codePoint >= 0x80 && codePoint <= 0x9f) || codePoint === 0x2028 || codePoint === 0x2029;
}
