// One run of a load generator with the processor time and memory of the proxy around it. Processor time is divided by the
// requests of exactly this run: it is read just before the generator starts and just after it has ended, while nobody else asks
// the proxy anything.

import type { AskProtocol } from '../load/ask-protocol.ts';
import { runH2load } from '../load/h2load.ts';
import type { LoadRequest } from '../load/load-request.ts';
import { runWrk } from '../load/wrk.ts';
import { errorsOf } from '../load/wrk-output.ts';
import type { Sample } from '../report/metrics.ts';
import type { Trial } from '../scenarios/scenario.ts';
import { cpuBetween, readCpu } from './cpu-time.ts';
import { readMemory } from './memory.ts';

const GIB = 2 ** 30;

export interface LoadShape {
  /** Default http. Those of HTTP/2 need `streams`. */
  readonly protocol?: AskProtocol;
  readonly request: LoadRequest;
  readonly connections: number;
  /** Requests of each connection at a time, in HTTP/2. Without: wrk, with one. */
  readonly streams?: number;
  /** Bytes of body that one request moves, up or down; for the time per GiB. */
  readonly bodyBytes?: number;
}

/** Load for a while, of which nothing is kept but an error. @throws Error when not one request was answered. */
export async function warmUp(trial: Trial, shape: LoadShape): Promise<void> {
  const { requests } = await run(trial, shape, trial.lab.timing.warmUpSeconds);
  if (requests === 0) throw new Error('no request was answered during the warm-up');
}

export async function measureLoad(trial: Trial, shape: LoadShape): Promise<Sample> {
  const { proxy, lab } = trial;
  const { bodyBytes } = shape;
  const before = readCpu(proxy.pid);
  const startedAt = performance.now();
  const { requests, durationUs, sample } = await run(trial, shape, lab.timing.seconds);
  const elapsedUs = (performance.now() - startedAt) * 1000;
  const { microseconds } = cpuBetween(before, readCpu(proxy.pid));
  if (requests === 0) throw new Error('no request was answered');
  const cpuUsPerRequest = microseconds / requests;
  return {
    requestsPerSecond: requests / (durationUs / 1e6),
    cpuUsPerRequest,
    ...(bodyBytes === undefined ? {} : { cpuSecondsPerGib: (cpuUsPerRequest / 1e6 / bodyBytes) * GIB }),
    coreShare: microseconds / elapsedUs,
    ...sample,
    ...readMemory(proxy.pid),
  };
}

interface LoadResult {
  readonly durationUs: number;
  readonly requests: number;
  /** Latencies and errors. */
  readonly sample: Sample;
}

async function run(trial: Trial, shape: LoadShape, seconds: number): Promise<LoadResult> {
  const { lab, proxy, folder } = trial;
  const { processes, cores, openFiles } = lab;
  const { protocol = 'http', request, connections, streams } = shape;
  const inTls = protocol === 'https' || protocol === 'h2';
  const options = { request, port: proxy.site.port, inTls, connections, seconds, cores: cores.load, openFiles, folder };
  if (streams === undefined) {
    const result = await runWrk(processes, options);
    const { durationUs, requests, p50Us, p99Us, p999Us } = result;
    return { durationUs, requests, sample: { p50Us, p99Us, p999Us, errors: errorsOf(result) } };
  }
  const { durationUs, requests, errors, meanUs, maxUs } = await runH2load(processes, { ...options, streams });
  return { durationUs, requests, sample: { meanUs, maxUs, errors } };
}
