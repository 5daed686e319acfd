// A real database behind a proxy of TCP: what its clients get, beside those that ask it directly. The database and its clients need most
// of the time, so the rates are close to each other; processor time of the proxy for each transaction is what differs.

import { askPostgres } from '../load/ask-postgres.ts';
import { PGBENCH, runPgbench } from '../load/pgbench.ts';
import { cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { readMemory } from '../measure/memory.ts';
import { direct } from '../proxies/direct.ts';
import type { Sample } from '../report/metrics.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

const CLIENTS = 16;

export const DATABASE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'pgbench',
    summary: `PostgreSQL: ${CLIENTS} clients of pgbench, its select-only script as prepared statements`,
    upstream: 'postgres',
    tools: [PGBENCH],
    metrics: ['transactionsPerSecond', 'cpuUsPerTransaction', 'coreShare', 'meanUs', 'pssBytes', 'rssBytes', 'errors'],
    subjects: (proxies) => oneEach([...proxies, direct], { downstream: 'tcp' }),
    measure: measurePgbench,
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds,
  },
];

async function measurePgbench({ lab, proxy }: Trial): Promise<Sample> {
  const { port } = proxy.site;
  const { seconds, warmUpSeconds } = lab.timing;
  await askPostgres(port);
  await runPgbench(lab, port, CLIENTS, warmUpSeconds);
  const before = readCpu(proxy.pid);
  const { transactions, failed, transactionsPerSecond, meanUs } = await runPgbench(lab, port, CLIENTS, seconds);
  const { microseconds } = cpuBetween(before, readCpu(proxy.pid));
  if (transactions === 0) throw new Error('not one transaction succeeded');
  const load = { transactionsPerSecond, meanUs, errors: failed };
  if (proxy.kind.isAbsent === true) return load;
  return {
    ...load,
    cpuUsPerTransaction: microseconds / transactions,
    coreShare: microseconds / (seconds * 1e6),
    ...readMemory(proxy.pid),
  };
}
