// Connections that are open and silent: what each costs in memory, and whether load beside them suffers.
// Memory of the processes only: what the kernel keeps for a socket is in no process and is the same for every proxy.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LineClient } from '../load/line-client.ts';
import { type LoadShape, measureLoad, warmUp } from '../measure/load-window.ts';
import { readMemory } from '../measure/memory.ts';
import type { Sample } from '../report/metrics.ts';
import { SMALL_LOAD } from './http.ts';
import { HTTPS_SMALL_LOAD } from './https.ts';
import { LOAD_METRICS } from './load-scenario.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

/** Before memory is read: buffers of finished work are given back. */
const SETTLE_MS = 1_000;
/** Besides the idle ones: descriptors of servers, listeners, files. */
const DESCRIPTORS_APART = 1_000;

const PROGRAM = join(import.meta.dirname, '../load/idle-main.ts');

const COUNTS = [1_000, 10_000];
const TLS_COUNT = 5_000;

export const IDLE_SCENARIOS: readonly Scenario[] = [
  ...COUNTS.map((count) => idleScenario(`idle-${count}`, count, 'idle connections', 'http')),
  idleScenario(`idle-tls-${TLS_COUNT}`, TLS_COUNT, 'idle TLS connections (HTTP/1.1)', 'tls'),
];

function idleScenario(name: string, count: number, what: string, downstream: 'http' | 'tls'): Scenario {
  const load = downstream === 'tls' ? HTTPS_SMALL_LOAD : SMALL_LOAD;
  return {
    name,
    summary: `${count} ${what}: memory for each, and load over 64 others beside them`,
    upstream: 'static',
    metrics: ['idleBytesPerConnection', 'idleConnections', 'idleLost', ...LOAD_METRICS],
    subjects: (proxies) => oneEach(proxies, { connectionsMax: count + 1_000, downstream }),
    measure: (trial) => measureIdle(trial, Math.min(count, fitting(trial)), load),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds + 5,
  };
}

/** Sluice gives half of its descriptors to clients. Where fewer than wanted fit, all proxies get fewer. */
function fitting({ lab }: Trial): number {
  return Math.floor(lab.openFiles / 2) - DESCRIPTORS_APART / 2;
}

async function measureIdle(trial: Trial, count: number, load: LoadShape): Promise<Sample> {
  const { lab, proxy, folder } = trial;
  await warmUp(trial, load);
  await sleep(SETTLE_MS);
  const before = readMemory(proxy.pid);
  const process = await lab.processes.start({
    command: [globalThis.process.execPath, PROGRAM, String(proxy.site.port), String(count), proxy.site.downstream],
    cores: lab.cores.load,
    openFiles: lab.openFiles,
    folder,
  });
  try {
    const client = new LineClient(process);
    await client.next();
    await sleep(SETTLE_MS);
    const after = readMemory(proxy.pid);
    const sample = await measureLoad(trial, load);
    client.endInput();
    const idleLost = Number((await client.next()).replace('lost ', ''));
    const idleBytesPerConnection = (after.pssBytes - before.pssBytes) / count;
    return { ...sample, idleBytesPerConnection, idleConnections: count, idleLost };
  } finally {
    await process.stop();
  }
}
