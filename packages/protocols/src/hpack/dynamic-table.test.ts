// The dynamic table against a model of arrays: insertion, eviction, growth, reuse of its memory.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DynamicTable } from './dynamic-table.ts';
import { type Fields, tableFields } from './test-support.ts';

function insert(table: DynamicTable, name: string, value: string, meta = 0): number {
  const offset = table.insert(name.length, value.length, meta);
  if (offset !== -1) table.bytes.write(name + value, offset, 'latin1');
  return offset;
}

class TableModel {
  fields: Fields = [];
  limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
  }

  insert(name: string, value: string): void {
    this.fields.unshift([name, value]);
    this.setLimit(this.limit);
  }

  setLimit(limit: number): void {
    this.limit = limit;
    while (this.size > limit) this.fields.pop();
  }
}

type Step = readonly [kind: 'insert', name: number, value: number] | readonly [kind: 'limit', bytes: number];

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.tuple(fc.constant('insert' as const), fc.nat(60), fc.nat(200)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('insert' as const), fc.nat(100), fc.nat(3000)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('limit' as const), fc.constantFrom(0, 33, 100, 1000, 4096, 65_536)) },
  ),
  { maxLength: 150 },
);

describe('DynamicTable', () => {
  it('behaves like a list from which the oldest fall out', () => {
    fc.assert(
      fc.property(STEPS, fc.constantFrom(0, 100, 4096, 65_536), (steps, limit) => {
        const table = new DynamicTable(limit);
        const model = new TableModel(limit);
        steps.forEach((step, number) => {
          if (step[0] === 'limit') {
            table.setLimit(step[1]);
            model.setLimit(step[1]);
          } else {
            const character = String.fromCharCode(0x61 + (number % 26));
            const [name, value] = [character.repeat(step[1]), character.toUpperCase().repeat(step[2])];
            insert(table, name, value);
            model.insert(name, value);
          }
          assert.equal(table.sizeBytes, model.size);
          assert.ok(table.bytes.length <= 128 * 1024);
        });
        assert.deepEqual(tableFields(table), model.fields);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps entries in place of those that left, without growing', () => {
    const table = new DynamicTable(4096);
    for (let i = 0; i < 1000; i++) insert(table, `name-${i}`, 'v'.repeat(i % 100));
    const { bytes, records } = table;
    const entry = (number: number): [string, string] => [`name-${number}`, 'v'.repeat(number % 100)];
    for (let i = 0; i < 10_000; i++) {
      insert(table, ...entry(i), i);
      if (i < 1000 || i % 7 !== 0) continue;
      const newestFirst = Array.from({ length: table.count }, (_, age) => entry(i - age));
      assert.deepEqual(tableFields(table), newestFirst, `after ${i}`);
    }
    assert.equal(table.bytes, bytes);
    assert.equal(table.records, records);
    assert.ok(bytes.length <= 8192);
    assert.equal(table.nameAt(0), 'name-9999');
    assert.equal(table.valueAt(0), 'v'.repeat(99));
    assert.equal(table.records[table.recordAt(3) + 3], 9996);
  });

  it('keeps them also when it grows after some have left', () => {
    const entry = (number: number): [string, string] => [`name-${number}`, 'v'.repeat(100 + (number % 50))];
    for (let limit = 200; limit < 10_000; limit += 400) {
      const table = new DynamicTable(limit);
      for (let i = 0; i < 150; i++) {
        insert(table, ...entry(i));
        const newestFirst = Array.from({ length: table.count }, (_, age) => entry(i - age));
        assert.deepEqual(tableFields(table), newestFirst, `limit ${limit}, after ${i}`);
      }
    }
  });

  it('holds entries of nothing', () => {
    const table = new DynamicTable(100);
    for (let i = 0; i < 10; i++) insert(table, '', '');
    assert.equal(table.count, 3);
    assert.deepEqual(tableFields(table), [
      ['', ''],
      ['', ''],
      ['', ''],
    ]);
  });

  it('goes on when its count of insertions begins anew', () => {
    const table = new DynamicTable(4096);
    table.inserted = 0x7ffffffe;
    for (let i = 0; i < 40; i++) insert(table, `n${i}`, `v${i}`);
    assert.deepEqual(tableFields(table)[0], ['n39', 'v39']);
    assert.deepEqual(tableFields(table)[39], ['n0', 'v0']);
    assert.equal(table.inserted, 38);
  });
});
