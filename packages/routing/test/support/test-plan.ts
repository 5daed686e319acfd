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

/** Match indices of plain TCP, TCP with TLS and UDP in `streamPlanOf`. */
export const STREAM_INDICES = { plain: 0, tls: 1, udp: 2 } as const;

/** One entry point with routers of TCP and UDP; of UDP those whose names begin with `u`, and they come last. */
export function streamPlanOf(routers: readonly TestRouter[]): SnapshotPlan {
  const base = planOf([{ name: 'http', rule: 'Path(`/`)', matchIndex: 3 }]);
  const planned = routers.map(({ name, rule, matchIndex = 0 }) => {
    const compiled = compileRule(rule, name.startsWith('u') ? 'udp' : 'tcp');
    const shared = { matchIndex, name, rule: compiled, priority: -1n, service: 0 };
    return { ...shared, tls: 'none' as const, tlsOptions: '', middlewares: [] };
  });
  const text = { name: 's@file', hash: 'h', json: '{"kind":"servers","servers":[]}' };
  return {
    ...base,
    entryPoints: [
      {
        ...base.entryPoints[0]!,
        streams: { ...NO_STREAMS, plainIndex: 0, tlsIndex: 1, udpIndex: 2, hasTlsRoutes: true },
      },
      base.entryPoints[1]!,
    ],
    tcpRouters: planned.filter(({ name }) => !name.startsWith('u')),
    udpRouters: planned.filter(({ name }) => name.startsWith('u')),
    tcpServices: [
      { text, transport: 0, children: [] },
      {
        text: { name: 'w@file', hash: 'h', json: '{"kind":"weighted","names":["s@file"],"weights":[1]}' },
        transport: -1,
        children: [0],
      },
      { text: { name: 'f@file', hash: 'h', json: '{"kind":"failover"}' }, transport: -1, children: [0, 1] },
    ],
    udpServices: [{ text: { ...text }, transport: -1, children: [] }],
    tcpTransports: [{ name: 't@file', hash: 'h', json: '{"dialTimeoutMs":1}' }],
    tcpMiddlewares: [{ name: 'm@file', type: 'inFlightConn', optionsJson: '{"amount":1}' }],
  };
}
