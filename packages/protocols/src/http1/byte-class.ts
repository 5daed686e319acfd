// Byte classes of HTTP/1.1 as 256-entry tables, so that parsers spend one load per byte.
// Only tables belong here: no parsing.

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;
export const COMMA = 0x2c;
export const QUESTION_MARK = 0x3f;

/** Lower-case byte of every tchar (RFC 9110 §5.6.2), 0 for every other byte. */
export const TOKEN_LOWER = new Uint8Array(256);

/** 1 for bytes that may stand in a field value or reason phrase: HTAB, SP, VCHAR, obs-text (RFC 9110 §5.5). */
export const FIELD_VALUE = new Uint8Array(256);

/** 1 for visible ASCII except `#` and `?`: the bytes of a request target that need no decision. */
export const TARGET = new Uint8Array(256);

/** Value of a hexadecimal digit, `NOT_HEX` otherwise. */
export const HEX_VALUE = new Uint8Array(256);
export const NOT_HEX = 255;

/** 1 for bytes of a registered name or port (RFC 3986 §3.2.2) except brackets, colon and percent. */
export const REG_NAME = new Uint8Array(256);

function fill(table: Uint8Array, characters: string): void {
  for (const character of characters) table[character.charCodeAt(0)] = 1;
}

const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

for (const character of `${DIGITS}${LETTERS}!#$%&'*+-.^_\`|~`) {
  TOKEN_LOWER[character.charCodeAt(0)] = character.toLowerCase().charCodeAt(0);
}
for (let byte = 0x20; byte < 0x100; byte++) FIELD_VALUE[byte] = byte === 0x7f ? 0 : 1;
FIELD_VALUE[HTAB] = 1;
for (let byte = 0x21; byte < 0x7f; byte++) TARGET[byte] = 1;
TARGET[0x23] = 0;
TARGET[QUESTION_MARK] = 0;
HEX_VALUE.fill(NOT_HEX);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX_VALUE[digit.charCodeAt(0)] = value;
  HEX_VALUE[digit.toUpperCase().charCodeAt(0)] = value;
}
fill(REG_NAME, `${DIGITS}${LETTERS}-._~!$&'()*+,;=`);
