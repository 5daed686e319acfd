// Random arrivals, leaves, ends and reloads at two workers that share one server: never more connections than the limit, each line in
// order, and nobody forgotten. Time and connections are the test's own.

import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { SlotCounts } from '@sluice/shared-state';
import fc from 'fast-check';
import { PlaceTicket } from './place-queue.ts';
import { type PlaceLimits, type PlaceWaiter, ServerPlaces } from './server-places.ts';

type Fate = 'waiting' | 'active' | 'done' | 'left' | 'timeout' | 'refused';

/** One exchange: waits, has a connection, gives it back. */
class Exchange implements PlaceWaiter {
  readonly ticket = new PlaceTicket<PlaceWaiter>(this);
  readonly worker: Worker;
  readonly number: number;
  fate: Fate = 'waiting';

  constructor(worker: Worker, number: number) {
    this.worker = worker;
    this.number = number;
    if (worker.places.queued === 0 && this.takeIdle()) this.start();
    else if (worker.places.tryTake()) this.start();
    else if (!worker.places.wait(this.ticket)) this.fate = 'refused';
  }

  takeIdle(): boolean {
    return this.worker.idleSince.pop() !== undefined;
  }

  onIdle(): void {
    this.start();
  }

  onPlace(): void {
    this.start();
  }

  onPlaceTimeout(): void {
    this.fate = 'timeout';
  }

  private start(): void {
    assert.equal(this.fate, 'waiting');
    this.fate = 'active';
    this.worker.started.push(this.number);
  }

  leave(): void {
    if (this.fate !== 'waiting') return;
    this.worker.places.leave(this.ticket);
    this.fate = 'left';
  }

  end(reusable: boolean): void {
    if (this.fate !== 'active') return;
    this.fate = 'done';
    const { places, idleSince } = this.worker;
    if (reusable && places.mayKeepIdle()) {
      idleSince.push(Date.now());
      places.onIdle();
    } else places.release();
  }
}

class Worker {
  readonly places: ServerPlaces;
  /** Idle connections, the one used last at the end. */
  readonly idleSince: number[] = [];
  readonly exchanges: Exchange[] = [];
  /** Numbers of exchanges in the order in which they got a connection. */
  readonly started: number[] = [];

  constructor(counts: Counts, slot: number, limits: PlaceLimits) {
    this.places = new ServerPlaces({ ...counts, row: 0, slot }, limits, {
      now: () => Date.now(),
      flush: () => {},
      hasIdle: () => this.idleSince.length > 0,
      closeIdle: (idleMs) => this.closeIdle(idleMs),
    });
  }

  get active(): Exchange[] {
    return this.exchanges.filter(({ fate }) => fate === 'active');
  }

  private closeIdle(idleMs: number): boolean {
    if (this.idleSince.length === 0 || Date.now() - this.idleSince[0]! < idleMs) return false;
    this.idleSince.shift();
    this.places.release();
    return true;
  }
}

interface Counts {
  readonly connections: SlotCounts;
  readonly queues: SlotCounts;
}

class Node {
  readonly workers: readonly Worker[];
  readonly counts: Counts;
  max: number;
  private readonly mock: TestContext['mock'];
  private numbers = 0;

  constructor(context: TestContext, workers: number, limits: PlaceLimits) {
    this.mock = context.mock;
    const row = () => new SlotCounts(new ArrayBuffer(SlotCounts.byteLength(1, workers)), 0, 1, workers);
    this.counts = { connections: row(), queues: row() };
    this.max = limits.connectionsMax;
    this.workers = Array.from({ length: workers }, (_, slot) => new Worker(this.counts, slot, limits));
  }

  arrive(worker: number): Exchange {
    const at = this.workers[worker]!;
    const exchange = new Exchange(at, this.numbers++);
    at.exchanges.push(exchange);
    return exchange;
  }

  async tick(ms: number): Promise<void> {
    await Promise.resolve();
    for (let i = 0; i < ms; i++) {
      this.mock.timers.tick(1);
      await Promise.resolve();
    }
    this.check();
  }

  check(): void {
    const open = this.workers.reduce((sum, { active, idleSince }) => sum + active.length + idleSince.length, 0);
    assert.equal(this.counts.connections.sum(0), open, 'every connection is counted once');
    assert.ok(open <= this.max, `${open} connections of ${this.max}`);
    const waiting = this.workers.reduce((sum, { places }) => sum + places.queued, 0);
    assert.equal(this.counts.queues.sum(0), waiting);
    for (const { started, exchanges } of this.workers) {
      const waitingNumbers = exchanges.filter(({ fate }) => fate === 'waiting').map(({ number }) => number);
      assert.deepEqual(
        started,
        started.toSorted((a, b) => a - b),
        'first come, first served',
      );
      assert.ok(
        waitingNumbers.every((number) => started.every((other) => other < number)),
        'nobody is passed over',
      );
    }
  }

  close(): void {
    for (const { places } of this.workers) places.close();
  }
}

const LIMITS: PlaceLimits = { connectionsMax: 2, queuedMax: 100, queueTimeoutMs: 0 };

function start(context: TestContext, workers: number, limits: Partial<PlaceLimits> = {}): Node {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const node = new Node(context, workers, { ...LIMITS, ...limits });
  context.after(() => node.close());
  return node;
}

describe('places of a server', () => {
  it('go to whoever has waited for longest', async (context) => {
    const node = start(context, 1, { connectionsMax: 1 });
    const [first, second, third] = [node.arrive(0), node.arrive(0), node.arrive(0)];
    assert.deepEqual([first.fate, second.fate, third.fate], ['active', 'waiting', 'waiting']);
    first.end(true);
    // Whoever comes now, with an idle connection in sight, is not the next one.
    const fourth = node.arrive(0);
    await node.tick(0);
    assert.deepEqual([second.fate, third.fate, fourth.fate], ['active', 'waiting', 'waiting']);
    third.leave();
    second.end(false);
    await node.tick(0);
    assert.equal(fourth.fate, 'active');
  });

  it('are waited for by as many as the line holds, and not for longer than the timeout', async (context) => {
    const node = start(context, 2, { connectionsMax: 1, queuedMax: 3, queueTimeoutMs: 100 });
    const holder = node.arrive(0);
    const waiting = [node.arrive(0), node.arrive(1), node.arrive(1)];
    assert.equal(node.arrive(0).fate, 'refused', 'the line is one for all workers');
    await node.tick(60);
    waiting[0]!.leave();
    const late = node.arrive(0);
    await node.tick(50);
    assert.deepEqual(
      waiting.map(({ fate }) => fate),
      ['left', 'timeout', 'timeout'],
    );
    assert.equal(late.fate, 'waiting');
    holder.end(true);
    await node.tick(10);
    assert.equal(late.fate, 'active');
  });

  it('that are idle at one worker go to another one that needs them', async (context) => {
    const node = start(context, 2, { connectionsMax: 3 });
    for (const exchange of [node.arrive(0), node.arrive(0), node.arrive(0)]) exchange.end(true);
    assert.equal(node.workers[0]!.idleSince.length, 3);
    const others = [node.arrive(1), node.arrive(1)];
    assert.deepEqual(
      others.map(({ fate }) => fate),
      ['waiting', 'waiting'],
    );
    await node.tick(120);
    assert.deepEqual(
      others.map(({ fate }) => fate),
      ['active', 'active'],
    );
    assert.equal(node.workers[0]!.idleSince.length, 1, 'what nobody needs stays');
  });

  for (const [max, what] of [
    [1, 'a single place'],
    [4, 'several places'],
  ] as const) {
    it(`are shared fairly between busy workers: ${what}`, async (context) => {
      const node = start(context, 2, { connectionsMax: max });
      // Each exchange takes 4 ms; worker 0 was there first and has always somebody in line, and so has worker 1.
      for (let round = 0; round < 500; round++) {
        for (let worker = 0; worker < 2; worker++) while (node.workers[worker]!.places.queued < 3) node.arrive(worker);
        await node.tick(4);
        for (const { active } of node.workers) for (const exchange of active) exchange.end(true);
      }
      const [a, b] = node.workers.map(({ started }) => started.length);
      assert.ok(a! > 0.5 * b! && b! > 0.5 * a!, `${a} and ${b} exchanges`);
      assert.ok(a! + b! > 0.5 * 500 * max, `${a} and ${b} exchanges`);
    });
  }

  it('come back when the limit grows, and are not taken when it shrinks', async (context) => {
    const node = start(context, 1, { connectionsMax: 1 });
    const exchanges = [node.arrive(0), node.arrive(0), node.arrive(0)];
    node.max = 3;
    node.workers[0]!.places.configure({ ...LIMITS, connectionsMax: 3 });
    await node.tick(0);
    assert.ok(exchanges.every(({ fate }) => fate === 'active'));
    node.workers[0]!.places.configure({ ...LIMITS, connectionsMax: 1 });
    const late = node.arrive(0);
    exchanges[0]!.end(false);
    exchanges[1]!.end(false);
    await node.tick(10);
    assert.equal(late.fate, 'waiting');
    exchanges[2]!.end(false);
    await node.tick(10);
    assert.equal(late.fate, 'active');
  });

  it('come back from a worker that died', async (context) => {
    const node = start(context, 2, { connectionsMax: 1 });
    node.arrive(0);
    const waiting = node.arrive(1);
    node.counts.connections.clearSlot(0, [0]);
    node.workers[0]!.exchanges.length = 0;
    await node.tick(10);
    assert.equal(waiting.fate, 'active');
  });

  it('are never more than the limit, and nobody is lost, whatever happens', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('arrive' as const), worker: fc.nat(1) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constant('end' as const), which: fc.nat(), reusable: fc.boolean() }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('tick' as const), ms: fc.nat(30) }) },
    );
    const limits = fc.record({
      connectionsMax: fc.integer({ min: 1, max: 4 }),
      queuedMax: fc.nat(6),
      queueTimeoutMs: fc.constantFrom(0, 40),
    });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(step, { maxLength: 80 }), async (limit, steps) => {
        const node = new Node(context, 2, limit);
        const all = () => node.workers.flatMap(({ exchanges }) => exchanges);
        const pick = (fate: Fate, which: number) => {
          const found = all().filter((exchange) => exchange.fate === fate);
          return found[which % Math.max(1, found.length)];
        };
        for (const each of steps) {
          if (each.kind === 'arrive') node.arrive(each.worker);
          else if (each.kind === 'end') pick('active', each.which)?.end(each.reusable);
          else if (each.kind === 'leave') pick('waiting', each.which)?.leave();
          await node.tick(each.kind === 'tick' ? each.ms : 0);
        }
        for (let round = 0; all().some(({ fate }) => fate === 'waiting' || fate === 'active'); round++) {
          assert.ok(round < 500, 'somebody waits for ever');
          for (const exchange of all()) exchange.end(round % 2 === 0);
          await node.tick(10);
        }
        assert.equal(node.counts.queues.sum(0), 0);
        node.close();
      }),
      { numRuns: 60 },
    );
  });
});
