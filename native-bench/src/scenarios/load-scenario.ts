// The common kind of scenario: one request, sent by a load generator over and over, to every proxy in the same configuration.
// Which requests there are is in the files that call this.

import { H2LOAD } from '../load/h2load.ts';
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
  /** Fields it must have, trailers included. */
  readonly answerFields?: readonly string[];
  readonly answerValues?: Readonly<Record<string, string>>;
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

/** h2load tells no quantiles. */
const STREAMS_METRICS: readonly Metric[] = [
  'requestsPerSecond',
  'cpuUsPerRequest',
  'coreShare',
  'meanUs',
  'maxUs',
  'pssBytes',
  'rssBytes',
  'errors',
];

export function loadScenario(options: LoadScenario): Scenario {
  const { name, summary, upstream = 'static', load, moreMetrics = [], site } = options;
  const perGib: Metric[] = load.bodyBytes === undefined ? [] : ['cpuSecondsPerGib'];
  const ofStreams = load.streams !== undefined;
  const [first, second, ...rest] = ofStreams ? STREAMS_METRICS : LOAD_METRICS;
  return {
    name,
    summary,
    upstream,
    ...(ofStreams ? { tools: [H2LOAD] } : {}),
    metrics: [first!, second!, ...perGib, ...rest, ...moreMetrics],
    subjects: options.subjects ?? ((proxies) => oneEach(proxies, site)),
    measure: (trial) => measureOnce(trial, options),
    loadSeconds: (seconds, warmUpSeconds) => seconds + warmUpSeconds,
  };
}

async function measureOnce(trial: Trial, options: LoadScenario): Promise<Sample> {
  const { load, answerBytes, answerFields = [], answerValues = {} } = options;
  const { request, protocol = 'http' } = load;
  const expected: Expectation = {
    protocol,
    request,
    bodyBytes: answerBytes,
    fields: answerFields,
    values: answerValues,
  };
  await checkAnswer(trial.proxy.site.port, expected);
  await warmUp(trial, load);
  const sample = await measureLoad(trial, load);
  return { ...sample, startMs: trial.proxy.startMs };
}
