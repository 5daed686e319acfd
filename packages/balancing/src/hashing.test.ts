// Both strategies that hash the client's address, by the same rules: shares, who moves when a server goes or comes, and that every
// worker decides alike.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPicker, type Picker, type PickerServer, TriedServers } from './index.ts';
import { allUp, client, countsOf, picksOf, serversOf, setUp, statusOf } from './testing/picker-bench.ts';

const CLIENTS = 2_000;
const strategies = ['hash', 'maglev'] as const;
const weightLists = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 12 });

for (const strategy of strategies) {
  const pickerOf = (servers: readonly PickerServer[], status = allUp(servers.length)): Picker =>
    createPicker(strategy, servers, status);

  describe(strategy, () => {
    it('gives servers clients by weight', () => {
      fc.assert(
        fc.property(weightLists, (weights) => {
          const counts = countsOf(picksOf(pickerOf(serversOf(weights)), CLIENTS), weights.length);
          const sum = weights.reduce((total, weight) => total + weight);
          for (const [index, weight] of weights.entries()) {
            const expected = (CLIENTS * weight) / sum;
            // Six standard deviations of fair draws, and what a table of 8,191 entries is uneven.
            const slack = 6 * Math.sqrt(expected) + 0.03 * expected;
            assert.ok(Math.abs(counts[index]! - expected) < slack, `${counts[index]} instead of ${expected}`);
          }
        }),
        { numRuns: 20 },
      );
    });

    it('moves the clients of a server that goes down, nobody else, and back again', () => {
      fc.assert(
        fc.property(weightLists, fc.nat(), (weights, which) => {
          const status = allUp(weights.length);
          const picker = pickerOf(serversOf(weights), status);
          const gone = which % weights.length;
          const before = picksOf(picker, 300);
          setUp(status, gone, false);
          for (const [number, index] of picksOf(picker, 300).entries()) {
            if (before[number] === gone) assert.ok(index !== gone && index !== -1);
            else assert.equal(index, before[number]);
          }
          setUp(status, gone, true);
          assert.deepEqual(picksOf(picker, 300), before);
        }),
        { numRuns: 30 },
      );
    });

    it('shares the clients of a server that is down among all others', () => {
      const status = allUp(5);
      const picker = pickerOf(serversOf([1, 1, 1, 1, 1]), status);
      const before = picksOf(picker, 10_000);
      setUp(status, 2, false);
      const moved = picksOf(picker, 10_000).filter((_, number) => before[number] === 2);
      const counts = countsOf(moved, 5);
      for (const index of [0, 1, 3, 4]) assert.ok(counts[index]! > moved.length / 6, counts.join());
    });

    it('hardly moves clients of others when a server joins or leaves the configuration', () => {
      fc.assert(
        fc.property(weightLists, fc.nat(), (weights, which) => {
          const servers = serversOf(weights);
          const gone = which % weights.length;
          const all = picksOf(pickerOf(servers), CLIENTS);
          const rest = servers.filter((_, index) => index !== gone);
          const status = allUp(weights.length);
          const without = picksOf(pickerOf(rest, status), CLIENTS).map((index) => rest[index]!.statusRow);
          const moved = without.filter((row, number) => all[number] !== gone && all[number] !== row).length;
          // Rendezvous moves nobody; Maglev few, which its authors have measured too.
          assert.ok(moved <= (strategy === 'hash' ? 0 : 0.12 * CLIENTS), `${moved} of ${CLIENTS}`);
        }),
        { numRuns: 20 },
      );
    });

    it('decides alike in every worker, whatever the order of the servers', () => {
      const lists = fc.array(fc.record({ weight: fc.integer({ min: 0, max: 4 }), host: fc.nat(6) }), {
        minLength: 1,
        maxLength: 12,
      });
      const orders = lists.chain((list) =>
        fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
      );
      fc.assert(
        fc.property(orders, ([list, shuffled]) => {
          // The same address may stand in a list several times, then with one row.
          const toServers = (some: typeof list): PickerServer[] =>
            some.map(({ weight, host }) => ({ weight, statusRow: host, identity: `s${host}:1` }));
          const [a, b] = [toServers(list), toServers(shuffled)];
          const facts = (servers: PickerServer[]) =>
            picksOf(pickerOf(servers, allUp(7)), 100).map((index) => servers[index]?.identity);
          assert.deepEqual(facts(a), facts(b));
        }),
        { numRuns: 40 },
      );
    });

    it('picks only servers that are up, have a weight and were not tried, and one whenever there is one', () => {
      const lists = fc.array(
        fc.record({ weight: fc.integer({ min: -1, max: 2 ** 30 }), up: fc.boolean(), tried: fc.boolean() }),
        { maxLength: 12 },
      );
      fc.assert(
        fc.property(lists, (list) => {
          const tried = new TriedServers();
          for (const [row, server] of list.entries()) if (server.tried) tried.add(row);
          const picker = pickerOf(serversOf(list.map(({ weight }) => weight)), statusOf(list.map(({ up }) => up)));
          const mayHave = (index: number) => list[index]!.weight > 0 && list[index]!.up && !list[index]!.tried;
          const possible = list.some((_, index) => mayHave(index));
          for (let number = 0; number < 20; number++) {
            const index = picker.pick(number === 0 ? undefined : client(number), tried);
            if (possible) assert.ok(mayHave(index));
            else assert.equal(index, -1);
          }
        }),
        { numRuns: 60 },
      );
    });

    it('takes an address of IPv4 for the same, mapped or not', () => {
      const picker = pickerOf(serversOf([1, 1, 1, 1, 1, 1, 1]));
      for (let number = 0; number < 50; number++) {
        assert.equal(picker.pick(client(number)), picker.pick(client(number).subarray(12)));
      }
    });

    it('gives a server that comes up part of its clients at first, and then all of them', () => {
      let now = 0;
      const status = allUp(4, () => now);
      now = 3_600_000;
      const servers = serversOf([1, 1, 1, 1]);
      const picker = createPicker(strategy, servers, status, { slowStart: { durationMs: 10_000, now: () => now } });
      const settled = picksOf(picker, CLIENTS);
      setUp(status, 3, false);
      const away = picksOf(picker, CLIENTS);
      setUp(status, 3, true);
      let before = -1;
      for (const [passed, part] of [
        [0, 0.1],
        [5_000, 0.55],
        [9_900, 0.99],
      ] as const) {
        now = 3_600_000 + passed;
        const picks = picksOf(picker, CLIENTS);
        const own = countsOf(picks, 4)[3]!;
        const full = countsOf(settled, 4)[3]!;
        assert.ok(own > before && Math.abs(own / full - part) < 0.15, `${own} of ${full} after ${passed} ms`);
        assert.ok(
          picks.every((index, number) => index === 3 || index === away[number]),
          'others keep theirs',
        );
        before = own;
      }
      now = 3_600_000 + 10_000;
      assert.deepEqual(picksOf(picker, CLIENTS), settled);
    });

    it('has the clients of each server where they belong when all servers have just come up', () => {
      const status = allUp(4, () => 0);
      const servers = serversOf([1, 1, 1, 1]);
      const slow = createPicker(strategy, servers, status, { slowStart: { durationMs: 10_000, now: () => 100 } });
      assert.deepEqual(picksOf(slow, 500), picksOf(pickerOf(servers), 500));
    });
  });
}
