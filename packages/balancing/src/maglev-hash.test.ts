// What Maglev has of its own: bounded loads, a table that is built in slices, many servers most of which are down.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPicker, MaglevHash, MaglevTable } from './index.ts';
import { allUp, client, countsOf, picksOf, serversOf, setUp } from './testing/picker-bench.ts';

describe('loads of maglev', () => {
  it('stay below the bound, though all connections come from one client', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 8 });
    const bounds = fc.constantFrom(1.05, 1.25, 2);
    fc.assert(
      fc.property(weights, bounds, fc.integer({ min: 1, max: 300 }), (list, boundedLoad, connections) => {
        const status = allUp(list.length);
        const picker = createPicker('maglev', serversOf(list), status, { boundedLoad });
        const sum = list.reduce((total, weight) => total + weight);
        for (let number = 1; number <= connections; number++) {
          const index = picker.pick(client(1));
          status.addInFlight(index, number % 2, 1);
          const most = Math.ceil((boundedLoad * number * list[index]!) / sum);
          assert.ok(status.inFlight(index) <= most, `${status.inFlight(index)} of ${number}, at most ${most}`);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('do not matter without a bound', () => {
    const status = allUp(3);
    const picker = createPicker('maglev', serversOf([1, 1, 1]), status, { boundedLoad: 0 });
    const own = picker.pick(client(7));
    status.addInFlight(own, 0, 1_000);
    assert.equal(picker.pick(client(7)), own);
  });

  it('count only servers that are up', () => {
    const status = allUp(2);
    const picker = createPicker('maglev', serversOf([1, 1]), status);
    setUp(status, 0, false);
    status.addInFlight(0, 0, 1_000);
    for (let number = 0; number < 100; number++) {
      assert.equal(picker.pick(client(number)), 1);
      status.addInFlight(1, 0, 1);
    }
  });

  it('never leave a client without a server, though counts are some picks old', () => {
    const status = allUp(200);
    const picker = createPicker('maglev', serversOf(Array(200).fill(1)), status, { boundedLoad: 1.01 });
    for (let number = 0; number < 2_000; number++) {
      const index = picker.pick(client(number));
      assert.notEqual(index, -1);
      status.addInFlight(index, 0, 1);
    }
    const counts = Array.from({ length: 200 }, (_, row) => status.inFlight(row));
    assert.ok(Math.max(...counts) <= 12, `${Math.max(...counts)} connections where 10 are the average`);
  });
});

describe('table of maglev', () => {
  it('is the same whether it is built at once or in slices', () => {
    const servers = serversOf([3, 1, 2, 5, 0]);
    const atOnce = new MaglevTable(servers);
    assert.ok(atOnce.build(Number.POSITIVE_INFINITY));
    const inSlices = new MaglevTable(servers);
    let slices = 1;
    while (!inSlices.build(500)) slices++;
    assert.ok(slices > 10, `${slices} slices`);
    assert.deepEqual(inSlices.entries, atOnce.entries);
    assert.ok(!atOnce.entries.includes(4), 'a server without weight has no entry');
  });

  it('has shares of the weights to within one turn', () => {
    const weights = [1, 2, 7, 10];
    const table = new MaglevTable(serversOf(weights));
    table.build(Number.POSITIVE_INFINITY);
    const counts = countsOf([...table.entries], 4);
    for (const [index, weight] of weights.entries()) {
      assert.ok(Math.abs(counts[index]! - (table.size * weight) / 20) <= 2 * weight, counts.join());
    }
  });

  it('grows with the number of servers, and is empty when none has a weight', () => {
    assert.ok(new MaglevTable(serversOf(Array(500).fill(1))).size > new MaglevTable(serversOf([1, 1])).size);
    const empty = new MaglevTable(serversOf([0, 0]));
    assert.ok(empty.isReady);
    assert.equal(new MaglevHash(serversOf([0, 0]), allUp(2)).pick(client(1)), -1);
  });

  it('finds the only server that is up among very many', () => {
    const status = allUp(1_000);
    for (let row = 0; row < 1_000; row++) if (row !== 617) setUp(status, row, false);
    const picker = createPicker('maglev', serversOf(Array(1_000).fill(1)), status);
    assert.deepEqual(new Set(picksOf(picker, 20)), new Set([617]));
  });

  it('is prepared between turns', () => {
    const picker = new MaglevHash(serversOf(Array(1_000).fill(1)), allUp(1_000));
    let slices = 1;
    while (!picker.prepare()) slices++;
    assert.ok(slices > 3 && slices < 100, `${slices} slices`);
  });
});
