// What a second worker brings. Not pinned to one core: on a machine with four the two workers have two of their own, on a
// smaller one they share all with the load, and the result says as much about the load as about the proxy.

import type { ProxyKind } from '../proxies/proxy.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { SMALL_LOAD } from './http.ts';
import { loadScenario } from './load-scenario.ts';
import { PLAIN_SITE, type Scenario, type Subject } from './scenario.ts';

/** Twice as many as elsewhere: both workers are to have work at every moment. */
const CONNECTIONS = 128;

export const TWO_WORKERS: Scenario = loadScenario({
  name: 'two-workers',
  summary: 'small answers with one and with two workers, not pinned to one core; 128 connections',
  load: { ...SMALL_LOAD, connections: CONNECTIONS },
  answerBytes: SMALL_ANSWER.length,
  subjects: (proxies) => proxies.flatMap((kind) => [withWorkers(kind, 1), withWorkers(kind, 2)]),
});

function withWorkers(kind: ProxyKind, workers: number): Subject {
  const variant = workers === 1 ? '1 worker' : `${workers} workers`;
  return { kind, variant, site: { ...PLAIN_SITE, workers }, cores: 'two' };
}
