// Choosing a server, over real shared status; and the counters in it that every request touches.

import { createPicker, type PickerStrategy } from '@sluice/balancing';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import { numbers } from '../proxies/proxy.ts';
import type { MicroBenchmark, MicroGroup } from './micro-benchmark.ts';

const SLOTS = 4;
const STRATEGIES: readonly PickerStrategy[] = ['wrr', 'p2c', 'leastconn'];

export const PICKERS: MicroGroup = {
  title: 'pickers',
  make: () => [4, 64].flatMap((servers) => STRATEGIES.map((strategy) => pickerBenchmark(strategy, servers))),
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

function pickerBenchmark(strategy: PickerStrategy, count: number): MicroBenchmark {
  const status = statusOf(count);
  const servers = numbers(count).map((statusRow) => ({ weight: 1 + (statusRow % 3), statusRow }));
  const picker = createPicker(strategy, servers, status);
  return { name: `${strategy}, ${count} servers`, run: () => picker.pick() };
}

/** Shared as between processes: plain memory would be quicker. */
function statusOf(rows: number): ServerStatus {
  const memory = new SharedArrayBuffer(ServerStatus.byteLength(rows, SLOTS));
  const status = new ServerStatus(memory as unknown as ArrayBuffer, SLOTS);
  for (const row of numbers(rows)) status.reset(row, ServerHealth.UP);
  return status;
}
