// Encodes strings with the Huffman code (RFC 7541 §5.2). Whether that pays is the caller's question: it measures first.
// Allocates nothing.

import { CODE_BITS, CODES } from './huffman-code.ts';

/** Bytes of the encoded string. */
export function huffmanBytes(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let at = start; at < end; at++) bits += CODE_BITS[bytes[at]];
  return Math.ceil(bits / 8);
}

/** Encodes `start`…`end` to `into` from `at` on, which must have room (`huffmanBytes`); returns the index after it. */
export function encodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  // The low `bits` bits of `window`, never more than 15 between two codes, wait to be written.
  let window = 0;
  let bits = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position];
    let code = CODES[byte];
    let codeBits = CODE_BITS[byte];
    if (codeBits > 15) {
      window = (window << (codeBits - 15)) | (code >> 15);
      bits += codeBits - 15;
      if (bits >= 16) {
        into[at++] = window >> (bits - 8);
        into[at++] = window >> (bits - 16);
        bits -= 16;
      }
      code &= 0x7fff;
      codeBits = 15;
    }
    window = (window << codeBits) | code;
    bits += codeBits;
    if (bits >= 16) {
      into[at++] = window >> (bits - 8);
      into[at++] = window >> (bits - 16);
      bits -= 16;
    }
  }
  if (bits >= 8) {
    into[at++] = window >> (bits - 8);
    bits -= 8;
  }
  // Padding: the first bits of EOS, all ones.
  if (bits > 0) into[at++] = (window << (8 - bits)) | (0xff >> bits);
  return at;
}
