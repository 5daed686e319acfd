import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INDEX_MASK } from '@sluice/native';
import { heldByMinorGc } from '../testing/held-by-minor-gc.ts';
import { SeatTable } from './seat-table.ts';

/** The next id of a seat. */
const LATER = INDEX_MASK + 1;

describe('a table of seats', () => {
  it('has what was set for an id until that is deleted', () => {
    const table = new SeatTable<string>();
    assert.equal(table.get(7), undefined);
    table.set(7, 'seven');
    table.set(3, 'three');
    assert.deepEqual([table.get(7), table.get(3), table.get(5)], ['seven', 'three', undefined]);
    table.delete(7);
    table.delete(5);
    assert.deepEqual([table.get(7), table.get(3)], [undefined, 'three']);
  });

  it('keeps ids of one seat apart', () => {
    const table = new SeatTable<string>();
    table.set(7, 'first');
    assert.equal(table.get(7 + LATER), undefined);
    table.delete(7 + LATER);
    assert.equal(table.get(7), 'first');
    table.set(7 + LATER, 'second');
    table.delete(7);
    assert.deepEqual([table.get(7), table.get(7 + LATER)], [undefined, 'second']);
  });

  it('takes ids that are negative, as those of many generations are', () => {
    const table = new SeatTable<string>();
    const id = (-2147483648 + 9) | 0;
    table.set(id, 'nine');
    assert.deepEqual([table.get(id), table.get(9)], ['nine', undefined]);
  });

  it('keeps nothing alive that has been deleted, which a Map would', () => {
    const table = new SeatTable<readonly number[]>();
    let next = 0;
    let oldest = 0;
    const held = heldByMinorGc(
      (payload) => payload,
      (payload) => table.set(next++ % 1000, payload),
      () => table.delete(oldest++ % 1000),
    );
    assert.ok(held < 8 << 20, `${held} bytes`);
  });
});
