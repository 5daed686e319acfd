// Decodes Huffman strings (RFC 7541 §5.2) with an automaton that takes a byte at a time: a state is what was read of a code so
// far, a step yields up to two bytes and the next state. Its loop has no branch that depends on the text.
// Allocates nothing but its table of steps, 256 KiB, made for the first string: a process without HTTP/2 needs none.

import { HpackError } from './hpack-error.ts';
import { CODE_BITS, CODES, EOS } from './huffman-code.ts';

const STATES = 256;
/** The states after 0 to 7 ones: only there may a string end, with that padding. */
const END_STATES = 8;

/** A step: first byte (bits 0 to 7), second byte (8 to 15), next state (16 to 23), number of bytes (24 and 25). */
const STATE_SHIFT = 16;
const COUNT_SHIFT = 24;
/** The step has come to the end-of-string symbol. */
const EOS_STEP = -1;

/** Indexed by state and byte; takes some milliseconds to make. */
let madeSteps: Int32Array | undefined;

/** More bytes than this no string of `length` encoded bytes has: the shortest codes have 5 bits. */
export function huffmanDecodedMaxBytes(length: number): number {
  return Math.floor((length * 8) / 5);
}

/** Bytes of the decoded string, or a `HpackError`. */
export function huffmanDecodedBytes(bytes: Uint8Array, start: number, end: number): number {
  const steps = theSteps();
  let state = 0;
  let length = 0;
  for (let position = start; position < end; position++) {
    const step = steps[(state << 8) | bytes[position]];
    if (step === EOS_STEP) return HpackError.HUFFMAN_EOS;
    length += step >> COUNT_SHIFT;
    state = (step >> STATE_SHIFT) & 0xff;
  }
  return state < END_STATES ? length : HpackError.HUFFMAN_PADDING;
}

/**
 * Decodes `start`…`end` to `into` from `at` on and returns the index after the last byte, or a `HpackError`. Up to two bytes
 * after the last are overwritten with rubbish.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number, into: Uint8Array, at: number): number {
  const steps = theSteps();
  // The state, shifted to where it is an index: on the longest chain of this loop every operation counts.
  let row = 0;
  for (let position = start; position < end; position++) {
    const step = steps[row | bytes[position]];
    if (step < 0) return HpackError.HUFFMAN_EOS;
    // What is above the low byte is cut off by the array.
    into[at] = step;
    into[at + 1] = step >> 8;
    at += step >> COUNT_SHIFT;
    row = (step >> (STATE_SHIFT - 8)) & 0xff00;
  }
  return row < END_STATES << 8 ? at : HpackError.HUFFMAN_PADDING;
}

function theSteps(): Int32Array {
  madeSteps ??= makeSteps();
  return madeSteps;
}

/** Two steps of half a byte each make one of a byte. */
function makeSteps(): Int32Array {
  const halves = makeHalfSteps(makeTree());
  const steps = new Int32Array(STATES * 256);
  for (let state = 0; state < STATES; state++) {
    for (let byte = 0; byte < 256; byte++) {
      const first = halves[(state << 4) | (byte >> 4)];
      const second = first === EOS_STEP ? EOS_STEP : halves[(((first >> STATE_SHIFT) & 0xff) << 4) | (byte & 15)];
      steps[(state << 8) | byte] = second === EOS_STEP ? EOS_STEP : joined(first, second);
    }
  }
  return steps;
}

/** What both steps yield, and the state after the second. */
function joined(first: number, second: number): number {
  const count = first >> COUNT_SHIFT;
  const bytes = count === 0 ? second & 0xff : (first & 0xff) | ((second & 0xff) << 8);
  const state = second & (0xff << STATE_SHIFT);
  return bytes | state | ((count + (second >> COUNT_SHIFT)) << COUNT_SHIFT);
}

/** Steps of four bits, indexed by state and bits: they yield one byte at most. */
function makeHalfSteps(tree: Int32Array): Int32Array {
  const halves = new Int32Array(STATES * 16);
  for (let state = 0; state < STATES; state++) {
    for (let bits = 0; bits < 16; bits++) {
      let node = state;
      let yielded = 0;
      for (let bit = 3; bit >= 0 && yielded !== EOS_STEP; bit--) {
        const child = tree[node * 2 + ((bits >> bit) & 1)];
        node = Math.max(child, 0);
        if (child < 0) yielded = ~child === EOS ? EOS_STEP : ~child | (1 << COUNT_SHIFT);
      }
      halves[(state << 4) | bits] = yielded === EOS_STEP ? EOS_STEP : yielded | (node << STATE_SHIFT);
    }
  }
  return halves;
}

/** Both children of each inner node: the number of a node, or the complement of a symbol. EOS comes first: see END_STATES. */
function makeTree(): Int32Array {
  const tree = new Int32Array(STATES * 2);
  let nodes = 1;
  for (let symbol = EOS; symbol >= 0; symbol--) {
    let node = 0;
    for (let bit = CODE_BITS[symbol] - 1; bit > 0; bit--) {
      const at = node * 2 + ((CODES[symbol] >> bit) & 1);
      if (tree[at] === 0) tree[at] = nodes++;
      node = tree[at];
    }
    tree[node * 2 + (CODES[symbol] & 1)] = ~symbol;
  }
  return tree;
}
