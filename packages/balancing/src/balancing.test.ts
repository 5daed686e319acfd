// Strategies against a real status block: proportions, servers that are down, ties, and that no pick is ever endless.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import fc from 'fast-check';
import { createPicker, LeastConnections, PowerOfTwoChoices, WeightedRoundRobin } from './index.ts';

const SLOTS = 2;

function statusWith(health: readonly boolean[]): ServerStatus {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(health.length, SLOTS)), SLOTS);
  for (const [row, up] of health.entries()) status.reset(row, up ? ServerHealth.UP : ServerHealth.DOWN);
  return status;
}

const servers = (weights: readonly number[]) => weights.map((weight, statusRow) => ({ weight, statusRow }));

function counts(pick: () => number, servers: number, picks: number): number[] {
  const result = new Array<number>(servers).fill(0);
  for (let i = 0; i < picks; i++) result[pick()]++;
  return result;
}

describe('weighted round robin', () => {
  it('follows the weights exactly over whole rounds', () => {
    const picker = new WeightedRoundRobin(servers([3, 1, 2]), statusWith([true, true, true]));
    assert.deepEqual(
      counts(() => picker.pick(), 3, 600),
      [300, 100, 200],
    );
  });

  it('spreads the turns of a heavy server instead of bunching them', () => {
    const picker = new WeightedRoundRobin(servers([2, 1]), statusWith([true, true]), () => 0);
    const order = Array.from({ length: 6 }, () => picker.pick());
    assert.ok(!order.join('').includes('000'), order.join());
  });

  it('never picks a server that is down or has no weight', () => {
    const status = statusWith([true, false, true]);
    const picker = new WeightedRoundRobin(servers([1, 5, 0]), status);
    for (let i = 0; i < 20; i++) assert.equal(picker.pick(), 0);
  });

  it('answers -1 at once when only a weightless server is up', () => {
    const picker = new WeightedRoundRobin(servers([1, 0]), statusWith([false, true]));
    assert.equal(picker.pick(), -1);
    assert.equal(picker.pick(), -1);
  });

  it('gives a returning server its share, not the turns it missed', () => {
    const status = statusWith([true, false]);
    const picker = new WeightedRoundRobin(servers([1, 1]), status);
    for (let i = 0; i < 1000; i++) picker.pick();
    status.setHealth(1, ServerHealth.UP);
    const [first, second] = counts(() => picker.pick(), 2, 10);
    assert.ok(Math.abs(first! - second!) <= 2, `${first} ${second}`);
  });

  it('takes one step past a server with an enormous weight that is down', () => {
    const picker = new WeightedRoundRobin(servers([1, 2 ** 30]), statusWith([true, false]));
    for (let i = 0; i < 100; i++) assert.equal(picker.pick(), 0);
  });

  it('picks only candidates, whatever the weights and health', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ weight: fc.integer({ min: -2, max: 1000 }), up: fc.boolean() }), { maxLength: 20 }),
        (list) => {
          const picker = new WeightedRoundRobin(
            servers(list.map(({ weight }) => weight)),
            statusWith(list.map(({ up }) => up)),
          );
          const possible = list.some(({ weight, up }) => weight > 0 && up);
          for (let i = 0; i < 50; i++) {
            const index = picker.pick();
            if (!possible) assert.equal(index, -1);
            else assert.ok(list[index].up && list[index].weight > 0);
          }
        },
      ),
    );
  });
});

describe('power of two choices', () => {
  it('takes the less loaded of the two drawn, counting every slot', () => {
    const status = statusWith([true, true]);
    status.addInFlight(0, 0, 1);
    status.addInFlight(0, 1, 1);
    status.addInFlight(1, 1, 1);
    const picker = new PowerOfTwoChoices(servers([1, 1]), status);
    for (let i = 0; i < 20; i++) assert.equal(picker.pick(), 1);
  });

  it('keeps the first on a tie and looks only at servers that are up', () => {
    const status = statusWith([false, true, true]);
    const picker = new PowerOfTwoChoices(servers([1, 1, 1]), status, () => 0);
    assert.equal(picker.pick(), 1);
    status.setHealth(2, ServerHealth.DOWN);
    assert.equal(picker.pick(), 1);
    status.setHealth(1, ServerHealth.DOWN);
    assert.equal(picker.pick(), -1);
  });
});

describe('least connections', () => {
  it('weighs in-flight exchanges by weight', () => {
    const status = statusWith([true, true]);
    status.addInFlight(0, 0, 3);
    status.addInFlight(1, 0, 2);
    assert.equal(new LeastConnections(servers([2, 1]), status).pick(), 0);
  });

  it('takes turns while nothing is in flight', () => {
    const picker = new LeastConnections(servers([1, 1, 1]), statusWith([true, true, true]));
    assert.deepEqual(
      counts(() => picker.pick(), 3, 30),
      [10, 10, 10],
    );
  });
});

it('every strategy survives a service without servers', () => {
  for (const strategy of ['wrr', 'p2c', 'leastconn'] as const) {
    assert.equal(createPicker(strategy, [], statusWith([])).pick(), -1);
  }
});
