// What a decoder must refuse (RFC 7541), each rule with the block that breaks it; and what a block that is too large leaves behind.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FieldSection } from './field-section.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { endsConnection, HpackError, hpackErrorMessage, isTooLarge } from './hpack-error.ts';
import {
  decodeBlock,
  guardedBlock,
  hex,
  integerBytes,
  outcomeName,
  plainLiteral,
  plainString,
  TEST_LIMITS,
  tableFields,
} from './test-support.ts';

const WITH_INDEXING = 0x40;

function outcomeOf(block: Buffer | string, decoder = new HpackDecoder()): string {
  return decodeBlock(decoder, block).outcome;
}

/** A decoder whose table holds one entry, custom: value. */
function decoderWithEntry(): HpackDecoder {
  const decoder = new HpackDecoder();
  assert.equal(outcomeOf(plainLiteral('custom', 'value', WITH_INDEXING), decoder), 'OK');
  return decoder;
}

describe('indexes (§2.3.3, §6.1)', () => {
  it('0 is an error', () => assert.equal(outcomeOf('80'), 'INDEX_ZERO'));

  it('every static index is a field of its own', () => {
    const block = Buffer.from(Array.from({ length: 61 }, (_, index) => 0x80 | (index + 1)));
    const names = new Set(decodeBlock(new HpackDecoder(), block.subarray(14)).fields.map(([name]) => name));
    assert.equal(names.size, 47);
    assert.equal(decodeBlock(new HpackDecoder(), block).section.count, 47);
  });

  it('beyond the static table there is nothing at first', () => {
    assert.equal(outcomeOf('bd'), 'OK');
    assert.equal(outcomeOf('be'), 'INDEX_UNKNOWN');
  });

  it('beyond the last entry of the dynamic table is an error, for fields and for names', () => {
    assert.deepEqual(decodeBlock(decoderWithEntry(), 'be').fields, [['custom', 'value']]);
    assert.equal(outcomeOf('bf', decoderWithEntry()), 'INDEX_UNKNOWN');
    assert.equal(outcomeOf('ffff ffff 07', decoderWithEntry()), 'INDEX_UNKNOWN');
    for (const pattern of [0x40, 0x00, 0x10]) {
      const bits = pattern === 0x40 ? 6 : 4;
      const name = (index: number) => Buffer.concat([integerBytes(pattern, bits, index), plainString('v')]);
      assert.deepEqual(decodeBlock(decoderWithEntry(), name(62)).fields, [['custom', 'v']]);
      assert.equal(outcomeOf(name(63), decoderWithEntry()), 'INDEX_UNKNOWN');
    }
  });

  it('what was evicted is gone', () => {
    const decoder = decoderWithEntry();
    assert.equal(outcomeOf('20', decoder), 'OK');
    assert.equal(outcomeOf('be', decoder), 'INDEX_UNKNOWN');
  });
});

describe('integers (§5.1)', () => {
  it('ending within one is an error', () => {
    for (const block of ['ff', 'ff80', '7f', '0f', '1f', '3f', '3fff', '00ff', '0001 617f']) {
      assert.equal(outcomeOf(block), 'TRUNCATED', block);
    }
  });

  it('too large or too long ones are errors, also where the value is small', () => {
    assert.equal(outcomeOf('ff8080808000'), 'INTEGER_TOO_LARGE');
    assert.equal(outcomeOf('ffffffffff7f'), 'INTEGER_TOO_LARGE');
    assert.equal(outcomeOf('007fffffffffffffffffffff'), 'INTEGER_TOO_LARGE');
    assert.equal(outcomeOf('3fe1ffffffffffffff01'), 'INTEGER_TOO_LARGE');
  });

  it('zeros at the end are allowed within the limit', () => {
    // Index 127 + 0 is unknown, but read; so is a size of 31.
    assert.equal(outcomeOf('ff80808000'), 'INDEX_UNKNOWN');
    assert.equal(outcomeOf('3f80808000'), 'OK');
  });
});

describe('strings (§5.2)', () => {
  it('ending within one is an error', () => {
    for (const block of ['00', '0001', '000161', '00016102', '0001610261', '4181', '04820a', '00ffffffff07']) {
      assert.equal(outcomeOf(block), 'TRUNCATED', block);
    }
  });

  it('padding of Huffman strings is at most 7 ones', () => {
    const path = (code: string) => outcomeOf(`04${(0x80 + code.length / 2).toString(16)}${code}`);
    assert.equal(path('1f'), 'OK', 'a, 3 ones');
    assert.equal(path('1e'), 'HUFFMAN_PADDING', 'a zero');
    assert.equal(path('18'), 'HUFFMAN_PADDING', 'zeros');
    assert.equal(path('f8'), 'OK', '&, no padding');
    assert.equal(path('f8ff'), 'HUFFMAN_PADDING', '8 ones');
    assert.equal(path('1fff'), 'HUFFMAN_PADDING', '11 ones');
    assert.equal(path('ff'), 'HUFFMAN_PADDING', '8 ones alone');
    assert.equal(path('ffff'), 'HUFFMAN_PADDING', '16 ones alone');
    assert.equal(path('fffffe'), 'HUFFMAN_PADDING', 'a code that is cut off');
    assert.equal(path(''), 'OK', 'an empty string');
  });

  it('the end-of-string symbol is an error', () => {
    assert.equal(outcomeOf('0484ffffffff'), 'HUFFMAN_EOS');
    assert.equal(outcomeOf('04851fffffffff'), 'HUFFMAN_EOS');
    assert.equal(outcomeOf('0484fffffffc'), 'HUFFMAN_EOS');
    assert.equal(outcomeOf('0484fffffff0'), 'HUFFMAN_PADDING', 'a newline, then two zeros');
  });

  it('strings that nobody keeps are checked all the same', () => {
    const limits = { listMaxBytes: 40, fieldsMax: 10 };
    const decoder = new HpackDecoder();
    const long = Buffer.concat([hex('0f0d'), integerBytes(0x80, 7, 257), Buffer.alloc(256, 0xf8), hex('1e')]);
    assert.equal(decodeBlock(decoder, long, limits).outcome, 'HUFFMAN_PADDING');
  });
});

describe('size updates (§4.2, §6.3)', () => {
  it('not above the setting', () => {
    assert.equal(outcomeOf('3fe11f'), 'OK');
    assert.equal(outcomeOf('3fe21f'), 'SIZE_UPDATE_TOO_LARGE');
    const decoder = new HpackDecoder();
    decoder.setTableLimit(65_536);
    assert.equal(decoder.table.limitBytes, 4096, 'until the peer says otherwise');
    assert.equal(outcomeOf(integerBytes(0x20, 5, 65_536), decoder), 'OK');
    assert.equal(decoder.table.limitBytes, 65_536);
    assert.equal(outcomeOf(integerBytes(0x20, 5, 65_537), decoder), 'SIZE_UPDATE_TOO_LARGE');
  });

  it('only at the beginning of a block', () => {
    assert.equal(outcomeOf('2082'), 'OK');
    assert.equal(outcomeOf('8220'), 'SIZE_UPDATE_LATE');
    assert.equal(outcomeOf('04012f3f'), 'SIZE_UPDATE_LATE');
  });

  it('at most two', () => {
    assert.equal(outcomeOf('203fe11f82'), 'OK');
    assert.equal(outcomeOf('20202082'), 'TOO_MANY_SIZE_UPDATES');
  });

  it('evict at once', () => {
    const decoder = decoderWithEntry();
    assert.equal(outcomeOf(integerBytes(0x20, 5, 42), decoder), 'OK');
    assert.equal(decoder.table.count, 0);
    const kept = decoderWithEntry();
    assert.equal(outcomeOf(integerBytes(0x20, 5, 43), kept), 'OK');
    assert.equal(kept.table.count, 1);
  });

  it('is owed after the setting was lowered below the size in use (RFC 9113 §4.3.1)', () => {
    const lowered = () => {
      const decoder = decoderWithEntry();
      decoder.setTableLimit(100);
      return decoder;
    };
    assert.equal(outcomeOf('82', lowered()), 'SIZE_UPDATE_MISSING');
    assert.equal(outcomeOf(Buffer.concat([integerBytes(0x20, 5, 100), hex('be')]), lowered()), 'OK');
    const decoder = lowered();
    decoder.setTableLimit(4096);
    assert.equal(
      outcomeOf(integerBytes(0x20, 5, 4096), decoder),
      'SIZE_UPDATE_MISSING',
      'not below the lowest setting',
    );
    const twice = lowered();
    twice.setTableLimit(4096);
    const both = Buffer.concat([integerBytes(0x20, 5, 100), integerBytes(0x20, 5, 4096), hex('82')]);
    assert.equal(outcomeOf(both, twice), 'OK');
    assert.equal(outcomeOf('82', twice), 'OK', 'once is enough');
  });

  it('is not owed when the peer uses less anyway', () => {
    const decoder = new HpackDecoder();
    assert.equal(outcomeOf('2082', decoder), 'OK');
    decoder.setTableLimit(100);
    assert.equal(outcomeOf('82', decoder), 'OK');
  });

  it('sizes are 0 to 64 KiB', () => {
    for (const bytes of [-1, 65_537, 1.5, Number.NaN]) {
      assert.throws(() => new HpackDecoder(bytes), RangeError);
      assert.throws(() => new HpackDecoder().setTableLimit(bytes), RangeError);
    }
  });
});

describe('the dynamic table (§2.3.2, §4.4)', () => {
  it('an entry larger than the table empties it', () => {
    const decoder = decoderWithEntry();
    const value = 'x'.repeat(4096 - 32 - 1);
    const block = Buffer.concat([plainLiteral('n', value, WITH_INDEXING), hex('be')]);
    assert.deepEqual(decodeBlock(decoder, block).fields, [
      ['n', value],
      ['n', value],
    ]);
    assert.deepEqual(tableFields(decoder.table), [['n', value]]);
    assert.equal(outcomeOf(plainLiteral('n', `${value}x`, WITH_INDEXING), decoder), 'OK');
    assert.equal(decoder.table.count, 0);
    assert.equal(decoder.table.sizeBytes, 0);
  });

  it('a new entry may take its name from one that it evicts', () => {
    const decoder = new HpackDecoder(100);
    assert.equal(outcomeOf(plainLiteral('some-name', 'x'.repeat(50), WITH_INDEXING), decoder), 'OK');
    const value = 'y'.repeat(59);
    const block = Buffer.concat([integerBytes(WITH_INDEXING, 6, 62), plainString(value)]);
    assert.deepEqual(decodeBlock(decoder, block).fields, [['some-name', value]]);
    assert.deepEqual(tableFields(decoder.table), [['some-name', value]]);
  });

  it('may be switched off', () => {
    const decoder = new HpackDecoder(0);
    assert.deepEqual(decodeBlock(decoder, plainLiteral('a', 'b', WITH_INDEXING)).fields, [['a', 'b']]);
    assert.equal(outcomeOf('be', decoder), 'INDEX_UNKNOWN');
  });
});

describe('blocks that are too large', () => {
  const limits = { listMaxBytes: 100, fieldsMax: 3 };
  const field = (length: number, pattern = 0) => plainLiteral('n', 'v'.repeat(length - 33), pattern);

  it('the limit counts names, values and 32 for each field', () => {
    const outcome = (...lengths: number[]) =>
      decodeBlock(new HpackDecoder(), Buffer.concat(lengths.map((length) => field(length))), limits).outcome;
    assert.equal(outcome(100), 'OK');
    assert.equal(outcome(101), 'LIST_TOO_LARGE');
    assert.equal(outcome(33, 67), 'OK');
    assert.equal(outcome(33, 68), 'LIST_TOO_LARGE');
    assert.equal(outcome(34, 33, 34), 'LIST_TOO_LARGE');
  });

  it('so do indexed fields and the number of fields, pseudo-header fields included', () => {
    assert.equal(decodeBlock(new HpackDecoder(), '8284', limits).outcome, 'OK');
    assert.equal(decodeBlock(new HpackDecoder(), '828482', limits).outcome, 'LIST_TOO_LARGE');
    const wide = { listMaxBytes: 10_000, fieldsMax: 3 };
    assert.equal(decodeBlock(new HpackDecoder(), '828486', wide).outcome, 'OK');
    assert.equal(decodeBlock(new HpackDecoder(), '82848682', wide).outcome, 'TOO_MANY_FIELDS');
    assert.equal(decodeBlock(new HpackDecoder(), '', { listMaxBytes: 0, fieldsMax: 0 }).outcome, 'OK');
  });

  it('leave the table in step and nothing in the section', () => {
    const decoder = new HpackDecoder();
    const block = Buffer.concat([
      plainLiteral('before', '1', WITH_INDEXING),
      plainLiteral('large', 'x'.repeat(300), WITH_INDEXING),
      plainLiteral('dropped', 'x'.repeat(5000)),
      plainLiteral('after', '2', WITH_INDEXING),
      hex('7e 0133'),
    ]);
    const { outcome, section } = decodeBlock(decoder, block, limits);
    assert.equal(outcome, 'LIST_TOO_LARGE');
    assert.deepEqual([section.count, section.length, section.pseudoIds, section.receivedIds], [0, 0, 0, 0]);
    const table = [
      ['after', '3'],
      ['after', '2'],
      ['large', 'x'.repeat(300)],
      ['before', '1'],
    ];
    assert.deepEqual(tableFields(decoder.table), table);
    assert.deepEqual(decodeBlock(decoder, 'c1', limits).fields, [['before', '1']]);
  });

  it('a string of megabytes needs no megabytes', () => {
    const decoder = new HpackDecoder();
    const section = new FieldSection();
    for (const huffman of [0x00, 0x80]) {
      const value = Buffer.alloc(140_000, 0xf8);
      const length = integerBytes(huffman, 7, value.length);
      const block = Buffer.concat([integerBytes(WITH_INDEXING, 6, 58), length, value]);
      const { bytes, start, end } = guardedBlock(block);
      assert.equal(outcomeName(decoder.decode(bytes, start, end, section, TEST_LIMITS)), 'LIST_TOO_LARGE');
      assert.ok(section.bytes.length < 2 * 64 * 1024, `${section.bytes.length}`);
      assert.equal(decoder.table.count, 0);
    }
  });

  it('small references to a large entry end the connection in bounded time', () => {
    const decoder = new HpackDecoder();
    decoder.setTableLimit(65_536);
    const entry = Buffer.concat([integerBytes(0x20, 5, 65_536), plainLiteral('n', 'x'.repeat(60_000), WITH_INDEXING)]);
    assert.equal(outcomeOf(entry, decoder), 'OK');
    const bomb = Buffer.alloc(1_000_000, 0xbe);
    assert.equal(decodeBlock(decoder, bomb.subarray(0, 4)).outcome, 'LIST_TOO_LARGE');
    assert.equal(decodeBlock(decoder, bomb).outcome, 'HOSTILE_BLOCK');
  });

  it('so do names taken from a large entry, and empty fields', () => {
    const large = plainLiteral('n'.repeat(3000), '', WITH_INDEXING);
    const again = Buffer.concat([integerBytes(WITH_INDEXING, 6, 62), plainString('')]);
    const block = Buffer.concat([large, ...Array.from({ length: 1000 }, () => again)]);
    assert.equal(outcomeOf(block), 'HOSTILE_BLOCK');
    assert.equal(outcomeOf(Buffer.alloc(100_000, 0x90)), 'HOSTILE_BLOCK');
  });
});

describe('results', () => {
  it('after an error that ends the connection there is no other result', () => {
    const decoder = new HpackDecoder();
    assert.equal(outcomeOf('80', decoder), 'INDEX_ZERO');
    assert.equal(outcomeOf('82', decoder), 'INDEX_ZERO');
    const { section } = decodeBlock(decoder, '82');
    assert.deepEqual([section.count, section.pseudoIds], [0, 0]);
  });

  it('only the two about size leave the connection alone', () => {
    for (const [name, code] of Object.entries(HpackError)) {
      assert.equal(isTooLarge(code), name === 'LIST_TOO_LARGE' || name === 'TOO_MANY_FIELDS');
      assert.equal(endsConnection(code), !isTooLarge(code));
      assert.notEqual(hpackErrorMessage(code), hpackErrorMessage(-99));
    }
    assert.equal(endsConnection(0), false);
  });

  it('literal fields with and without indexing may take names from both tables', () => {
    const decoder = decoderWithEntry();
    const block = Buffer.concat([hex('04 02 2f61'), hex('0f2f 0162'), hex('1f2f 0163'), hex('7e 0164')]);
    const { fields, section } = decodeBlock(decoder, block);
    assert.deepEqual(fields, [
      [':path', '/a'],
      ['custom', 'b'],
      ['custom', 'c'],
      ['custom', 'd'],
    ]);
    assert.deepEqual([...section.neverIndexed.subarray(0, 3)], [0, 1, 0]);
  });
});
