import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import fc from 'fast-check';
import { StatusRows } from './status-rows.ts';

function rowsOf(count: number) {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(count, 2)), 2);
  return { status, rows: new StatusRows(status) };
}

test('a server keeps its row, a new one starts down and without exchanges', () => {
  const { status, rows } = rowsOf(4);
  const row = rows.obtain('a', 1)!;
  status.setHealth(row, ServerHealth.UP);
  assert.equal(rows.obtain('a', 2), row);
  assert.equal(status.health(row), ServerHealth.UP);
  status.addInFlight(row, 0, 7);
  status.addInFlight(row, 0, -7);
  rows.releaseBefore(3);
  const next = rows.obtain('b', 3)!;
  assert.equal(next, row, 'free rows are used again');
  assert.equal(status.health(next), ServerHealth.DOWN);
  assert.equal(status.inFlight(next), 0);
});

test('a row is not given away while a live revision names it', () => {
  const { rows } = rowsOf(1);
  rows.obtain('a', 1);
  rows.releaseBefore(1);
  assert.equal(rows.obtain('b', 2), undefined);
  rows.releaseBefore(2);
  assert.equal(rows.obtain('b', 2), 0);
});

test('a row stays its server’s while TCP connections that outlive their revision count in it', () => {
  const { status, rows } = rowsOf(1);
  const row = rows.obtain('a', 1)!;
  status.addInFlight(row, 1, 1);
  rows.releaseBefore(2);
  assert.equal(rows.obtain('b', 2), undefined);
  assert.equal(rows.obtain('a', 2), row, 'it is back');
  status.addInFlight(row, 1, -1);
  rows.releaseBefore(3);
  assert.equal(rows.obtain('b', 3), row);
});

test('no two servers of live revisions ever share a row', () => {
  const step = fc.record({ keys: fc.uniqueArray(fc.constantFrom(...'abcdefgh'), { maxLength: 5 }), keep: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { rows } = rowsOf(16);
      const assigned: Map<string, number>[] = [];
      let oldest = 0;
      steps.forEach(({ keys, keep }, index) => {
        assigned.push(new Map(keys.map((key) => [key, rows.obtain(key, index)!])));
        oldest = Math.max(oldest, index - keep);
        rows.releaseBefore(oldest);
        const owner = new Map<number, string>();
        for (const revision of assigned.slice(oldest)) {
          for (const [key, row] of revision) {
            assert.equal(owner.get(row) ?? key, key);
            owner.set(row, key);
          }
        }
      });
    }),
  );
});
