// Snapshot plans for matcher tests: routers in the order given, one service, nothing else.

import { compileRule } from '../../src/plan/compiled-rule.ts';
import type { RouterPlan, SnapshotPlan } from '../../src/plan/snapshot-plan.ts';
import { NO_STREAM_OBJECTS, NO_STREAMS } from '../../src/plan/stream-plan.ts';

export interface TestRouter {
  readonly name: string;
  readonly rule: string;
  /** Default 0: plain requests of `web`. */
  readonly matchIndex?: number;
}

/** Match indices of `web` and `other`, each for plain requests and those over TLS. */
export const MATCH_INDICES = [0, 1, 2, 3] as const;

/** Two entry points, `web` and `other`; routers come by match index. */
export function planOf(routers: readonly TestRouter[], revision = 1): SnapshotPlan {
  return {
    revision,
    entryPoints: [
      {
        name: 'web',
        configurationJson: '{}',
        securedIndex: 2,
        tls: { hosts: { 'a.com': 'x@file', '*.a.com': null, é: 'default' }, fallback: 'default' },
        streams: NO_STREAMS,
      },
      {
        name: 'other',
        configurationJson: '{}',
        securedIndex: 3,
        tls: { hosts: {}, fallback: null },
        streams: NO_STREAMS,
      },
    ],
    routers: routers.map(({ name, rule, matchIndex = 0 }): RouterPlan => {
      const compiled = compileRule(rule);
      return {
        matchIndex,
        name,
        rule: compiled,
        priority: BigInt(compiled.byteLength),
        middlewares: [],
        service: 0,
        deniedEncodedCharacters: 0,
        observedSignals: 0,
        tlsOptions: matchIndex < 2 ? '' : 'x@file',
      };
    }),
    middlewares: [],
    services: [{ name: 's@file', strategy: 'wrr', passHostHeader: true, serversTransport: 0, servers: [], hash: 'h' }],
    serversTransports: [],
    ...NO_STREAM_OBJECTS,
  };
}
