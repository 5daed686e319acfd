// Properties and fuzzing of both codecs: the decoder against one that reads the RFC aloud, within any limits, over any bytes;
// what the encoder writes comes back, whatever the sizes of table and buffer. FUZZ_SECONDS sets the time of each fuzz test.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import type { FieldLimits } from './field-limits.ts';
import { FieldSection } from './field-section.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { endsConnection, HpackError, isTooLarge } from './hpack-error.ts';
import { PSEUDO_NAMES } from './pseudo-field.ts';
import { ReferenceDecoder } from './reference-decoder.ts';
import {
  decodeBlock,
  encodeBlock,
  type Fields,
  guardedBlock,
  huffmanString,
  integerBytes,
  plainString,
  tableFields,
} from './test-support.ts';

const UNLIMITED: FieldLimits = { listMaxBytes: 1 << 24, fieldsMax: 1 << 20 };
const LIMITS: fc.Arbitrary<FieldLimits> = fc.record({
  listMaxBytes: fc.oneof(fc.nat(400), fc.nat(10_000)),
  fieldsMax: fc.nat(12),
});

const BYTES = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...'abcx:-019 ;=\t~\\\xff'), maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', ':path', ':status', 'cookie', 'host', 'Host', 'x'.repeat(200), 'a'.repeat(5000)),
  },
);
const STRING = fc
  .tuple(BYTES, fc.boolean())
  .map(([text, isHuffman]) => (isHuffman ? huffmanString : plainString)(text));
const INDEX = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 61 }) },
  { weight: 10, arbitrary: fc.integer({ min: 62, max: 66 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 80, 127, 5000) },
);
const KIND = fc.constantFrom([0x40, 6] as const, [0x00, 4] as const, [0x10, 4] as const);
const LITERAL = fc
  .tuple(KIND, fc.option(INDEX, { nil: 0 }), STRING, STRING)
  .map(([[pattern, bits], index, name, value]) => {
    return Buffer.concat([integerBytes(pattern, bits, index), index === 0 ? name : Buffer.alloc(0), value]);
  });
const SIZE_UPDATE = fc.constantFrom(0, 40, 64, 200, 4096, 4097).map((bytes) => integerBytes(0x20, 5, bytes));
const GARBAGE = fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes));

/** Mostly right, so that what comes after the first field is reached. */
const BLOCK = fc
  .tuple(
    fc.array(SIZE_UPDATE, { maxLength: 1 }),
    fc.array(
      fc.oneof(
        { weight: 20, arbitrary: LITERAL },
        { weight: 14, arbitrary: INDEX.map((index) => integerBytes(0x80, 7, index)) },
        { weight: 1, arbitrary: fc.oneof(SIZE_UPDATE, GARBAGE) },
      ),
      { maxLength: 8 },
    ),
  )
  .map(([updates, fields]) => Buffer.concat([...updates, ...fields]));
const BLOCKS = fc.array(BLOCK, { minLength: 1, maxLength: 6 });
const SETTING = fc.constantFrom(0, 64, 256, 4096);

/** As a section has them: pseudo-header fields apart, the last of each. */
function arranged(fields: Fields): Fields {
  const pseudo: Fields = PSEUDO_NAMES.flatMap((name) => {
    const last = fields.findLast((field) => field[0] === name && name !== '');
    return last === undefined ? [] : [last];
  });
  const known: readonly string[] = PSEUDO_NAMES.slice(1);
  return [...pseudo, ...fields.filter(([name]) => !known.includes(name))];
}

function listBytes(fields: Fields): number {
  return fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
}

function fuzz<T>(arbitrary: fc.Arbitrary<T>, check: (value: T) => void, budgetMs: number): void {
  fc.assert(fc.property(arbitrary, check), { interruptAfterTimeLimit: budgetMs, numRuns: 1_000_000 });
}

describe('decoder', () => {
  it('reads what the RFC says, and refuses what it forbids (fuzz)', () => {
    let accepted = 0;
    let refused = 0;
    fuzz(
      fc.tuple(BLOCKS, SETTING),
      ([blocks, setting]) => {
        const decoder = new HpackDecoder(setting);
        const reference = new ReferenceDecoder(setting);
        for (const block of blocks) {
          const expected = reference.decode(block);
          const { outcome, fields } = decodeBlock(decoder, block, UNLIMITED);
          assert.equal(outcome === 'OK', expected !== undefined, `${outcome} for ${block.toString('hex')}`);
          if (expected === undefined) {
            refused++;
            return;
          }
          accepted++;
          assert.deepEqual(fields, arranged(expected));
          assert.deepEqual(tableFields(decoder.table), reference.table);
          assert.equal(decoder.table.sizeBytes, listBytes(reference.table));
        }
      },
      fuzzBudgetMs(),
    );
    assert.ok(accepted > 0 && refused > 0, `${accepted} accepted, ${refused} refused`);
  });

  it('within any limits: the same fields or nothing, and the same table (fuzz)', () => {
    let tooLarge = 0;
    fuzz(
      fc.tuple(BLOCKS, SETTING, LIMITS),
      ([blocks, setting, limits]) => {
        const wide = new HpackDecoder(setting);
        const narrow = new HpackDecoder(setting);
        const reference = new ReferenceDecoder(setting);
        for (const block of blocks) {
          const whole = decodeBlock(wide, block, UNLIMITED);
          const part = decodeBlock(narrow, block, limits);
          const fields = reference.decode(block);
          if (fields === undefined) {
            assert.equal(part.outcome, whole.outcome);
            return;
          }
          const fits = listBytes(fields) <= limits.listMaxBytes && fields.length <= limits.fieldsMax;
          if (!fits) tooLarge++;
          assert.equal(part.outcome === 'OK', fits);
          assert.equal(isTooLarge(HpackError[part.outcome as keyof typeof HpackError]), !fits);
          assert.deepEqual(part.fields, fits ? whole.fields : []);
          assert.equal(part.section.fault, fits ? whole.section.fault : 0);
          assert.deepEqual(tableFields(narrow.table), tableFields(wide.table));
        }
      },
      fuzzBudgetMs(),
    );
    assert.ok(tooLarge > 0);
  });

  it('over any bytes: no exception, no byte outside, no memory beyond the bounds (fuzz)', () => {
    const section = new FieldSection();
    const seeds = [REQUEST, RESPONSE].map((fields) => encodeBlock(new HpackEncoder(), fields));
    const edit = fc.tuple(fc.nat(300), fc.nat(3), fc.uint8Array({ maxLength: 3 }));
    const mutated = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { maxLength: 3 })).map(([seed, edits]) =>
      edits.reduce((bytes, [at, removed, inserted]) => {
        const from = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, from), inserted, bytes.subarray(from + removed)]);
      }, seed),
    );
    const random = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes));
    fuzz(
      fc.tuple(fc.array(fc.oneof(mutated, random), { minLength: 1, maxLength: 5 }), SETTING, LIMITS),
      ([blocks, setting, limits]) => {
        const decoder = new HpackDecoder(setting);
        const other = new HpackDecoder(setting);
        let ended = false;
        for (const [round, block] of blocks.entries()) {
          const { bytes, start, end } = guardedBlock(block, Buffer.alloc(round, 0x82));
          const result = decoder.decode(bytes, start, end, section, limits);
          const unguarded = Buffer.from(block);
          assert.equal(other.decode(unguarded, 0, unguarded.length, new FieldSection(), limits), result);
          assert.ok(result >= HpackError.TOO_MANY_FIELDS && result <= limits.fieldsMax);
          if (ended) assert.ok(endsConnection(result));
          ended = endsConnection(result);
          assert.ok(section.length <= limits.listMaxBytes && section.count <= limits.fieldsMax);
          assert.ok(decoder.table.sizeBytes <= decoder.table.limitBytes && decoder.table.limitBytes <= setting);
          checkRanges(section);
        }
        assert.ok(section.bytes.length <= 64 * 1024);
      },
      fuzzBudgetMs(),
    );
  });
});

function checkRanges(section: FieldSection): void {
  let previous = 0;
  for (let at = 0; at < section.count * 5; at += 5) {
    const [name, nameLength, value, valueLength, id] = section.fields.subarray(at, at + 5);
    assert.ok(name >= previous && nameLength >= 0 && value === name + nameLength && valueLength >= 0);
    assert.ok(id >= 0 && id < 32);
    previous = value + valueLength;
  }
  assert.ok(previous <= section.length);
}

const REQUEST: Fields = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'example.com'],
  [':path', '/a/b?c=d'],
  ['user-agent', 'Some/1.0 (X11; Linux)'],
  ['cookie', 'a=b'],
  ['x-thing', 'one'],
];
const RESPONSE: Fields = [
  [':status', '200'],
  ['server', 'nginx'],
  ['content-type', 'text/html'],
  ['etag', '"665d7d5c-2800"'],
];

const NAME = fc.oneof(
  fc.constantFrom(
    ':method',
    ':path',
    ':status',
    'content-type',
    'etag',
    'cookie',
    'server',
    'x-request-id',
    'x-forwarded-for',
  ),
  fc.string({ unit: fc.constantFrom(...'abx-_1'), minLength: 1, maxLength: 8 }),
);
const VALUE = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('', 'GET', '/', '200', 'text/html', 'one', 'two', '1234567') },
  { weight: 3, arbitrary: fc.string({ unit: fc.constantFrom(...'abc XYZ;{}~\t\x80\xff'), maxLength: 40 }) },
  { weight: 1, arbitrary: fc.nat(3000).map((length) => 'v'.repeat(length)) },
);
const STEP = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      fields: fc.array(fc.tuple(NAME, VALUE, fc.nat(3)), { maxLength: 10 }),
      room: fc.oneof({ weight: 5, arbitrary: fc.constant(60_000) }, { weight: 1, arbitrary: fc.nat(120) }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ limit: fc.constantFrom(0, 33, 100, 1000, 4096, 65_536) }) },
);

describe('encoder', () => {
  it('what it writes comes back, and both tables stay alike (fuzz)', () => {
    let indexed = 0;
    let without = 0;
    const buffer = Buffer.alloc(64 * 1024);
    fuzz(
      fc.tuple(fc.array(STEP, { minLength: 1, maxLength: 30 }), fc.constantFrom(0, 100, 4096, 65_536)),
      ([steps, tableMaxBytes]) => {
        const encoder = new HpackEncoder(tableMaxBytes);
        const decoder = new HpackDecoder();
        for (const step of steps) {
          if ('limit' in step) {
            decoder.setTableLimit(step.limit);
            encoder.setPeerTableLimit(step.limit);
            continue;
          }
          encoder.begin(buffer, 0, step.room);
          for (const [name, value, indexing] of step.fields) encoder.stringField(name, value, indexing);
          const length = encoder.finish();
          if (length === -1) {
            without++;
            continue;
          }
          const { outcome, fields } = decodeBlock(decoder, buffer.subarray(0, length));
          assert.equal(outcome, 'OK');
          assert.deepEqual(fields, arranged(step.fields.map(([name, value]) => [name, value])));
          assert.deepEqual(tableFields(encoder.table), tableFields(decoder.table));
          if (encoder.table.count > 0) indexed++;
        }
      },
      fuzzBudgetMs(),
    );
    assert.ok(indexed > 0 && without > 0);
  });
});
