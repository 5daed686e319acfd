// The small parts the parsers stand on: word tricks, the search for the blank line, name lookup, interning.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FIELD_NAMES, Field } from '../http-head/field-id.ts';
import { FIELD_VALUE, TARGET } from './byte-class.ts';
import { fieldIdAt } from './field-lookup.ts';
import { findHeadEnd } from './find-head-end.ts';
import { INTERN_BYTES_MAX, InternCache } from './intern.ts';
import { controlBits, firstMarked, otherThanNameBits, otherThanTargetBits, viewOf } from './word-view.ts';

/** First byte of a word for which `stops` holds, or -1. */
function firstStop(word: readonly number[], stops: (byte: number) => boolean): number {
  return word.findIndex(stops);
}

describe('word tricks', () => {
  const isControl = (byte: number): boolean => byte < 0x20 || byte === 0x7f;
  const isNoName = (byte: number): boolean => !/[-A-Za-z]/.test(String.fromCharCode(byte));
  const isNoTarget = (byte: number): boolean => TARGET[byte] === 0;
  const tricks: [string, (word: number) => number, (byte: number) => boolean][] = [
    ['controlBits', controlBits, isControl],
    ['otherThanNameBits', otherThanNameBits, isNoName],
    ['otherThanTargetBits', otherThanTargetBits, isNoTarget],
  ];

  function check(trick: (word: number) => number, stops: (byte: number) => boolean, word: readonly number[]): void {
    const bits = trick(word[0] | (word[1] << 8) | (word[2] << 16) | (word[3] << 24));
    const expected = firstStop(word, stops);
    assert.equal(bits === 0 ? -1 : firstMarked(bits), expected, word.join(' '));
  }

  for (const [name, trick, stops] of tricks) {
    it(`${name} marks exactly the first byte that stops, for every byte at every place`, () => {
      for (let byte = 0; byte < 256; byte++) {
        for (let place = 0; place < 4; place++) {
          for (const other of [0x61, 0x2d, 0x00, 0x0d, 0x1f, 0x20, 0x3a, 0x7e, 0x7f, 0x80, 0xff]) {
            const word = [other, other, other, other];
            word[place] = byte;
            check(trick, stops, word);
          }
        }
      }
    });

    it(`${name} agrees with the table on random words`, () => {
      const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x61, 0x41, 0x2f, 0x7f, 0x1f));
      fc.assert(
        fc.property(fc.tuple(byte, byte, byte, byte), (word) => check(trick, stops, word)),
        { numRuns: 2000 },
      );
    });
  }

  it('the byte table says the same as controlBits, except for HTAB', () => {
    for (let byte = 0; byte < 256; byte++) assert.equal(FIELD_VALUE[byte] === 0, isControl(byte) && byte !== 9);
  });

  it('viewOf covers exactly the buffer, also a slice of a larger one', () => {
    const large = Buffer.from('0123456789');
    const slice = large.subarray(3, 8);
    assert.equal(viewOf(slice).getUint8(0), 0x33);
    assert.equal(viewOf(slice).byteLength, 5);
    assert.equal(viewOf(large).byteLength, 10);
  });
});

describe('findHeadEnd', () => {
  it('finds the first blank line and nothing outside its range', () => {
    const bytes = Buffer.from('\r\n\r\nab\r\n\r\ncd\r\n\r\n', 'latin1');
    assert.equal(findHeadEnd(bytes, 0, bytes.length), 4);
    assert.equal(findHeadEnd(bytes, 1, bytes.length), 10);
    assert.equal(findHeadEnd(bytes, 4, 9), -1);
    assert.equal(findHeadEnd(bytes, 4, 10), 10);
    assert.equal(findHeadEnd(bytes, 7, 15), -1);
    assert.equal(findHeadEnd(bytes, 0, 0), -1);
  });

  it('agrees with indexOf', () => {
    const text = fc.string({ unit: fc.constantFrom('\r', '\n', 'a', '\r\n', '\r\n\r\n'), maxLength: 30 });
    fc.assert(
      fc.property(text, fc.nat(10), (content, from) => {
        const bytes = Buffer.from(content, 'latin1');
        const index = content.indexOf('\r\n\r\n', from);
        assert.equal(findHeadEnd(bytes, from, bytes.length), index === -1 ? -1 : index + 4);
      }),
    );
  });

  it('goes on three bytes before the end without missing anything', () => {
    const bytes = Buffer.from('abc\r\n\r\nx', 'latin1');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const first = findHeadEnd(bytes, 0, cut);
      const found = first !== -1 ? first : findHeadEnd(bytes, Math.max(0, cut - 3), bytes.length);
      assert.equal(found, 7);
    }
  });
});

describe('fieldIdAt', () => {
  const lookup = (name: string): number => {
    const bytes = Buffer.from(`xx${name}yy`, 'latin1');
    return fieldIdAt(bytes, viewOf(bytes), 2, name.length);
  };

  it('knows every listed name in any case', () => {
    for (let id = 1; id < FIELD_NAMES.length; id++) {
      const name = FIELD_NAMES[id];
      assert.equal(lookup(name), id, name);
      assert.equal(lookup(name.toUpperCase()), id, name);
      assert.equal(lookup(name[0].toUpperCase() + name.slice(1)), id, name);
    }
  });

  it('takes no other token for one of them', () => {
    for (const name of FIELD_NAMES.slice(1)) {
      for (let at = 0; at < name.length; at++) {
        for (const other of ['q', '_', '9', '~', '.', '^', '*']) {
          const changed = name.slice(0, at) + other + name.slice(at + 1);
          if (changed === name) continue;
          assert.equal(lookup(changed), Field.OTHER, changed);
        }
      }
      assert.equal(lookup(`${name}s`), Field.OTHER);
      assert.equal(
        lookup(name.slice(1)),
        (FIELD_NAMES as readonly string[]).indexOf(name.slice(1)) > 0 ? lookup(name.slice(1)) : Field.OTHER,
      );
    }
    for (const name of ['a', 'x-host', 'accept', 'x'.repeat(33)]) assert.equal(lookup(name), Field.OTHER);
  });
});

describe('InternCache', () => {
  it('always gives the string of the bytes, whatever was there before', () => {
    const cache = new InternCache(1);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 12 }), fc.nat(4), (text, lead) => {
        const bytes = Buffer.from('z'.repeat(lead) + text, 'latin1');
        assert.equal(cache.get(bytes, lead, text.length), text);
        assert.equal(cache.get(bytes, lead, text.length), text);
      }),
      { numRuns: 500 },
    );
  });

  it('has what it stored and forgets what it displaced', () => {
    const cache = new InternCache(1);
    const lookup = (text: string): string | undefined => cache.lookup(Buffer.from(text, 'latin1'), 0, text.length);
    assert.equal(lookup('/a'), undefined);
    cache.get(Buffer.from('/a', 'latin1'), 0, 2);
    assert.equal(lookup('/a'), '/a');
    const texts = Array.from({ length: 20 }, (_, index) => `/path/number/${index}`);
    for (const text of texts) cache.get(Buffer.from(text, 'latin1'), 0, text.length);
    assert.ok(texts.filter((text) => lookup(text) !== undefined).length <= 2);
  });

  it('tells ranges apart that differ in one byte anywhere', () => {
    const cache = new InternCache(1);
    const base = Buffer.from('/0123456789/0123456789/0123456789', 'latin1');
    for (let at = 0; at < base.length; at++) {
      const other = Buffer.from(base);
      other[at] ^= 1;
      cache.get(base, 0, base.length);
      assert.equal(cache.get(other, 0, other.length), other.toString('latin1'));
    }
  });

  it('does not keep empty or long ranges', () => {
    const cache = new InternCache(4);
    const long = Buffer.alloc(INTERN_BYTES_MAX + 1, 0x61);
    assert.equal(cache.get(long, 0, long.length).length, long.length);
    assert.equal(cache.lookup(long, 0, long.length), undefined);
    cache.get(long, 0, INTERN_BYTES_MAX);
    assert.equal(cache.lookup(long, 0, INTERN_BYTES_MAX)?.length, INTERN_BYTES_MAX);
    assert.equal(cache.get(long, 0, 0), '');
  });

  it('refuses a silly size', () => {
    assert.throws(() => new InternCache(0), RangeError);
    assert.throws(() => new InternCache(17), RangeError);
  });
});
