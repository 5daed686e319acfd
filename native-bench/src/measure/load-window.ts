// One run of wrk with the processor time and memory of the proxy around it. Processor time is divided by the requests of
// exactly this run: it is read just before wrk starts and just after it has ended, while nobody else asks the proxy anything.

import type { LoadRequest } from '../load/load-request.ts';
import { runWrk } from '../load/wrk.ts';
import { errorsOf } from '../load/wrk-output.ts';
import type { Sample } from '../report/metrics.ts';
import type { Trial } from '../scenarios/scenario.ts';
import { cpuBetween, readCpu } from './cpu-time.ts';
import { readMemory } from './memory.ts';

const GIB = 2 ** 30;

export interface LoadShape {
  readonly request: LoadRequest;
  readonly connections: number;
  /** Bytes of body that one request moves, up or down; for the time per GiB. */
  readonly bodyBytes?: number;
}

/** Load for a while, of which nothing is kept but an error. @throws Error when not one request was answered. */
export async function warmUp(trial: Trial, { request, connections }: LoadShape): Promise<void> {
  const { requests } = await run(trial, request, connections, trial.lab.timing.warmUpSeconds);
  if (requests === 0) throw new Error('no request was answered during the warm-up');
}

export async function measureLoad(trial: Trial, { request, connections, bodyBytes }: LoadShape): Promise<Sample> {
  const { proxy, lab } = trial;
  const before = readCpu(proxy.pid);
  const startedAt = performance.now();
  const result = await run(trial, request, connections, lab.timing.seconds);
  const elapsedUs = (performance.now() - startedAt) * 1000;
  const { microseconds } = cpuBetween(before, readCpu(proxy.pid));
  if (result.requests === 0) throw new Error('no request was answered');
  const cpuUsPerRequest = microseconds / result.requests;
  return {
    requestsPerSecond: result.requests / (result.durationUs / 1e6),
    cpuUsPerRequest,
    ...(bodyBytes === undefined ? {} : { cpuSecondsPerGib: (cpuUsPerRequest / 1e6 / bodyBytes) * GIB }),
    coreShare: microseconds / elapsedUs,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    p999Us: result.p999Us,
    ...readMemory(proxy.pid),
    errors: errorsOf(result),
  };
}

function run({ lab, proxy, folder }: Trial, request: LoadRequest, connections: number, seconds: number) {
  const { processes, cores, openFiles } = lab;
  const { port } = proxy.site;
  return runWrk(processes, { request, port, connections, seconds, cores: cores.load, openFiles, folder });
}
