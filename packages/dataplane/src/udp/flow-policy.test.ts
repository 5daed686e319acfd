// Flows of a transport that is the test's own: who gets which server, what is refused, and that everything taken is given back however
// a flow ends.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPicker, type PickerServer, type PickerStrategy, ServersService } from '@sluice/balancing';
import { CLIENT_KEY_WORDS, LimitsBlock, ServerHealth, ServerStatus } from '@sluice/shared-state';
import fc from 'fast-check';
import { ClientAdmission } from '../listen/client-admission.ts';
import { FlowCounts, FlowRefusal } from './flow-counts.ts';
import { type FlowEntryPoint, FlowPolicy } from './flow-policy.ts';

const SLOT = 1;
const SEATS = 2 ** 20;

/** Id of a generation on a seat. */
const id = (seat: number, generation = 1) => generation * SEATS + seat;

function client(number: number): Uint8Array {
  return Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, number >> 8, number & 0xff]);
}

interface Limits {
  readonly maxConnections?: number;
  readonly maxConnectionsPerClient?: number;
}

class Bench {
  readonly status: ServerStatus;
  readonly entryPoint: FlowEntryPoint;
  readonly policy: FlowPolicy<PickerServer>;
  readonly service: ServersService<PickerServer>;
  readonly block: LimitsBlock;
  /** What the transport was told, in order. */
  readonly told: string[] = [];
  /** Rows that cannot be sent to. */
  readonly unreachable = new Set<number>();
  /** Row of each open flow. */
  readonly routes = new Map<number, number>();

  constructor(servers: number, strategy: PickerStrategy = 'wrr', limits: Limits = {}) {
    this.status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(servers, 2)), 2);
    for (let row = 0; row < servers; row++) this.status.setHealth(row, ServerHealth.UP);
    const shape = { slots: 2, entryPoints: 3, serverRows: servers };
    const buffer = new ArrayBuffer(LimitsBlock.byteLength(shape));
    this.block = LimitsBlock.create(
      buffer,
      shape,
      Uint32Array.from({ length: CLIENT_KEY_WORDS }, (_, i) => i * 77),
    );
    const { maxConnections = 0, maxConnectionsPerClient = 0 } = limits;
    const own = { maxConnections, maxConnectionsPerClient } as ConstructorParameters<typeof ClientAdmission>[3];
    this.entryPoint = { admission: new ClientAdmission(this.block, 2, SLOT, own), counts: new FlowCounts() };
    const list = Array.from(
      { length: servers },
      (_, statusRow): PickerServer => ({
        statusRow,
        weight: 1,
        identity: `s${statusRow}`,
      }),
    );
    const picker = createPicker(strategy, list, this.status, { random: () => 0 });
    this.service = new ServersService(list, picker, this.status);
    this.policy = new FlowPolicy({ slot: SLOT, status: this.status, commands: this.transport() });
  }

  come(flow: number, from: number): number | undefined {
    this.policy.onNew(flow, this.entryPoint, client(from), this.service);
    return this.routes.get(flow);
  }

  end(flow: number, byServer = false): void {
    this.routes.delete(flow);
    this.policy.onClosed(flow, byServer);
  }

  private transport() {
    return {
      open: (flow: number, { statusRow }: PickerServer) => {
        if (this.unreachable.has(statusRow)) return false;
        this.routes.set(flow, statusRow);
        return true;
      },
      refuse: (flow: number) => this.told.push(`refuse ${flow}`),
      close: (flow: number) => {
        this.routes.delete(flow);
        this.told.push(`close ${flow}`);
      },
    };
  }
}

describe('new flows', () => {
  it('go to servers in turn, and count as in flight until they are over', () => {
    const bench = new Bench(3);
    assert.deepEqual(
      [0, 1, 2, 3].map((seat) => bench.come(id(seat), 1)),
      [0, 1, 2, 0],
    );
    assert.deepEqual([bench.status.inFlight(0), bench.policy.open], [2, 4]);
    bench.end(id(0));
    bench.end(id(0));
    assert.deepEqual([bench.status.inFlight(0), bench.policy.open], [1, 3]);
  });

  it('of one client go to one server where its address is hashed, as long as that is up', () => {
    const bench = new Bench(5, 'hash');
    const own = bench.come(id(0), 7)!;
    for (let seat = 1; seat < 20; seat++) assert.equal(bench.come(id(seat), 7), own);
    bench.status.setHealth(own, ServerHealth.DOWN);
    assert.notEqual(bench.come(id(30), 7), own);
  });

  it('try the next server when one cannot be sent to', () => {
    const bench = new Bench(3);
    bench.unreachable.add(0).add(1);
    assert.equal(bench.come(id(0), 1), 2);
    assert.deepEqual([bench.entryPoint.counts.serversFailed, bench.status.inFlight(0)], [2, 0]);
  });

  it('are refused without a server, without a router, while the worker leaves: nothing is left behind', () => {
    const bench = new Bench(2, 'wrr', { maxConnections: 1, maxConnectionsPerClient: 1 });
    bench.unreachable.add(0).add(1);
    bench.come(id(0), 1);
    bench.policy.onNew(id(1), bench.entryPoint, client(1), undefined);
    bench.unreachable.clear();
    assert.equal(bench.come(id(2), 1), 0, 'the refused ones do not count');
    bench.end(id(2));
    bench.policy.drain();
    bench.come(id(3), 1);
    const { refused } = bench.entryPoint.counts;
    assert.deepEqual([refused[FlowRefusal.NO_SERVER], refused[FlowRefusal.DRAINING]], [2, 1]);
    assert.deepEqual(
      bench.told,
      [id(0), id(1), id(3)].map((flow) => `refuse ${flow}`),
    );
    assert.equal(bench.block.entryPoints.sum(2), 0);
  });

  it('are limited for each client and in all, over all workers', () => {
    const bench = new Bench(1, 'wrr', { maxConnections: 4, maxConnectionsPerClient: 2 });
    bench.block.clients.tryAdd(2, client(1), 0, 10);
    assert.equal(bench.come(id(0), 1), 0);
    assert.equal(bench.come(id(1), 1), undefined, 'another worker has one of this client');
    for (const seat of [2, 3, 4]) assert.equal(bench.come(id(seat), seat), 0);
    assert.equal(bench.come(id(5), 5), undefined);
    const { refused } = bench.entryPoint.counts;
    assert.deepEqual([refused[FlowRefusal.CLIENT_MAX], refused[FlowRefusal.FLOWS_MAX]], [1, 1]);
    bench.end(id(0));
    assert.equal(bench.come(id(6), 1), 0);
  });
});

describe('flows that end', () => {
  it('are known by their generation: a late end of an earlier flow on the seat does nothing', () => {
    const bench = new Bench(1);
    bench.come(id(3, 1), 1);
    bench.come(id(3, 2), 2);
    assert.deepEqual([bench.policy.open, bench.status.inFlight(0)], [1, 1], 'the first one was given back');
    bench.end(id(3, 1));
    assert.equal(bench.policy.open, 1);
    bench.end(id(3, 2), true);
    const { opened, ended, endedByServer } = bench.entryPoint.counts;
    assert.deepEqual([bench.policy.open, opened, ended, endedByServer], [0, 2, 2, 1]);
  });

  it('do so when their server goes down, some at a time', () => {
    const bench = new Bench(2);
    for (let seat = 0; seat < 10; seat++) bench.come(id(seat), seat);
    bench.status.setHealth(1, ServerHealth.DOWN);
    assert.equal(bench.policy.endThoseDown(4), 2);
    assert.equal(bench.policy.endThoseDown(100), 3);
    assert.equal(bench.policy.endThoseDown(100), 0);
    assert.deepEqual(new Set(bench.routes.values()), new Set([0]));
    assert.deepEqual([bench.policy.open, bench.status.inFlight(1), bench.told.length], [5, 0, 5]);
    bench.policy.onClosed(id(1), false);
    assert.equal(bench.policy.open, 5, 'the report of what was closed here');
    assert.equal(new Bench(1).policy.endThoseDown(10), 0);
  });

  it('give back all they had, in whatever order things happen', () => {
    const step = fc.record({
      kind: fc.constantFrom('come', 'come', 'end', 'down', 'up', 'look', 'lost'),
      seat: fc.nat(600),
      from: fc.nat(5),
      row: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const bench = new Bench(3, 'maglev', { maxConnections: 50, maxConnectionsPerClient: 12 });
        const generations = new Map<number, number>();
        for (const { kind, seat, from, row } of steps) {
          const generation = generations.get(seat) ?? 0;
          if (kind === 'come' || kind === 'lost') {
            generations.set(seat, generation + 1);
            bench.routes.delete(id(seat, generation));
            if (kind === 'lost') bench.unreachable.add(row);
            bench.come(id(seat, generation + 1), from);
            bench.unreachable.clear();
          } else if (kind === 'end') bench.end(id(seat, generation), true);
          else if (kind === 'look') bench.policy.endThoseDown(300);
          else bench.status.setHealth(row, kind === 'up' ? ServerHealth.UP : ServerHealth.DOWN);
          assert.equal(bench.policy.open, bench.routes.size);
          assert.equal(bench.block.entryPoints.sum(2), bench.routes.size);
        }
        for (const flow of [...bench.routes.keys()]) bench.end(flow);
        for (let row = 0; row < 3; row++) assert.equal(bench.status.inFlight(row), 0);
        for (let from = 0; from <= 5; from++) assert.equal(bench.block.clients.count(2, client(from)), 0);
        const { opened, ended } = bench.entryPoint.counts;
        assert.equal(opened, ended);
      }),
      { numRuns: 60 },
    );
  });
});
