// Whatever the changes that led to it, the snapshot says what a fresh compilation of the same configuration says.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { HttpConfiguration } from '@sluice/config';
import fc from 'fast-check';
import { arbitraryRequest, arbitraryRule } from '../../test/support/arbitrary-routing.ts';
import { compilationInput, entryPoint, router, rowsOf, service } from '../../test/support/test-configuration.ts';
import { requestView } from '../../test/support/test-request.ts';
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
  return {
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
    fc.array(fc.tuple(arbitraryHttp, fc.nat(1), arbitraryUnusable), { minLength: 2, maxLength: 6 }),
    fc.array(arbitraryRequest, { minLength: 4, maxLength: 4 }),
    (steps, requests) => {
      const { providerPrecedence, defaultServersTransport } = compilationInput({});
      const compiler = new IncrementalCompiler({ entryPoints, providerPrecedence, defaultServersTransport });
      let state = EMPTY_STATE;
      steps.forEach(([http, rowShift, unusable], revision) => {
        const rows = new Map([...rowsOf(http)].map(([key, row]) => [key, row + rowShift * 10]));
        const { pieces, diagnostics } = compiler.compile(deltaBetween(state, { http, rows }), revision, { unusable });
        state = { http, rows };
        const bytes = joinPieces(pieces);
        const fresh = compileConfiguration(
          compilationInput(http, { entryPoints, revision, statusRow: (key) => rows.get(key)!, tls: { unusable } }),
        );
        assert.deepEqual(content(bytes), content(fresh.bytes));
        const sorted = (list: typeof diagnostics) => list.map((entry) => JSON.stringify(entry)).sort();
        assert.deepEqual(sorted(diagnostics), sorted(fresh.diagnostics));
        const [one, two] = [bytes, fresh.bytes].map((each) => new SnapshotMatcher(SnapshotReader.open(each)));
        for (const request of requests) {
          for (const matchIndex of [0, 3, 5]) {
            assert.equal(one!.match(matchIndex, requestView(request)), two!.match(matchIndex, requestView(request)));
          }
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
