// Whatever the changes that led to it, the snapshot says what a fresh compilation of the same configuration says.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { HttpConfiguration, TcpConfiguration, TcpServiceConfiguration, UdpConfiguration } from '@sluice/config';
import fc from 'fast-check';
import {
  arbitraryConnection,
  arbitraryRequest,
  arbitraryRule,
  arbitraryTcpRule,
} from '../../test/support/arbitrary-routing.ts';
import { compilationInput, entryPoint, router, rowsOf, service } from '../../test/support/test-configuration.ts';
import { requestView } from '../../test/support/test-request.ts';
import { connectionView, routerTls, tcpRouter, tcpService } from '../../test/support/test-streams.ts';
import { streamServerKey } from '../plan/compilation-input.ts';
import { joinPieces } from '../snapshot/snapshot-assembly.ts';
import { SnapshotMatcher } from '../snapshot/snapshot-matcher.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { verifySnapshot } from '../snapshot/snapshot-verification.ts';
import { compileConfiguration } from './compile-configuration.ts';
import { deltaBetween, EMPTY_STATE } from './configuration-delta.ts';
import { IncrementalCompiler } from './incremental-compiler.ts';

const tls = (options: string) => ({ options, certResolver: '', domains: [] });
const entryPoints = {
  web: entryPoint(),
  modelled: entryPoint({ middlewares: ['m1@file'] }),
  secured: entryPoint({ tls: tls('strict@file') }),
  dns: { ...entryPoint(), address: ':53/udp' },
};

const arbitraryHttp: fc.Arbitrary<HttpConfiguration> = fc.record({
  routers: fc.dictionary(
    fc.constantFrom('a@file', 'b@file', 'c@docker', 'd@file'),
    fc
      .record({
        rule: fc.oneof({ weight: 9, arbitrary: arbitraryRule }, fc.constant('broken(')),
        service: fc.constantFrom('s1@file', 's2@file', 's3@file'),
        middlewares: fc.array(fc.constantFrom('m1@file', 'm2@file', 'c@file'), { maxLength: 2 }),
        priority: fc.constantFrom(0n, 5n),
        options: fc.constantFrom(undefined, '', 'strict@file', 'other@file'),
      })
      .map(({ rule, options, ...more }) => router(rule, options === undefined ? more : { ...more, tls: tls(options) })),
  ),
  services: fc.dictionary(
    fc.constantFrom('s1@file', 's2@file', 's3@file'),
    fc
      .tuple(fc.subarray(['http://10.0.0.1', 'http://10.0.0.2:81/x']), fc.constantFrom('', 't@file'))
      .map(([urls, serversTransport]) => service(urls, { serversTransport })),
  ),
  middlewares: fc.dictionary(
    fc.constantFrom('m1@file', 'm2@file', 'c@file'),
    fc.constantFrom(
      { type: 'addPrefix', options: { prefix: '/x' } },
      { type: 'chain', options: { middlewares: ['m2@file'] } },
    ),
  ),
  serversTransports: fc.dictionary(
    fc.constant('t@file'),
    fc.constant({
      maxIdleConnsPerHost: 1,
      maxConnsPerServer: 4,
      maxQueuedPerServer: 5,
      forwardingTimeouts: { dialTimeout: 1, queueTimeout: 6, responseHeaderTimeout: 2, idleConnTimeout: 3 },
    }),
  ),
});

const weightedOf = (name: string): TcpServiceConfiguration => ({ weighted: { services: [{ name, weight: 2 }] } });
const arbitraryServices: fc.Arbitrary<Record<string, TcpServiceConfiguration>> = fc.dictionary(
  fc.constantFrom('s1@file', 's2@file', 's3@file'),
  fc.oneof(
    fc
      .tuple(fc.subarray(['10.0.0.1:1', '[::1]:2']), fc.constantFrom('', 't@file'))
      .map(([addresses, serversTransport]) => tcpService(addresses, { serversTransport })),
    fc.constantFrom('s1@file', 's2@file', 'gone@file').map(weightedOf),
  ),
);

const arbitraryTcp: fc.Arbitrary<TcpConfiguration> = fc.record({
  routers: fc.dictionary(
    fc.constantFrom('a@file', 'b@file', 'c@docker', 'd@file'),
    fc
      .record({
        rule: arbitraryTcpRule,
        service: fc.constantFrom('s1@file', 's2@file', 's3@file'),
        middlewares: fc.subarray(['m1@file', 'm2@file']),
        priority: fc.constantFrom(0n, 5n),
        mode: fc.constantFrom({}, { tls: routerTls() }, { tls: routerTls({ passthrough: true }) }),
      })
      .map(({ rule, mode, ...more }) => tcpRouter(rule, { ...more, ...mode })),
  ),
  services: arbitraryServices,
  middlewares: fc.dictionary(
    fc.constantFrom('m1@file', 'm2@file'),
    fc.nat(1).map((amount) => ({ type: 'inFlightConn', options: { amount } })),
  ),
  serversTransports: fc.dictionary(
    fc.constant('t@file'),
    fc.nat(1).map((dialTimeout) => ({ dialTimeout, dialKeepAlive: 1, terminationDelay: 2 })),
  ),
});

const arbitraryUdp: fc.Arbitrary<UdpConfiguration> = fc.record({
  routers: fc.dictionary(
    fc.constantFrom('a@file', 'b@file'),
    fc
      .constantFrom('', 'ClientIP(`192.0.2.0/24`)')
      .map((rule) => ({ entryPoints: [], rule, priority: 0n, service: 's1@file' })),
  ),
  services: fc.dictionary(
    fc.constantFrom('s1@file'),
    fc.nat(2).map((weight) => ({
      loadBalancer: { servers: [{ address: '10.0.0.1:53', weight }], strategy: 'wrr' as const },
    })),
  ),
});

function streamRows(tcp: TcpConfiguration, udp: UdpConfiguration): [string, number][] {
  const keys: string[] = [];
  for (const [protocol, { services }] of [
    ['tcp', tcp],
    ['udp', udp],
  ] as const) {
    for (const [name, { loadBalancer }] of Object.entries(services)) {
      for (const { address } of loadBalancer?.servers ?? []) keys.push(streamServerKey(protocol, name, address));
    }
  }
  return keys.map((key, row) => [key, 100 + row]);
}

const arbitraryUnusable = fc.record({
  routers: fc.subarray(['a@file', 'b@file']).map((names) => new Set(names)),
  entryPoints: fc.subarray(['secured']).map((names) => new Set(names)),
});

/** Everything a snapshot says, indices resolved to what they stand for. */
function content(bytes: Uint8Array): unknown {
  const reader = SnapshotReader.open(bytes);
  verifySnapshot(reader);
  const list = <Item>(count: number, read: (index: number) => Item) => Array.from({ length: count }, (_, i) => read(i));
  const serviceOf = (index: number) => {
    const { index: _, serversTransport, ...rest } = reader.service(index);
    return { ...rest, transport: reader.serversTransport(serversTransport).name };
  };
  const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
  const tcpServiceOf = (index: number): unknown => {
    const service = reader.tcpService(index);
    const { index: _, ...rest } = service;
    if (service.kind === 'servers') return { ...rest, transport: reader.tcpTransport(service.transport).name };
    if (service.kind === 'failover') return rest;
    return { ...rest, children: service.children.map((child) => [child.weight, child.name]) };
  };
  const byJson = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  return {
    tcpRouters: list(reader.tcpRouterCount, (i) => {
      const { service, middlewares, ...rest } = reader.tcpRouter(i);
      const names = middlewares.map((m) => reader.tcpMiddleware(m).name);
      return { ...rest, service: tcpServiceOf(service), middlewares: names };
    }),
    tcpServices: list(reader.tcpServiceCount, tcpServiceOf).sort(byJson),
    tcpMiddlewares: list(reader.tcpMiddlewareCount, (i) => ({ ...reader.tcpMiddleware(i), index: 0 })).sort(byName),
    tcpTransports: list(reader.tcpTransportCount, (i) => ({ ...reader.tcpTransport(i), index: 0 })).sort(byName),
    udpRouters: list(reader.udpRouterCount, (i) => {
      const { service, ...rest } = reader.udpRouter(i);
      return { ...rest, service: { ...reader.udpService(service), index: 0 } };
    }),
    udpServices: list(reader.udpServiceCount, (i) => ({ ...reader.udpService(i), index: 0 })).sort(byName),
    tables: list(reader.entryPointCount, (i) => ({ ...reader.tcpTables(i), udp: reader.udpIndex(i) })),
    revision: reader.revision,
    entryPoints: list(reader.entryPointCount, (i) => ({ ...reader.entryPointTls(i), index: reader.securedIndex(i) })),
    routers: list(reader.routerCount, (i) => {
      const { service, middlewares, ...rest } = reader.router(i);
      return { ...rest, service: serviceOf(service), middlewares: middlewares.map((m) => reader.middleware(m).name) };
    }),
    services: list(reader.serviceCount, serviceOf).sort(byName),
    middlewares: list(reader.middlewareCount, (i) => ({ ...reader.middleware(i), index: 0 })).sort(byName),
    transports: list(reader.serversTransportCount, (i) => ({ ...reader.serversTransport(i), index: 0 })).sort(byName),
  };
}

it('incremental compilation agrees with compilation from nothing', () => {
  const property = fc.property(
    fc.array(fc.tuple(arbitraryHttp, fc.nat(1), arbitraryUnusable, arbitraryTcp, arbitraryUdp), {
      minLength: 2,
      maxLength: 6,
    }),
    fc.array(arbitraryRequest, { minLength: 4, maxLength: 4 }),
    fc.array(arbitraryConnection, { minLength: 4, maxLength: 4 }),
    (steps, requests, connections) => {
      const { providerPrecedence, defaultServersTransport } = compilationInput({});
      const compiler = new IncrementalCompiler({ entryPoints, providerPrecedence, defaultServersTransport });
      let state = EMPTY_STATE;
      steps.forEach(([http, rowShift, unusable, tcp, udp], revision) => {
        const all = [...rowsOf(http), ...streamRows(tcp, udp)];
        const rows = new Map(all.map(([key, row]) => [key, row + rowShift * 10]));
        const next = { http, tcp, udp, rows };
        const { pieces, diagnostics } = compiler.compile(deltaBetween(state, next), revision, { unusable });
        state = next;
        const bytes = joinPieces(pieces);
        const fresh = compileConfiguration(
          compilationInput(http, {
            ...{ tcp, udp, entryPoints, revision },
            statusRow: (key) => rows.get(key)!,
            tls: { unusable },
          }),
        );
        assert.deepEqual(content(bytes), content(fresh.bytes));
        const sorted = (list: typeof diagnostics) => list.map((entry) => JSON.stringify(entry)).sort();
        assert.deepEqual(sorted(diagnostics), sorted(fresh.diagnostics));
        const [one, two] = [bytes, fresh.bytes].map((each) => new SnapshotMatcher(SnapshotReader.open(each)));
        for (const request of requests) {
          for (const matchIndex of [0, 4, 6]) {
            assert.equal(one!.match(matchIndex, requestView(request)), two!.match(matchIndex, requestView(request)));
          }
        }
        for (const connection of connections.map(connectionView)) {
          for (let matchIndex = 8; matchIndex < 16; matchIndex++) {
            assert.equal(one!.matchTcp(matchIndex, connection), two!.matchTcp(matchIndex, connection));
          }
          assert.equal(one!.matchUdp(19, connection), two!.matchUdp(19, connection));
        }
      });
    },
  );
  fc.assert(property, { seed: 1, numRuns: 150 });
});

it('strings of objects that are gone do not pile up', () => {
  const { providerPrecedence, defaultServersTransport } = compilationInput({});
  const compiler = new IncrementalCompiler({ entryPoints, providerPrecedence, defaultServersTransport });
  let state = EMPTY_STATE;
  let largest = 0;
  for (let revision = 1; revision <= 60; revision++) {
    const names = Array.from({ length: 500 }, (_, i) => `r${revision}x${i}@file`);
    const routers = Object.fromEntries(names.map((name) => [name, router(`Host(\`${name}\`)`)]));
    const http = { ...compilationInput({}).http, routers };
    const next = { http, rows: rowsOf(http) };
    largest = Math.max(largest, compiler.compile(deltaBetween(state, next), revision).counts.bytes);
    state = next;
  }
  const fresh = compileConfiguration(compilationInput(state.http)).bytes.byteLength;
  assert.ok(largest < fresh * 12, `${largest} bytes where ${fresh} would do`);
});
