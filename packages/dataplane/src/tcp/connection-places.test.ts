// Connections of two workers that share a limited server: never more than the limit, in order, bounded in number and time, and
// every place comes back whoever leaves when.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { CLIENT_KEY_WORDS, LimitsBlock } from '@sluice/shared-state';
import fc from 'fast-check';
import type { ServerPlaces } from '../upstream/places/server-places.ts';
import { ConnectionPlace, PlaceAnswer, type PlaceHolder } from './connection-place.ts';
import { ConnectionPlaces } from './connection-places.ts';

const ROW = 3;

class Client implements PlaceHolder {
  readonly place = new ConnectionPlace(this);
  fate: 'connected' | 'waiting' | 'refused' | 'timeout' | 'gone' = 'gone';

  come(places: ServerPlaces | undefined): this {
    const answer = this.place.obtain(places);
    this.fate = answer === PlaceAnswer.TAKEN ? 'connected' : answer === PlaceAnswer.FULL ? 'refused' : 'waiting';
    return this;
  }

  onPlace(): void {
    assert.equal(this.fate, 'waiting');
    this.fate = 'connected';
  }

  onPlaceTimeout(): void {
    assert.equal(this.fate, 'waiting');
    this.fate = 'timeout';
  }

  leave(): void {
    this.place.end();
    this.fate = 'gone';
  }
}

function start(context: TestContext, connectionsMax: number, queuedMax = 10, queueTimeoutMs = 0) {
  const shape = { slots: 2, entryPoints: 1, serverRows: 8 };
  const buffer = new ArrayBuffer(LimitsBlock.byteLength(shape));
  const block = LimitsBlock.create(buffer, shape, new Uint32Array(CLIENT_KEY_WORDS));
  const limits = { connectionsMax, queuedMax, queueTimeoutMs };
  const workers = [0, 1].map((slot) => new ConnectionPlaces({ limits: block, slot, flush: () => {} }));
  context.after(() => {
    for (const worker of workers) worker.close();
  });
  const places = workers.map((worker) => worker.obtain(ROW, limits)!);
  const come = (worker = 0) => new Client().come(places[worker]);
  return { block, limits, workers, places, come };
}

/** Real time: how long a line looks for what others have let go is 5 ms. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let round = 0; round < 400; round++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(what);
}

describe('places for connections', () => {
  it('are taken at once, waited for in order, and given back', async (context) => {
    const { come, block } = start(context, 2);
    const [a, b, c, d] = [come(), come(), come(), come()];
    assert.deepEqual(
      [a, b, c, d].map(({ fate }) => fate),
      ['connected', 'connected', 'waiting', 'waiting'],
    );
    a.leave();
    await until('the third one is next', () => c.fate === 'connected');
    assert.equal(d.fate, 'waiting');
    d.leave();
    d.leave();
    b.leave();
    c.leave();
    await until('all are given back', () => block.serverConnections.sum(ROW) === 0);
    assert.equal(block.serverQueues.sum(ROW), 0);
  });

  it('come from another worker', async (context) => {
    const { come } = start(context, 1);
    const first = come(0);
    const second = come(1);
    assert.equal(second.fate, 'waiting');
    first.leave();
    await until('the other worker sees it', () => second.fate === 'connected');
  });

  it('are waited for by so many and for so long', async (context) => {
    const { come, block } = start(context, 1, 2, 30);
    const holder = come();
    const waiting = [come(), come(1)];
    assert.equal(come().fate, 'refused');
    await until('time is over', () => waiting.every(({ fate }) => fate === 'timeout'));
    assert.equal(block.serverQueues.sum(ROW), 0);
    const late = waiting[0]!.come(start(context, 1).places[0]);
    assert.equal(late.fate, 'connected', 'the same object waits for another server');
    holder.leave();
  });

  it('are no matter of servers without a limit', (context) => {
    const { workers, limits } = start(context, 1);
    assert.equal(workers[0]!.obtain(ROW + 1, { ...limits, connectionsMax: 0 }), undefined);
    const client = new Client().come(undefined);
    assert.equal(client.fate, 'connected');
    assert.ok(!client.place.isHeld);
    client.leave();
  });

  it('outlive reloads while they are held', async (context) => {
    const { workers, places, limits, come, block } = start(context, 1);
    const client = come();
    workers[0]!.keepOnly(new Set());
    assert.equal(workers[0]!.obtain(ROW, { ...limits, connectionsMax: 2 }), places[0]);
    assert.equal(come().fate, 'connected', 'the limit has grown');
    client.leave();
    await until('given back', () => block.serverConnections.sum(ROW) === 1);
  });

  it('refuse to be two of one connection', (context) => {
    const { places, come } = start(context, 2);
    const client = come();
    assert.throws(() => client.place.obtain(places[0]), /one place at a time/);
  });

  it('are never too many and never lost, whatever happens', async (context) => {
    const step = fc.record({ kind: fc.constantFrom('come', 'come', 'leave'), worker: fc.nat(1), which: fc.nat() });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 40 }), async (max, steps) => {
        const { come, block } = start(context, max, 4);
        const clients: Client[] = [];
        const connected = () => clients.filter(({ fate }) => fate === 'connected').length;
        for (const { kind, worker, which } of steps) {
          if (kind === 'come') clients.push(come(worker));
          else clients[which % Math.max(1, clients.length)]?.leave();
          await Promise.resolve();
          assert.ok(connected() <= max && block.serverConnections.sum(ROW) >= connected());
        }
        await until('everybody is served', () => {
          for (const client of clients) if (client.fate === 'connected') client.leave();
          return clients.every(({ fate }) => fate === 'gone' || fate === 'refused');
        });
        await until('nothing is left', () => block.serverConnections.sum(ROW) + block.serverQueues.sum(ROW) === 0);
      }),
      { numRuns: 20 },
    );
  });
});
