// The Huffman code of RFC 7541, appendix B. It is canonical: symbols of one length have consecutive codes in the order of
// their values, and shorter codes come first. So the lengths say it all, and the codes are computed from them.
// Tables only; reading and writing strings is done elsewhere.

export const EOS = 256;
const CODE_MAX_BITS = 30;

/** Bits of the code of each byte, and of EOS. */
// biome-ignore format: 16 symbols a line
const LENGTHS = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

export const CODE_BITS = Uint8Array.from(LENGTHS);

/** Right-aligned code of each symbol. */
export const CODES = new Int32Array(LENGTHS.length);

let nextCode = 0;
for (let bits = 1; bits <= CODE_MAX_BITS; bits++) {
  nextCode <<= 1;
  for (let symbol = 0; symbol < LENGTHS.length; symbol++) {
    if (LENGTHS[symbol] === bits) CODES[symbol] = nextCode++;
  }
}
