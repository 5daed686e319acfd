// Bytes that should be UTF-8 → text and back without loss: a byte that is not part of a valid sequence becomes the lone
// surrogate U+DC00 + byte. So a decoded path can be compared with configuration text and still be sent unchanged.

const ESCAPE_BASE = 0xdc00;
const REPLACEMENT = 0xfffd;

/** Text of `bytes` (0 to 255 each); never fails. */
export function textOfBytes(bytes: readonly number[]): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const size = sequenceLength(bytes, at);
    if (size === 0) {
      text += String.fromCharCode(ESCAPE_BASE + bytes[at]);
      at++;
    } else {
      text += String.fromCodePoint(codePointAt(bytes, at, size));
      at += size;
    }
  }
  return text;
}

/**
 * Calls `write` with each byte of the character at `index` and returns the index after it: UTF-8, or the one byte an
 * escape stands for. Any other lone surrogate becomes U+FFFD.
 */
export function eachByteAt(text: string, index: number, write: (byte: number) => void): number {
  const point = text.codePointAt(index)!;
  if (point >= ESCAPE_BASE + 0x80 && point <= ESCAPE_BASE + 0xff) {
    write(point - ESCAPE_BASE);
    return index + 1;
  }
  const scalar = point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
  if (scalar < 0x80) {
    write(scalar);
  } else if (scalar < 0x800) {
    write(0xc0 | (scalar >> 6));
    write(0x80 | (scalar & 0x3f));
  } else if (scalar < 0x10000) {
    write(0xe0 | (scalar >> 12));
    write(0x80 | ((scalar >> 6) & 0x3f));
    write(0x80 | (scalar & 0x3f));
  } else {
    write(0xf0 | (scalar >> 18));
    write(0x80 | ((scalar >> 12) & 0x3f));
    write(0x80 | ((scalar >> 6) & 0x3f));
    write(0x80 | (scalar & 0x3f));
  }
  return point > 0xffff ? index + 2 : index + 1;
}

/** Number of bytes the text stands for: UTF-8 length, an escape counting one. */
export function byteLengthOfText(text: string): number {
  let length = 0;
  let at = 0;
  while (at < text.length) {
    at = eachByteAt(text, at, () => {
      length++;
    });
  }
  return length;
}

/** Length of the valid UTF-8 sequence at `at` (RFC 3629: shortest form, no surrogates, up to U+10FFFF), or 0. */
function sequenceLength(bytes: readonly number[], at: number): number {
  const first = bytes[at];
  if (first < 0x80) return 1;
  const size = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (size === 0 || at + size > bytes.length) return 0;
  for (let i = 1; i < size; i++) {
    if ((bytes[at + i] & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1];
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0;
  return size;
}

function codePointAt(bytes: readonly number[], at: number, size: number): number {
  if (size === 1) return bytes[at];
  let point = bytes[at] & (0x7f >> size);
  for (let i = 1; i < size; i++) point = (point << 6) | (bytes[at + i] & 0x3f);
  return point;
}
