// The stream table against a Map, over random histories; its bound; the ring of recent streams.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecentStreams } from './recent-streams.ts';
import { Column, StreamFlag, StreamTable } from './stream-table.ts';

describe('StreamTable', () => {
  it('does what a Map does, whatever comes and goes', () => {
    // Few identifiers, so that they collide and return; some far apart.
    const id = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.constantFrom(2 ** 30, 2 ** 31 - 1, 65_537));
    const act = fc.record({ id, remove: fc.boolean() });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.array(act, { maxLength: 300, size: 'max' }), (slotsMax, acts) => {
        const table = new StreamTable(slotsMax);
        const model = new Map<number, number>();
        for (const { id, remove } of acts) {
          const slot = model.get(id);
          assert.equal(table.find(id), slot ?? -1);
          if (slot !== undefined && remove) {
            table.remove(slot);
            model.delete(id);
          } else if (slot === undefined && !table.isFull) {
            const added = table.add(id);
            assert.ok(![...model.values()].includes(added), 'the slot was free');
            assert.deepEqual([table.get(added, Column.FLAGS), table.get(added, Column.HELD)], [0, 0]);
            table.set(added, Column.HELD, id);
            table.mark(added, StreamFlag.BLOCKED);
            model.set(id, added);
          }
          assert.equal(table.count, model.size);
          assert.equal(table.isFull, model.size === slotsMax);
        }
        const used = [];
        for (let slot = 0; slot < table.slotsEnd; slot++) if (table.get(slot, Column.ID) !== 0) used.push(slot);
        assert.deepEqual(
          used,
          [...model.values()].sort((a, b) => a - b),
        );
        for (const [id, slot] of model) {
          assert.equal(table.find(id), slot);
          assert.equal(table.get(slot, Column.HELD), id, 'a stream keeps its numbers when the table grows');
        }
      }),
    );
  });

  it('holds as many as it is told, and no more', () => {
    const table = new StreamTable(3);
    for (const id of [1, 3, 5]) table.add(id);
    assert.throws(() => table.add(7), RangeError);
    table.remove(table.find(3));
    assert.equal(table.find(3), -1);
    assert.equal(table.add(7), 1);
  });

  it('may have no room at all', () => {
    const table = new StreamTable(0);
    assert.equal(table.isFull, true);
    assert.equal(table.find(1), -1);
  });
});

describe('RecentStreams', () => {
  it('remembers the last ones', () => {
    const recent = new RecentStreams(20);
    assert.equal(recent.has(1), false);
    for (let id = 1; id <= 101; id += 2) {
      recent.add(id);
      const oldest = Math.max(1, id - 38);
      assert.deepEqual([recent.has(id), recent.has(oldest), recent.has(oldest - 2)], [true, true, false]);
    }
  });
});
