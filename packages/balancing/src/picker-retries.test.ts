// Connections that try the next server, and servers that start slowly, under the strategies that do not hash; and that weighted round
// robin has the shares of the classic algorithm with greatest common divisors, without its endless loop.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPicker, type PickerStrategy, TriedServers } from './index.ts';
import { allUp, countsOf, serversOf, setUp, statusOf } from './testing/picker-bench.ts';

const STRATEGIES: readonly PickerStrategy[] = ['wrr', 'p2c', 'leastconn', 'hash', 'maglev'];

describe('servers that were tried', () => {
  for (const strategy of STRATEGIES) {
    it(`come once each, and then none: ${strategy}`, () => {
      const health = fc.array(fc.boolean(), { maxLength: 20 });
      fc.assert(
        fc.property(health, (list) => {
          const picker = createPicker(strategy, serversOf(list.map(() => 1)), statusOf(list));
          const tried = new TriedServers();
          for (let index = picker.pick(undefined, tried); index !== -1; index = picker.pick(undefined, tried)) {
            assert.ok(!tried.has(index));
            tried.add(index);
          }
          assert.deepEqual(
            list.map((_, row) => tried.has(row)),
            list,
          );
        }),
        { numRuns: 40 },
      );
    });
  }

  it('keep their turn for other connections', () => {
    const picker = createPicker('wrr', serversOf([1, 1, 1]), allUp(3), { random: () => 0 });
    const tried = new TriedServers();
    assert.equal(picker.pick(), 0);
    tried.add(1);
    assert.equal(picker.pick(undefined, tried), 2);
    assert.equal(picker.pick(), 1);
  });

  it('are a bounded number, and none for the next connection', () => {
    const tried = new TriedServers();
    while (!tried.isFull) tried.add(tried.count);
    assert.equal(tried.count, 128);
    assert.throws(() => tried.add(1_000), RangeError);
    assert.ok(tried.has(127) && !tried.has(1_000));
    tried.clear();
    assert.ok(!tried.isFull && !tried.has(5));
  });
});

/** Section 7.2 as it is written, for servers that are all up and have a weight above 0. */
function* classic(weights: readonly number[]): Generator<number> {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  const gcd = weights.reduce(divisor);
  for (let index = -1, current = 0; ; ) {
    index = (index + 1) % weights.length;
    if (index === 0) {
      current -= gcd;
      if (current <= 0) current = Math.max(...weights);
    }
    if (weights[index]! >= current) yield index;
  }
}

describe('weighted round robin', () => {
  it('has the shares of the classic algorithm after whole rounds', () => {
    const lists = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(lists, (weights) => {
        const round = weights.reduce((sum, weight) => sum + weight);
        const picker = createPicker('wrr', serversOf(weights), allUp(weights.length));
        const own = Array.from({ length: 3 * round }, () => picker.pick());
        const other: number[] = [];
        const turns = classic(weights);
        while (other.length < own.length) other.push(turns.next().value as number);
        const expected = countsOf(other, weights.length);
        for (const [index, count] of countsOf(own, weights.length).entries()) {
          assert.ok(Math.abs(count - expected[index]!) <= 1, `${count} instead of ${expected[index]}`);
        }
      }),
    );
  });

  it('ends where the classic algorithm does not: only servers without weight are up', () => {
    const picker = createPicker('wrr', serversOf([0, 3]), statusOf([true, false]));
    assert.equal(picker.pick(), -1);
  });
});

describe('slow start', () => {
  function start(strategy: PickerStrategy) {
    const clock = { now: 0 };
    const status = allUp(2, () => clock.now);
    const slowStart = { durationMs: 60_000, now: () => clock.now };
    clock.now = 1_000_000;
    setUp(status, 1, false);
    setUp(status, 1, true);
    return { clock, status, picker: createPicker(strategy, serversOf([1, 1]), status, { slowStart }) };
  }

  it('raises the share of a server in turns', () => {
    const { clock, picker } = start('wrr');
    const shareAfter = (ms: number) => {
      clock.now = 1_000_000 + ms;
      const picks = Array.from({ length: 2_000 }, () => picker.pick());
      return countsOf(picks, 2)[1]! / picks.length;
    };
    for (const [ms, part] of [
      [0, 0.1],
      [30_000, 0.55],
      [60_000, 1],
    ] as const) {
      const share = shareAfter(ms);
      assert.ok(Math.abs(share - part / (1 + part)) < 0.01, `${share} after ${ms} ms`);
    }
  });

  for (const strategy of ['leastconn', 'p2c'] as const) {
    it(`keeps a server from being the least loaded one at once: ${strategy}`, () => {
      const { clock, status, picker } = start(strategy);
      status.addInFlight(0, 0, 5);
      assert.equal(picker.pick(), 0, 'one to come of 10 % is more than six of all');
      status.addInFlight(0, 0, 5);
      assert.equal(picker.pick(), 1);
      status.addInFlight(0, 0, -9);
      clock.now += 60_000;
      assert.equal(picker.pick(), 1);
    });
  }

  it('does not hold for servers that all come up together', () => {
    const status = allUp(2, () => 5_000);
    const slowStart = { durationMs: 60_000, now: () => 5_000 };
    const picker = createPicker('wrr', serversOf([1, 3]), status, { slowStart });
    const picks = Array.from({ length: 400 }, () => picker.pick());
    assert.deepEqual(countsOf(picks, 2), [100, 300]);
  });
});
