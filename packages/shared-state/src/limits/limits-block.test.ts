// Counts that several workers share: never beyond a limit, whoever races; cleared when a worker is gone; clients kept apart.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import fc from 'fast-check';
import { ClientCounts } from './client-counts.ts';
import { LimitsBlock } from './limits-block.ts';
import { SlotCounts } from './slot-counts.ts';

const RACERS = 3;
const ROUNDS = 20_000;
const PLACES = 2;

if (isMainThread) tests();
else race(workerData as Race);

interface Race {
  readonly counts: ArrayBuffer;
  readonly held: ArrayBuffer;
  readonly slot: number;
}

/** Takes and gives back places as fast as it can; keeps its own books of how many are held at a time. */
function race({ counts, held, slot }: Race): void {
  const places = new SlotCounts(counts, 0, 1, RACERS);
  const books = new Int32Array(held);
  let most = 0;
  let got = 0;
  for (let i = 0; i < ROUNDS; i++) {
    if (!places.tryAdd(0, slot, PLACES)) continue;
    got++;
    most = Math.max(most, Atomics.add(books, 0, 1) + 1);
    Atomics.sub(books, 0, 1);
    places.add(0, slot, -1);
  }
  parentPort!.postMessage({ most, got });
}

function block(slots = 2): LimitsBlock {
  const shape = { slots, entryPoints: 2, serverRows: 8 };
  const key = new Uint32Array(new Uint8Array(randomBytes(16)).buffer);
  return LimitsBlock.create(new ArrayBuffer(LimitsBlock.byteLength(shape)), shape, key);
}

const v4 = (n: number) =>
  Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
const v6 = (network: number, host: number) =>
  Uint8Array.from([32, 1, 13, 184, 0, 0, network >> 8, network & 255, 0, 0, 0, 0, 0, 0, host >> 8, host & 255]);

function tests(): void {
  describe('counts per slot', () => {
    it('never hold more than the limit, whoever races', async () => {
      const counts = new SharedArrayBuffer(SlotCounts.byteLength(1, RACERS));
      const held = new SharedArrayBuffer(4);
      const racers = Array.from({ length: RACERS }, (_, slot) => {
        return new Worker(new URL(import.meta.url), { workerData: { counts, held, slot } });
      });
      const results = await Promise.all(racers.map(async (racer) => (await once(racer, 'message'))[0]));
      for (const { most, got } of results) {
        assert.ok(most <= PLACES, `${most} held at a time`);
        assert.ok(got > 0);
      }
      assert.equal(new SlotCounts(counts as unknown as ArrayBuffer, 0, 1, RACERS).sum(0), 0);
    });

    it('know who has what, and forget one slot alone', () => {
      const { serverConnections } = block();
      for (let i = 0; i < 3; i++) assert.ok(serverConnections.tryAdd(1, i % 2, 3));
      assert.ok(!serverConnections.tryAdd(1, 1, 3));
      assert.deepEqual([serverConnections.own(1, 0), serverConnections.own(1, 1)], [2, 1]);
      assert.deepEqual([serverConnections.sum(1), serverConnections.users(1)], [3, 2]);
      serverConnections.clearSlot(0, [1]);
      assert.deepEqual([serverConnections.sum(1), serverConnections.users(1)], [1, 1]);
      assert.equal(serverConnections.sum(2), 0);
    });
  });

  describe('counts per client', () => {
    it('are never below the truth, and exact while few clients are there', () => {
      const step = fc.record({ client: fc.nat(20), slot: fc.nat(1), entryPoint: fc.nat(1), leave: fc.boolean() });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
          const { clients } = block();
          const open = new Map<string, number>();
          for (const { client, slot, entryPoint, leave } of steps) {
            const key = `${client} ${entryPoint}`;
            const slotKey = `${key} ${slot}`;
            if (leave && (open.get(slotKey) ?? 0) > 0) {
              clients.remove(entryPoint, v4(client), slot);
              open.set(slotKey, open.get(slotKey)! - 1);
            } else {
              const before = (open.get(`${key} 0`) ?? 0) + (open.get(`${key} 1`) ?? 0);
              const added = clients.tryAdd(entryPoint, v4(client), slot, 3);
              assert.equal(added, before < 3);
              if (added) open.set(slotKey, (open.get(slotKey) ?? 0) + 1);
            }
            const now = (open.get(`${key} 0`) ?? 0) + (open.get(`${key} 1`) ?? 0);
            assert.equal(clients.count(entryPoint, v4(client)), now);
          }
        }),
        { numRuns: 50 },
      );
    });

    it('stay right enough with very many clients', () => {
      const { clients } = block(1);
      for (let client = 0; client < 10_000; client++) assert.ok(clients.tryAdd(0, v4(client), 0, 100));
      let wrong = 0;
      for (let client = 0; client < 10_000; client++) if (clients.count(0, v4(client)) !== 1) wrong++;
      assert.ok(wrong < 50, `${wrong} clients share all their cells`);
      for (let client = 0; client < 10_000; client++) clients.remove(0, v4(client), 0);
      for (let client = 0; client < 10_000; client += 100) assert.equal(clients.count(0, v4(client)), 0);
    });

    it('count an IPv6 client by its network of 64 bits', () => {
      const { clients } = block();
      assert.ok(clients.tryAdd(0, v6(1, 1), 0, 1));
      assert.ok(!clients.tryAdd(0, v6(1, 2), 1, 1));
      assert.ok(clients.tryAdd(0, v6(2, 1), 1, 1));
    });

    it('are cleared with their slot, and the others stay', () => {
      const limits = block();
      assert.ok(limits.clients.tryAdd(0, v4(1), 0, 9));
      assert.ok(limits.clients.tryAdd(0, v4(1), 1, 9));
      assert.ok(limits.entryPoints.tryAdd(1, 0, 9));
      assert.ok(limits.serverQueues.tryAdd(5, 0, 9));
      limits.clearSlot(0, [5]);
      assert.equal(limits.clients.count(0, v4(1)), 1);
      assert.equal(limits.entryPoints.sum(1) + limits.serverQueues.sum(5), 0);
    });
  });

  it('refuses a block of another layout', () => {
    const shape = { slots: 1, entryPoints: 1, serverRows: 1 };
    assert.throws(() => new LimitsBlock(new ArrayBuffer(LimitsBlock.byteLength(shape))), /layout version 0/);
    assert.ok(ClientCounts.byteLength(2) === 2 * ClientCounts.byteLength(1));
  });
}
