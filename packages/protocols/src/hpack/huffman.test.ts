// The Huffman code: complete, the same in both directions for every byte and every neighbourhood, and measured rightly.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HpackError } from './hpack-error.ts';
import { CODE_BITS, CODES, EOS } from './huffman-code.ts';
import { decodeHuffman, huffmanDecodedBytes, huffmanDecodedMaxBytes } from './huffman-decode.ts';
import { encodeHuffman, huffmanBytes } from './huffman-encode.ts';
import { guardedBlock } from './test-support.ts';

function encoded(text: Buffer): Buffer {
  const length = huffmanBytes(text, 0, text.length);
  const into = Buffer.alloc(length + 8, 0xaa);
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  encodeHuffman(text, 0, text.length, into, view, 3, 3 + length);
  assert.deepEqual([...into.subarray(0, 3), ...into.subarray(3 + length)], Array(8).fill(0xaa), 'nothing outside');
  return into.subarray(3, 3 + length);
}

/** The text or the error, once measured and once written. */
function decoded(code: Buffer): Buffer | number {
  const { bytes, start, end } = guardedBlock(code);
  const length = huffmanDecodedBytes(bytes, start, end);
  const into = Buffer.alloc(huffmanDecodedMaxBytes(code.length) + 2);
  const after = decodeHuffman(bytes, start, end, into, 0);
  assert.equal(after, length);
  return after < 0 ? after : into.subarray(0, after);
}

/** Bits as text; the slow way that the RFC describes. */
function codeOf(symbol: number): string {
  return CODES[symbol].toString(2).padStart(CODE_BITS[symbol], '0');
}

const SYMBOL_BY_CODE = new Map(Array.from(CODE_BITS, (_, symbol) => [codeOf(symbol), symbol]));

function slowDecoded(code: Buffer): Buffer | 'error' {
  const bits = Array.from(code, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const symbols: number[] = [];
  let rest = '';
  for (const bit of bits) {
    rest += bit;
    const symbol = SYMBOL_BY_CODE.get(rest);
    if (symbol === undefined) continue;
    if (symbol === EOS) return 'error';
    symbols.push(symbol);
    rest = '';
  }
  return rest.length < 8 && !rest.includes('0') ? Buffer.from(symbols) : 'error';
}

describe('the code', () => {
  it('is complete: no bits are left without a meaning', () => {
    assert.equal(
      CODE_BITS.reduce((sum, bits) => sum + 2 ** -bits, 0),
      1,
    );
    assert.equal(SYMBOL_BY_CODE.size, 257);
  });

  it('has the codes of the RFC where they are looked up by hand', () => {
    assert.equal(codeOf('0'.charCodeAt(0)), '00000');
    assert.equal(codeOf(' '.charCodeAt(0)), '010100');
    assert.equal(codeOf(':'.charCodeAt(0)), '1011100');
    assert.equal(codeOf('&'.charCodeAt(0)), '11111000');
    assert.equal(codeOf('\\'.charCodeAt(0)), '1111111111111110000');
    assert.equal(codeOf(0), '1111111111000');
    assert.equal(codeOf(0x80), '11111111111111100110');
    assert.equal(codeOf(0xff), '11111111111111111111101110');
    assert.equal(codeOf(EOS), '1'.repeat(30));
  });
});

describe('strings', () => {
  it('every byte comes back, alone and between every two others of different lengths', () => {
    const neighbours = [0x30, 0x20, 0x3a, 0x26, 0x21, 0x7c, 0x23, 0x5c, 0x0a, 0xff];
    for (let byte = 0; byte < 256; byte++) {
      assert.deepEqual(decoded(encoded(Buffer.from([byte]))), Buffer.from([byte]));
      for (const before of neighbours) {
        for (const after of neighbours) {
          const text = Buffer.from([before, byte, after]);
          assert.deepEqual(decoded(encoded(text)), text);
        }
      }
    }
  });

  it('any bytes come back', () => {
    const text = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'grapheme-ascii', maxLength: 200 }).map((each) => Buffer.from(each, 'latin1')),
    );
    fc.assert(
      fc.property(text, (each) => {
        const buffer = Buffer.from(each);
        assert.deepEqual(decoded(encoded(buffer)), buffer);
      }),
    );
  });

  it('any bits are read as the RFC reads them', () => {
    const code = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(fc.constantFrom(0xff, 0xfe, 0xfc, 0x7f, 0x00, 0x1f, 0xf8), { maxLength: 12 }),
    );
    fc.assert(
      fc.property(code, (each) => {
        const buffer = Buffer.from(each);
        const expected = slowDecoded(buffer);
        const actual = decoded(buffer);
        if (expected === 'error') assert.ok(actual === HpackError.HUFFMAN_EOS || actual === HpackError.HUFFMAN_PADDING);
        else assert.deepEqual(actual, expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('are never longer than measured at first', () => {
    const shortest = encoded(Buffer.alloc(64, '0'));
    assert.equal(huffmanDecodedMaxBytes(shortest.length), 64);
    assert.equal(huffmanDecodedMaxBytes(0), 0);
    assert.equal(huffmanBytes(Buffer.from('x1y'), 1, 2), 1);
  });
});
