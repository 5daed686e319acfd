// Encodes strings with the Huffman code (RFC 7541 §5.2). Whether that pays is the caller's question: it measures first.
// Writes nothing outside of the measured room. Allocates nothing after module load.

import { CODE_BITS, CODES } from './huffman-code.ts';

/** Codes up to this length fit into a word together with 7 bits that wait. */
const SHORT_BITS = 24;
/** For each byte its code, shifted by 5, and the length of that; 0 when it is not short. */
const SHORT_CODES = Int32Array.from(CODES, (code, symbol) =>
  CODE_BITS[symbol] > SHORT_BITS ? 0 : (code << 5) | CODE_BITS[symbol],
);
/** A longer code is taken in pieces. */
const PIECE_BITS = 15;

/** Bytes of the encoded string. */
export function huffmanBytes(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits += CODE_BITS[bytes[at]];
  return (bits + 7) >>> 3;
}

/**
 * Encodes `start`…`end` to `into`, which `view` covers, from `at` on. `after` is `at` plus the `huffmanBytes`, which must be
 * below 2^28.
 */
export function encodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: Uint8Array,
  view: DataView,
  at: number,
  after: number,
): void {
  // The low `bits` bits of `window`, at most 7 between two codes, wait to be written; above them is rubbish.
  let window = 0;
  let bits = 0;
  let position = start;
  // Whole words, of which only the first bytes are final: no branch depends on the text.
  for (; position < end && at + 4 <= after; position++) {
    const short = SHORT_CODES[bytes[position]];
    if (short === 0) break;
    const codeBits = short & 31;
    window = (window << codeBits) | (short >> 5);
    bits += codeBits;
    view.setInt32(at, window << (32 - bits));
    at += bits >> 3;
    bits &= 7;
  }
  for (; position < end; position++) {
    const code = CODES[bytes[position]];
    for (let left = CODE_BITS[bytes[position]]; left > 0; ) {
      const taken = Math.min(left, PIECE_BITS);
      left -= taken;
      window = (window << taken) | ((code >> left) & ((1 << taken) - 1));
      bits += taken;
      for (; bits >= 8; bits -= 8) into[at++] = window >> (bits - 8);
    }
  }
  // Padding: the first bits of EOS, all ones.
  if (bits > 0) into[at] = (window << (8 - bits)) | (0xff >> bits);
}
