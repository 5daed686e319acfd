// The common kind of scenario: one request, sent by wrk over and over, to every proxy in the same configuration.

import { checkAnswer, type Expectation } from '../measure/check-answer.ts';
import { type LoadShape, measureLoad, warmUp } from '../measure/load-window.ts';
import type { ProxyKind } from '../proxies/proxy.ts';
import type { Metric, Sample } from '../report/metrics.ts';
import type { UpstreamName } from '../upstream/upstreams.ts';
import { oneEach, type Scenario, type SiteChoices, type Subject, type Trial } from './scenario.ts';

export interface LoadScenario {
  readonly name: string;
  readonly summary: string;
  /** Default static. */
  readonly upstream?: UpstreamName;
  readonly load: LoadShape;
  /** Of the answer. */
  readonly answerBytes: number;
  readonly answerFields?: readonly string[];
  readonly site?: Partial<SiteChoices>;
  /** Default: every proxy once, on one core. */
  readonly subjects?: (proxies: readonly ProxyKind[]) => Subject[];
  readonly moreMetrics?: readonly Metric[];
}

export const LOAD_METRICS: readonly Metric[] = [
  'requestsPerSecond',
  'cpuUsPerRequest',
  'coreShare',
  'p50Us',
  'p99Us',
  'p999Us',
  'pssBytes',
  'rssBytes',
  'errors',
];

export function loadScenario(options: LoadScenario): Scenario {
  const { name, summary, upstream = 'static', load, moreMetrics = [], site } = options;
  const perGib: Metric[] = load.bodyBytes === undefined ? [] : ['cpuSecondsPerGib'];
  const [first, second, ...rest] = LOAD_METRICS;
  return {
    name,
    summary,
    upstream,
    metrics: [first!, second!, ...perGib, ...rest, ...moreMetrics],
    subjects: options.subjects ?? ((proxies) => oneEach(proxies, site)),
    measure: (trial) => measureOnce(trial, options),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds,
  };
}

async function measureOnce(trial: Trial, options: LoadScenario): Promise<Sample> {
  const { load, answerBytes, answerFields = [] } = options;
  const expected: Expectation = { request: load.request, bodyBytes: answerBytes, fields: answerFields };
  await checkAnswer(trial.proxy.site.port, expected);
  await warmUp(trial, load);
  const sample = await measureLoad(trial, load);
  return { ...sample, startMs: trial.proxy.startMs };
}
