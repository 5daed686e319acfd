// How the number of routers weighs on a request: the one asked for is the last of them.

import { get } from '../load/load-request.ts';
import { hostOf, numbers } from '../proxies/proxy.ts';
import { SMALL_ANSWER } from '../upstream/static-upstream.ts';
import { loadScenario } from './load-scenario.ts';
import { oneEach, type Scenario } from './scenario.ts';

const CONNECTIONS = 64;

export const ROUTER_SCENARIOS: readonly Scenario[] = [1, 1_000, 100_000].map((count) =>
  loadScenario({
    name: `routers-${count}`,
    summary: `${count} router(s) for a host each, all requests for the last one; 64 connections`,
    load: { request: get('/', { host: hostOf(count - 1) }), connections: CONNECTIONS },
    answerBytes: SMALL_ANSWER.length,
    // Made when asked for: a hundred thousand names are not needed to print a list of scenarios.
    subjects: (proxies) => oneEach(proxies, { hosts: numbers(count).map(hostOf) }),
    moreMetrics: ['startMs'],
  }),
);
