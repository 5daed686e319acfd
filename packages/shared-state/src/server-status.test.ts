// The words of a server's row: since when it is up, counts of slots side by side, blocks of other versions.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServerHealth, ServerStatus } from './server-status.ts';

const { DOWN, UP, UNKNOWN } = ServerHealth;

function statusWith(rows: number, slots: number, now: () => number = () => 0) {
  const buffer = new ArrayBuffer(ServerStatus.byteLength(rows, slots));
  return { buffer, status: new ServerStatus(buffer, slots, now) };
}

describe('status of servers', () => {
  it('has all its rows, whatever the number of slots', () => {
    for (const slots of [1, 12, 13, 64]) {
      const { status } = statusWith(3, slots);
      assert.equal(status.rows, 3);
      for (let row = 0; row < 3; row++) {
        for (let slot = 0; slot < slots; slot++) status.addInFlight(row, slot, row + 1);
        status.setHealth(row, row === 1 ? UP : DOWN);
      }
      for (let row = 0; row < 3; row++) {
        assert.equal(status.inFlight(row), slots * (row + 1));
        assert.equal(status.isUp(row), row === 1);
      }
    }
  });

  it('says since when a server is up, and begins again when it was down', () => {
    let now = 10_000;
    const { status } = statusWith(2, 2, () => now);
    status.setHealth(1, UP);
    now = 25_000;
    assert.equal(status.upForMs(1, now), 15_000);
    status.setHealth(1, UP);
    assert.equal(status.upForMs(1, now), 15_000, 'it has not come up again');
    for (const other of [DOWN, UNKNOWN]) {
      status.setHealth(1, other);
      now += 1_000;
      status.setHealth(1, UP);
      assert.equal(status.upForMs(1, now), 0);
    }
  });

  it('gives a row to another server without what it knew of the last one', () => {
    let now = 0;
    const { status } = statusWith(1, 2, () => now);
    status.reset(0, UP);
    status.addInFlight(0, 1, 5);
    now = 5_000;
    status.reset(0, UP);
    assert.equal(status.upForMs(0, now), 0);
    assert.equal(status.inFlight(0), 0);
  });

  it('is not confused by the 32nd bit of its clock, or a clock behind its own', () => {
    const turn = 2 ** 31 * 100;
    let now = turn - 500;
    const { status } = statusWith(1, 1, () => now);
    status.setHealth(0, UP);
    now = turn + 500;
    assert.equal(status.upForMs(0, now), 1_000);
    assert.equal(status.upForMs(0, turn - 10_000), 0);
  });

  it('shares a clock with other processes unless it is given one', () => {
    const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(1, 1)), 1);
    status.setHealth(0, UP);
    const upForMs = status.upForMs(0, Number(process.hrtime.bigint()) / 1e6 + 60_000);
    assert.ok(upForMs >= 60_000 && upForMs < 90_000, `${upForMs} ms`);
  });

  it('refuses a block of another layout', () => {
    const { buffer } = statusWith(1, 1);
    assert.equal(new ServerStatus(buffer, 1).rows, 1, 'one that another process has opened before is fine');
    new Int32Array(buffer)[0] = 999;
    assert.throws(() => new ServerStatus(buffer, 1), /status block has layout version 999, expected 2/);
  });
});
