// Decodes Huffman strings (RFC 7541 §5.2). A table indexed by the next 12 bits yields one or two bytes at a time; the rare
// longer codes are found by comparing with the first code of each length. Reads nothing outside of its range.
// Allocates nothing after module load.

import { HpackError } from './hpack-error.ts';
import { CODE_BITS, CODE_MAX_BITS, CODES, END_CODE, EOS, FIRST_CODE, FIRST_SYMBOL, SYMBOLS } from './huffman-code.ts';

const WINDOW_BITS = 12;
const WINDOW_MASK = (1 << WINDOW_BITS) - 1;

/**
 * For each window: first byte (bits 0 to 7), second byte (8 to 15), bits of the first code (16 to 19), bits of all codes
 * (20 to 23), number of bytes (24 and 25). 0: the first code is longer than the window.
 */
const WINDOWS = makeWindows();

/** Where measuring writes what nobody reads. */
const NOWHERE = new Uint8Array(2);
const NOWHERE_MASK = 1;
const EVERYWHERE_MASK = -1;

/** More bytes than this no string of `length` encoded bytes has: the shortest codes have 5 bits. */
export function huffmanDecodedMaxBytes(length: number): number {
  return Math.floor((length * 8) / 5);
}

/** Bytes of the decoded string, or a `HpackError`. */
export function huffmanDecodedBytes(bytes: Uint8Array, start: number, end: number): number {
  return decode(bytes, start, end, NOWHERE, 0, NOWHERE_MASK);
}

/**
 * Decodes `start`…`end` to `into` from `at` on and returns the index after the last byte, or a `HpackError`. `into` must
 * have room for one byte more than the string has.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  return decode(bytes, start, end, into, at, EVERYWHERE_MASK);
}

function decode(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  at: number,
  indexMask: number,
): number {
  let position = start;
  // The low `bits` bits of `window` are read and not yet decoded; what stands above them is garbage.
  let window = 0;
  let bits = 0;
  for (;;) {
    while (bits < WINDOW_BITS) {
      if (position === end) return decodeTail(window, bits, into, at, indexMask);
      window = (window << 8) | bytes[position++];
      bits += 8;
    }
    const entry = WINDOWS[(window >>> (bits - WINDOW_BITS)) & WINDOW_MASK];
    if (entry !== 0) {
      into[at & indexMask] = entry & 0xff;
      into[(at + 1) & indexMask] = (entry >> 8) & 0xff;
      at += entry >> 24;
      bits -= (entry >> 20) & 15;
    } else {
      const long = longCode(bytes, start, (position - start) * 8 - bits, end);
      if (long < 0) return long;
      into[at & indexMask] = long & 0xff;
      at++;
      const next = (position - start) * 8 - bits + (long >> 8);
      position = start + ((next + 7) >> 3);
      bits = (position - start) * 8 - next;
      window = bytes[position - 1];
    }
  }
}

/** The last bits, fewer than a window: perhaps a byte or two more, then the padding, at most 7 ones. */
function decodeTail(window: number, bits: number, into: Uint8Array, at: number, indexMask: number): number {
  while (bits > 0) {
    const rest = window & ((1 << bits) - 1);
    const fill = WINDOW_BITS - bits;
    const entry = WINDOWS[(rest << fill) | ((1 << fill) - 1)];
    const codeBits = (entry >> 16) & 15;
    if (entry === 0 || codeBits > bits) {
      return bits < 8 && rest === (1 << bits) - 1 ? at : HpackError.HUFFMAN_PADDING;
    }
    into[at & indexMask] = entry & 0xff;
    at++;
    bits -= codeBits;
  }
  return at;
}

/** Byte and length (from bit 8) of the code longer than a window that begins `bitOffset` bits after `start`; or an error. */
function longCode(bytes: Uint8Array, start: number, bitOffset: number, end: number): number {
  const from = start + (bitOffset >> 3);
  const skipped = bitOffset & 7;
  // Thirty bits from there, filled up with ones; five bytes hold them.
  let high = 0;
  for (let i = 0; i < 4; i++) high = (high << 8) | (from + i < end ? bytes[from + i] : 0xff);
  const low = from + 4 < end ? bytes[from + 4] : 0xff;
  const word = ((high << skipped) | (low >> (8 - skipped))) >>> (32 - CODE_MAX_BITS);
  const available = (end - from) * 8 - skipped;
  for (let length = WINDOW_BITS + 1; length <= CODE_MAX_BITS; length++) {
    const code = word >>> (CODE_MAX_BITS - length);
    if (code >= END_CODE[length]) continue;
    // More than 11 bits are left here: too many for padding.
    if (length > available) return HpackError.HUFFMAN_PADDING;
    const symbol = SYMBOLS[FIRST_SYMBOL[length] + code - FIRST_CODE[length]];
    return symbol === EOS ? HpackError.HUFFMAN_EOS : symbol | (length << 8);
  }
  return HpackError.HUFFMAN_PADDING;
}

function makeWindows(): Int32Array {
  const windows = new Int32Array(1 << WINDOW_BITS);
  for (let window = 0; window < windows.length; window++) {
    const first = symbolAt(window, WINDOW_BITS);
    if (first === -1) continue;
    const firstBits = CODE_BITS[first];
    const second = symbolAt(window, WINDOW_BITS - firstBits);
    windows[window] =
      second === -1
        ? first | (firstBits << 16) | (firstBits << 20) | (1 << 24)
        : first | (second << 8) | (firstBits << 16) | ((firstBits + CODE_BITS[second]) << 20) | (2 << 24);
  }
  return windows;
}

/** The symbol whose code begins the low `bits` bits of a window, or -1. */
function symbolAt(window: number, bits: number): number {
  for (let length = 5; length <= bits; length++) {
    const code = (window >> (bits - length)) & ((1 << length) - 1);
    if (code < END_CODE[length]) {
      const symbol = SYMBOLS[FIRST_SYMBOL[length] + code - FIRST_CODE[length]];
      return CODES[symbol] === code ? symbol : -1;
    }
  }
  return -1;
}
