// Snapshot plans for matcher tests: routers in the order given, one service, nothing else.

import { compileRule } from '../../src/plan/compiled-rule.ts';
import type { RouterPlan, SnapshotPlan } from '../../src/plan/snapshot-plan.ts';

export interface TestRouter {
  readonly name: string;
  readonly rule: string;
  /** Default 0. */
  readonly entryPoint?: number;
}

/** Two entry points, `web` and `other`; routers of `other` must come last. */
export function planOf(routers: readonly TestRouter[], revision = 1): SnapshotPlan {
  return {
    revision,
    entryPoints: [
      { name: 'web', configurationJson: '{}' },
      { name: 'other', configurationJson: '{}' },
    ],
    routers: routers.map(({ name, rule, entryPoint = 0 }): RouterPlan => {
      const compiled = compileRule(rule);
      return {
        entryPoint,
        name,
        rule: compiled,
        priority: BigInt(compiled.byteLength),
        middlewares: [],
        service: 0,
        deniedEncodedCharacters: 0,
        observedSignals: 0,
      };
    }),
    middlewares: [],
    services: [{ name: 's@file', strategy: 'wrr', passHostHeader: true, serversTransport: 0, servers: [], hash: 'h' }],
    serversTransports: [],
  };
}
