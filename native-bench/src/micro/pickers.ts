// Choosing a server, over real shared status; and the counters in it that every request touches.
// In-flight counts stand still: what is timed is the choice, not what comes of it.

import { createPicker, type PickerStrategy, TriedServers } from '@sluice/balancing';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import { numbers } from '../proxies/proxy.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const SLOTS = 4;
const STRATEGIES: readonly PickerStrategy[] = ['wrr', 'p2c', 'leastconn', 'hash', 'maglev'];
/** Clients that come in turn, as bytes of a socket for both families. */
const CLIENTS = 1_024;

export const PICKERS: MicroGroup = {
  title: 'pickers',
  make: () => [4, 64].flatMap((servers) => STRATEGIES.map((strategy) => pickerBenchmark(strategy, servers))),
};

/** What connections ask for beyond requests: the next server after one that failed, and servers that have just come up. */
export const CONNECTION_PICKERS: MicroGroup = {
  title: 'pickers of connections',
  make: () => [
    ...STRATEGIES.map((strategy) => pickerBenchmark(strategy, 8, { what: 'one tried', tried: true })),
    ...STRATEGIES.map((strategy) => pickerBenchmark(strategy, 8, { what: 'slow start', slowStart: true })),
    pickerBenchmark('maglev', 1_000, { what: '' }),
  ],
};

export const COUNTERS: MicroGroup = {
  title: 'shared counters',
  make: () => {
    const status = statusOf(4);
    const inAndOut = () => {
      status.addInFlight(1, 0, 1);
      status.addInFlight(1, 0, -1);
      return status;
    };
    return [
      { name: 'in flight, one up and one down', run: inAndOut },
      { name: `in flight, sum of ${SLOTS} slots`, run: () => status.inFlight(1) },
      { name: 'is it up?', run: () => status.isUp(1) },
    ];
  },
};

interface Beside {
  /** For the name; empty: nothing special. */
  readonly what: string;
  readonly tried?: boolean;
  readonly slowStart?: boolean;
}

function pickerBenchmark(strategy: PickerStrategy, count: number, beside: Beside = { what: '' }): MicroBenchmark {
  const status = statusOf(count);
  const servers = numbers(count).map((statusRow) => ({
    weight: 1 + (statusRow % 3),
    statusRow,
    identity: `10.0.0.${statusRow}:5432`,
  }));
  const options = beside.slowStart ? { slowStart: { durationMs: 3_600_000, now: () => 0 } } : {};
  const picker = createPicker(strategy, servers, status, options);
  const tried = beside.tried ? new TriedServers() : undefined;
  tried?.add(1);
  const keys = clients();
  let next = 0;
  const name = beside.what === '' ? `${strategy}, ${count} servers` : `${strategy}, ${count} servers, ${beside.what}`;
  return { name, run: () => picker.pick(keys[next++ % CLIENTS], tried) };
}

function clients(): Uint8Array[] {
  return numbers(CLIENTS).map((number) => {
    const bytes = new Uint8Array(16);
    bytes.set([0xff, 0xff, 10, 0, number >> 8, number & 0xff], 10);
    return bytes;
  });
}

/** Shared as between processes: plain memory would be quicker. */
function statusOf(rows: number): ServerStatus {
  const memory = new SharedArrayBuffer(ServerStatus.byteLength(rows, SLOTS));
  const status = new ServerStatus(memory as unknown as ArrayBuffer, SLOTS);
  for (const row of numbers(rows)) status.reset(row, ServerHealth.UP);
  return status;
}
