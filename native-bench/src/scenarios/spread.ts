// How a few long-lived connections lie on several workers. Each measurement opens them again and again, as where the kernel puts
// one depends on its port: the worst opening tells what a user may meet, the mean what is usual.

import { join } from 'node:path';
import { LineClient } from '../load/line-client.ts';
import { clientsByProcess, unevenness } from '../measure/client-spread.ts';
import type { Sample } from '../report/metrics.ts';
import { PLAIN_SITE, type Scenario, type Trial } from './scenario.ts';

const CONNECTIONS = 64;
const OPENINGS = 20;
/** What the openings of one measurement take. */
const OPENINGS_SECONDS = 5;

const PROGRAM = join(import.meta.dirname, '../load/idle-main.ts');

export const SPREAD_SCENARIOS: readonly Scenario[] = [2, 8].map((workers) => ({
  name: `spread-${workers}`,
  summary: `${CONNECTIONS} kept-alive connections over ${workers} workers, opened ${OPENINGS} times: the fullest worker, in multiples of the mean`,
  upstream: 'static',
  metrics: ['spreadMean', 'spreadWorst'],
  subjects: (proxies) => proxies.map((kind) => ({ kind, variant: '', site: { ...PLAIN_SITE, workers }, cores: 'two' })),
  measure: (trial) => measureSpread(trial, workers),
  loadSeconds: () => OPENINGS_SECONDS,
}));

async function measureSpread(trial: Trial, workers: number): Promise<Sample> {
  const found: number[] = [];
  for (let i = 0; i < OPENINGS; i++) found.push(await openOnce(trial, workers));
  return { spreadMean: found.reduce((sum, value) => sum + value, 0) / OPENINGS, spreadWorst: Math.max(...found) };
}

async function openOnce({ lab, proxy, folder }: Trial, workers: number): Promise<number> {
  const process = await lab.processes.start({
    command: [globalThis.process.execPath, PROGRAM, String(proxy.site.port), String(CONNECTIONS)],
    cores: lab.cores.load,
    openFiles: lab.openFiles,
    folder,
  });
  try {
    await new LineClient(process).next();
    return unevenness(clientsByProcess(proxy.pid, proxy.site.port), workers);
  } finally {
    await process.stop();
  }
}
