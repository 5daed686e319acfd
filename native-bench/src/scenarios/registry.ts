// Every scenario, in the order of reports.

import { DATABASE_SCENARIOS } from './databases.ts';
import { HANDSHAKE_SCENARIOS } from './handshakes.ts';
import { HTTP_SCENARIOS, MIDDLEWARE_SCENARIOS } from './http.ts';
import { HTTP2_SCENARIOS } from './http2.ts';
import { HTTPS_SCENARIOS } from './https.ts';
import { IDLE_SCENARIOS } from './idle.ts';
import { RELOAD_SCENARIOS } from './reload.ts';
import { ROUTER_SCENARIOS } from './routers.ts';
import type { Scenario } from './scenario.ts';
import { SPREAD_SCENARIOS } from './spread.ts';
import { TCP_SCENARIOS } from './tcp.ts';
import { TWO_WORKERS } from './two-workers.ts';
import { UDP_SCENARIOS } from './udp.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...HTTP_SCENARIOS,
  ...HTTPS_SCENARIOS,
  ...HANDSHAKE_SCENARIOS,
  ...HTTP2_SCENARIOS,
  ...TCP_SCENARIOS,
  ...UDP_SCENARIOS,
  ...DATABASE_SCENARIOS,
  ...IDLE_SCENARIOS,
  ...ROUTER_SCENARIOS,
  ...MIDDLEWARE_SCENARIOS,
  ...RELOAD_SCENARIOS,
  TWO_WORKERS,
  ...SPREAD_SCENARIOS,
];

/** @throws Error naming what there is. */
export function scenariosNamed(names: readonly string[]): Scenario[] {
  return names.map((name) => {
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (scenario !== undefined) return scenario;
    throw new Error(`there is no scenario "${name}"; known: ${SCENARIOS.map((each) => each.name).join(', ')}`);
  });
}
