// Services made of services: shares, who is passed over, what is left for a connection that has tried some servers, and that neither a
// service that contains itself nor a very deep one does harm.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createPicker, TriedServers } from '../index.ts';
import type { PickerServer } from '../picker.ts';
import { client, countsOf, setUp, statusOf } from '../testing/picker-bench.ts';
import { type BalancedService, SERVICE_DEPTH_MAX } from './balanced-service.ts';
import { isProblem, ServiceBuilder, type ServiceDefinition } from './build-services.ts';
import { FailoverService } from './failover-service.ts';
import { ServersService } from './servers-service.ts';
import { WeightedService } from './weighted-service.ts';

/** Twenty rows, all up, and services over some of them. */
function bench(rows = 20) {
  const status = statusOf(Array(rows).fill(true));
  const over = (...own: number[]) => {
    const servers = own.map((statusRow): PickerServer => ({ weight: 1, statusRow, identity: `s${statusRow}:1` }));
    return new ServersService(servers, createPicker('wrr', servers, status, { random: () => 0 }), status);
  };
  const weighted = (...children: [BalancedService<PickerServer>, number][]) =>
    new WeightedService(
      children.map(([service, weight]) => ({ service, weight })),
      () => 0,
    );
  return { status, over, weighted };
}

const rowsOf = (service: BalancedService<PickerServer>, picks: number) =>
  Array.from({ length: picks }, (_, number) => service.pick(client(number))?.statusRow ?? -1);

describe('weighted services', () => {
  it('have shares by weight, and their servers have theirs', () => {
    const { over, weighted } = bench();
    const service = weighted([over(0, 1), 3], [over(2), 1], [over(3), 0]);
    assert.deepEqual(countsOf(rowsOf(service, 800), 4), [300, 300, 200, 0]);
  });

  it('are passed over without a healthy server, and have their share again afterwards, no more', () => {
    const { status, over, weighted } = bench();
    const service = weighted([over(0), 1], [over(1), 1]);
    setUp(status, 0, false);
    assert.deepEqual(countsOf(rowsOf(service, 500), 2), [0, 500]);
    setUp(status, 0, true);
    const [first, second] = countsOf(rowsOf(service, 10), 2);
    assert.ok(Math.abs(first! - second!) <= 2, `${first} and ${second}`);
    setUp(status, 0, false);
    setUp(status, 1, false);
    assert.equal(service.isHealthy(), false);
    assert.equal(service.pick(), undefined);
  });

  it('end where the classic algorithm does not: only a child without weight is healthy', () => {
    const { status, over, weighted } = bench();
    const service = weighted([over(0), 0], [over(1), 5]);
    setUp(status, 1, false);
    assert.equal(service.pick(), undefined);
    assert.equal(service.isHealthy(), false);
  });

  it('offer a connection each of their servers once', () => {
    const { over, weighted } = bench();
    const service = weighted([over(0, 1, 2), 5], [weighted([over(3), 1], [over(4, 5), 1]), 1]);
    const tried = new TriedServers();
    for (let server = service.pick(client(1), tried); server !== undefined; server = service.pick(client(1), tried)) {
      tried.add(server.statusRow);
      assert.ok(tried.count <= 6);
    }
    assert.equal(tried.count, 6);
  });
});

describe('servers with limits', () => {
  it('are passed over while they are full; where all are, the first one is waited for', () => {
    const status = statusOf([true, true, true, true]);
    const servers = [0, 1, 2, 3].map((statusRow): PickerServer => ({ weight: 1, statusRow }));
    const full = new Set<number>();
    for (const strategy of ['wrr', 'leastconn', 'hash', 'maglev'] as const) {
      full.clear();
      const picker = createPicker(strategy, servers, status, { random: () => 0 });
      const service = new ServersService(servers, picker, status, ({ statusRow }) => !full.has(statusRow));
      const tried = new TriedServers();
      tried.add(3);
      full.add(0).add(1);
      assert.deepEqual(new Set(rowsOf(service, 20)), new Set([2, 3]));
      for (let number = 0; number < 20; number++) assert.equal(service.pick(client(number), tried)?.statusRow, 2);
      full.add(2).add(3);
      const own = rowsOf(service, 20);
      assert.ok(own.every((row) => row !== -1));
      if (strategy === 'hash' || strategy === 'maglev') {
        full.clear();
        assert.deepEqual(rowsOf(service, 20), own, 'each client waits for its own server');
      }
      assert.deepEqual([tried.has(3), tried.count], [true, 1], 'what the connection has tried is its own');
    }
  });
});

describe('failover', () => {
  it('goes to the fallback while the main service has no healthy server, and back', () => {
    const { status, over } = bench();
    const service = new FailoverService(over(0, 1), over(2));
    assert.ok(!rowsOf(service, 10).includes(2));
    setUp(status, 0, false);
    assert.deepEqual(new Set(rowsOf(service, 10)), new Set([1]));
    setUp(status, 1, false);
    assert.deepEqual(new Set(rowsOf(service, 10)), new Set([2]));
    assert.ok(service.isHealthy());
    setUp(status, 2, false);
    assert.equal(service.pick(), undefined);
    assert.equal(service.isHealthy(), false);
    setUp(status, 0, true);
    assert.deepEqual(new Set(rowsOf(service, 10)), new Set([0]));
  });

  it('is what is left for a connection that has tried all of the main service', () => {
    const { over } = bench();
    const service = new FailoverService(over(0), over(1));
    const tried = new TriedServers();
    tried.add(0);
    assert.equal(service.pick(client(1), tried)?.statusRow, 1);
    assert.equal(service.pick(client(1))?.statusRow, 0);
  });
});

describe('services by name', () => {
  type Definition = ServiceDefinition<PickerServer, string>;
  const { over } = bench();
  const leaf = (row: number): Definition => ({ kind: 'ready', service: over(row) });
  const around = (name: string): Definition => ({ kind: 'weighted', children: [{ service: name, weight: 1 }] });
  const builder = (definitions: Readonly<Record<string, Definition>>) =>
    new ServiceBuilder((name: string) => definitions[name], { random: () => 0 });

  it('are made once, and from each other', () => {
    const services = builder({
      a: leaf(0),
      b: leaf(1),
      f: { kind: 'failover', service: 'a', fallback: 'w' },
      w: around('b'),
    });
    const made = services.obtain('f');
    assert.ok(!isProblem(made));
    assert.equal(made.depth, 3);
    assert.equal(made.pick()?.statusRow, 0);
    assert.equal(services.obtain('f'), made);
  });

  it('that contain themselves, or what is not there, are refused; others are not', () => {
    const services = builder({
      a: leaf(0),
      loop: { kind: 'failover', service: 'a', fallback: 'on' },
      on: around('loop'),
      lost: around('nowhere'),
      good: around('a'),
    });
    assert.deepEqual(services.obtain('loop'), { service: 'loop', problem: 'contains itself' });
    assert.deepEqual(services.obtain('on'), { service: 'loop', problem: 'contains itself' });
    assert.deepEqual(services.obtain('lost'), { service: 'nowhere', problem: 'missing' });
    assert.ok(!isProblem(services.obtain('good')));
  });

  it('may go so deep and no deeper, whichever is asked for first', () => {
    const definitions: Record<string, Definition> = { s0: leaf(0) };
    for (let level = 1; level < 1_000; level++) definitions[`s${level}`] = around(`s${level - 1}`);
    const deepest = SERVICE_DEPTH_MAX - 1;
    assert.ok(!isProblem(builder(definitions).obtain(`s${deepest}`)));
    for (const first of ['s0', `s${deepest}`, 's999']) {
      const services = builder(definitions);
      services.obtain(first);
      assert.ok(isProblem(services.obtain(`s${deepest + 1}`)), `after ${first}`);
      assert.ok(!isProblem(services.obtain(`s${deepest}`)), `after ${first}`);
    }
  });

  it('give a server whenever there is one, and never one that is down, whatever their shape', () => {
    const shape = fc.array(
      fc.record({
        kind: fc.constantFrom('weighted', 'failover'),
        parts: fc.array(fc.nat(), { minLength: 2, maxLength: 3 }),
        weight: fc.nat(3),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(shape, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (levels, health) => {
        const { status, over, weighted } = bench(4);
        for (const [row, up] of health.entries()) setUp(status, row, up);
        const services: BalancedService<PickerServer>[] = [over(0), over(1), over(2, 3), over()];
        for (const { kind, parts, weight } of levels) {
          const own = parts.map((part) => services[part % services.length]!);
          if (kind === 'failover') services.push(new FailoverService(own[0]!, own[1]!));
          else
            services.push(
              weighted(...own.map((service, at): [typeof service, number] => [service, at === 0 ? weight : 1])),
            );
        }
        for (const service of services) {
          for (let round = 0; round < 3; round++) {
            const server = service.pick(client(round));
            assert.equal(server !== undefined, service.isHealthy());
            if (server !== undefined) assert.ok(health[server.statusRow]);
          }
        }
      }),
    );
  });
});
