// Finds the blank line that ends a head that arrives in pieces, without looking at any byte twice.
// Says nothing about validity. Allocates nothing.

import { CR, LF } from './byte-class.ts';

/**
 * Index after the first CR LF CR LF in `bytes[from…end)`, or -1.
 * A caller that got -1 goes on at `max(start, end - 3)` when more bytes have come.
 */
export function findHeadEnd(bytes: Uint8Array, from: number, end: number): number {
  // `at` is where the last byte of the sequence would be: a byte that is neither CR nor LF rules out four positions.
  let at = from + 3;
  while (at < end) {
    const byte = bytes[at];
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at + 1;
      at += 2;
    } else if (byte === CR) {
      at += 1;
    } else {
      at += 4;
    }
  }
  return -1;
}
