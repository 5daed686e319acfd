import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KNOWN_ID_BYTES, KnownIds } from './known-ids.ts';

const SLOTS = 3;

function make(): KnownIds {
  return new KnownIds(new ArrayBuffer(64 + KnownIds.byteLength(SLOTS)), 64, SLOTS);
}

function keyOf(number: number): Buffer {
  const key = Buffer.alloc(KNOWN_ID_BYTES);
  key.writeUInt32LE(number, 0);
  key.writeUInt32LE(number * 7, 4);
  return key;
}

describe('known connection ids', () => {
  it('are found by every worker, whoever has put them', () => {
    const ids = make();
    ids.put(1, keyOf(1), 0, 2 ** 53 - 1, 5);
    ids.put(2, Buffer.concat([Buffer.from('..'), keyOf(2)]), 2, 7, 2 ** 40 + 3);
    assert.equal(ids.find(keyOf(1), 0), true);
    assert.deepEqual([ids.server, ids.router], [2 ** 53 - 1, 5]);
    assert.equal(ids.find(Buffer.concat([Buffer.from('x'), keyOf(2)]), 1), true);
    assert.deepEqual([ids.server, ids.router], [7, 2 ** 40 + 3]);
    assert.equal(ids.find(keyOf(3), 0), false);
    assert.equal(ids.find(Buffer.alloc(KNOWN_ID_BYTES), 0), false, 'what is empty is nobody');
  });

  it('are replaced by newer ones of the same key', () => {
    const ids = make();
    for (const server of [1, 2, 3]) ids.put(0, keyOf(1), 0, server, 0);
    assert.equal(ids.find(keyOf(1), 0), true);
    assert.equal(ids.server, 3);
  });

  it('are bounded: the oldest of a set make room, the newest are all there', () => {
    const ids = make();
    const COUNT = 40_000;
    for (let i = 1; i <= COUNT; i++) ids.put(0, keyOf(i), 0, i, i);
    let found = 0;
    for (let i = 1; i <= COUNT; i++) {
      if (!ids.find(keyOf(i), 0)) continue;
      assert.deepEqual([ids.server, ids.router], [i, i]);
      found++;
    }
    assert.ok(found <= 16_384 && found > 15_000, `${found}`);
    for (let i = COUNT - 500; i <= COUNT; i++) assert.ok(ids.find(keyOf(i), 0), `${i}`);
  });
});
