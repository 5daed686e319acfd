// TCP and UDP as a whole configuration gives them: what a worker reads back, and what each connection is matched to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouterConfiguration, TcpRouterConfiguration } from '@sluice/config';
import { entryPoint, router as httpRouter } from '../../test/support/test-configuration.ts';
import {
  connectionView,
  routerTls,
  streamsInput,
  type TestConnection,
  tcpRouter,
  tcpService,
} from '../../test/support/test-streams.ts';
import { compileConfiguration } from '../compile/compile-configuration.ts';
import { tlsRoute } from '../match/tls-route.ts';
import { SnapshotMatcher } from '../snapshot/snapshot-matcher.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { verifySnapshot } from '../snapshot/snapshot-verification.ts';
import { EntryPointHosts } from '../tls/entry-point-tls.ts';
import { streamServerKey } from './compilation-input.ts';

const UDP = { ...entryPoint(), address: ':53/udp' };
const tls = { options: '', certResolver: '', domains: [] };

function compiled(input: ReturnType<typeof streamsInput>) {
  const { bytes, diagnostics, counts } = compileConfiguration(input);
  const reader = SnapshotReader.open(bytes);
  verifySnapshot(reader);
  const matcher = new SnapshotMatcher(reader);
  const at = (name: string) => reader.entryPointIndex(name);
  return {
    reader,
    diagnostics: diagnostics.map(({ object, code, message }) => `${object} ${code}: ${message}`),
    counts,
    tables: (name = 'web') => reader.tcpTables(at(name)),
    plain(connection: TestConnection = {}, name = 'web') {
      const found = matcher.matchTcp(reader.tcpTables(at(name)).plainIndex, connectionView(connection));
      return found === -1 ? undefined : reader.tcpRouter(found).name;
    },
    secured(connection: TestConnection, name = 'web') {
      const hosts = new EntryPointHosts(reader.entryPointTls(at(name)));
      const found = tlsRoute(reader.tcpTables(at(name)), hosts, matcher, reader, connectionView(connection));
      return found === -1 ? 'HTTPS' : reader.tcpRouter(found).name;
    },
    session(connection: TestConnection = {}, name = 'dns') {
      const found = matcher.matchUdp(reader.udpIndex(at(name)), connectionView(connection));
      return found === -1 ? undefined : reader.udpRouter(found).name;
    },
  };
}

const withTcp = (routers: Record<string, TcpRouterConfiguration>, http: Record<string, RouterConfiguration> = {}) =>
  compiled(streamsInput({ routers }, {}, { http: { ...streamsInput({}).http, routers: http } }));

test('records of routers, services, transports and middlewares', () => {
  const rows = [streamServerKey('tcp', 's@file', '10.0.0.1:1'), streamServerKey('tcp', 's@file', '[::1]:2')];
  const input = streamsInput(
    {
      routers: {
        'plain@file': tcpRouter('HostSNI(`*`)', { middlewares: ['m@file'], service: 'w@file' }),
        'tls@file': tcpRouter('HostSNI(`A.example.`)', { tls: routerTls({ options: 'strict@file' }), priority: -7n }),
        'through@file': tcpRouter('HostSNI(`b`)', { tls: routerTls({ passthrough: true, options: 'gone@file' }) }),
      },
      services: {
        'f@file': { failover: { service: 's@file', fallback: 'w@file' } },
        's@file': tcpService(['10.0.0.1:1', '[::1]:2'], {
          strategy: 'maglev',
          serversTransport: 't@file',
          terminationDelay: 5,
          proxyProtocol: { version: 1 },
          retry: { attempts: 3 },
          healthCheck: { password: 'secret' } as never,
        }),
        'w@file': { weighted: { services: [{ name: 's@file', weight: 3 }], healthCheck: {} } },
      },
      middlewares: { 'm@file': { type: 'inFlightConn', options: { amount: 3 } } },
      serversTransports: {
        't@file': { dialTimeout: 9, dialKeepAlive: -1, terminationDelay: -1, proxyProtocol: { version: 2 } },
      },
    },
    {},
    { statusRow: (key) => rows.indexOf(key) + 10 },
  );
  // The primary of a failover service has a health check; the weighted one's child, too.
  const { reader, diagnostics, counts } = compiled(input);
  assert.deepEqual(diagnostics, []);
  assert.equal(counts.routers, 3);
  const routers = Array.from({ length: reader.tcpRouterCount }, (_, index) => reader.tcpRouter(index));
  assert.deepEqual(
    routers.map(({ name, priority, tls: mode, tlsOptions, isCatchAll, middlewares }) => [
      name,
      priority,
      mode,
      tlsOptions,
      isCatchAll,
      middlewares.map((index) => reader.tcpMiddleware(index).optionsJson),
    ]),
    [
      ['plain@file', -1n, 'none', '', true, ['{"amount":3}']],
      ['through@file', 12n, 'passthrough', '', false, []],
      ['tls@file', -7n, 'terminate', 'strict@file', false, []],
    ],
  );
  const weighted = reader.tcpService(routers[0]!.service);
  assert.ok(weighted.kind === 'weighted' && weighted.skipsUnhealthy);
  assert.deepEqual(
    weighted.children.map(({ name, weight }) => [name, weight]),
    [['s@file', 3]],
  );
  const servers = reader.tcpService(weighted.children[0]!.service);
  const { index: _, hash, transport, ...rest } = servers as Extract<typeof servers, { kind: 'servers' }>;
  assert.match(hash, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    kind: 'servers',
    name: 's@file',
    strategy: 'maglev',
    servers: [
      { address: '10.0.0.1:1', hostname: '10.0.0.1', port: 1, tls: false, weight: 1, maxConnections: 0, statusRow: 10 },
      { address: '[::1]:2', hostname: '::1', port: 2, tls: false, weight: 1, maxConnections: 0, statusRow: 11 },
    ],
    proxyProtocolVersion: 2,
    terminationDelayMs: -1,
    queueTimeoutMs: 30_000,
    maxQueued: 1_024,
    slowStartMs: 0,
    retryAttempts: 3,
    retryTimeoutMs: 9,
    onServerDown: 'keep',
    isPostgres: false,
  });
  const { hash: ofTransport, index: __, ...transportRest } = reader.tcpTransport(transport);
  assert.match(ofTransport, /^[0-9a-f]{32}$/);
  assert.deepEqual(transportRest, { name: 't@file', dialTimeoutMs: 9, keepAliveMs: -1, tlsKey: 'tcp\nt@file' });
  const failover = Array.from({ length: 3 }, (_each, index) => reader.tcpService(index)).find(
    ({ kind }) => kind === 'failover',
  );
  assert.ok(failover?.kind === 'failover');
  assert.deepEqual(
    [failover.service, failover.fallback].map((index) => reader.tcpService(index).name),
    ['s@file', 'w@file'],
  );
  assert.ok(!Buffer.from(compileConfiguration(input).bytes).includes('secret'), 'passwords are no business of workers');
});

test('what a service says of PROXY and half-closing counts only without a transport', () => {
  const of = (more: Parameters<typeof tcpService>[1], transport?: object) => {
    const input = streamsInput({ services: { 's@file': tcpService(['a:1'], more) } });
    const { reader } = compiled({ ...input, defaultTcpServersTransport: { ...TRANSPORT, ...transport } });
    const service = reader.tcpService(0);
    assert.ok(service.kind === 'servers');
    return [service.proxyProtocolVersion, service.terminationDelayMs, service.retryTimeoutMs];
  };
  const TRANSPORT = { dialTimeout: 30_000, dialKeepAlive: 15_000, terminationDelay: 100 };
  assert.deepEqual(of({}), [0, 100, 30_000]);
  assert.deepEqual(of({ proxyProtocol: { version: 1 }, terminationDelay: 7 }), [1, 7, 30_000]);
  assert.deepEqual(of({ retry: { attempts: 1, timeout: 5 } }, { terminationDelay: -1 }), [0, -1, 5]);
  const named = { proxyProtocol: { version: 1 }, terminationDelay: 7, serversTransport: 'default@internal' } as const;
  assert.deepEqual(of(named), [0, 100, 30_000]);
});

/** The matrix of section 4 of the reference: routers present → plain connections, TLS with the name a, TLS with another. */
const passthrough = (rule: string) => tcpRouter(rule, { tls: routerTls({ passthrough: true }) });
const A = 'HostSNI(`a`)';
const ANY = 'HostSNI(`*`)';
const MATRIX: readonly (readonly [string, ReturnType<typeof withTcp>, boolean, (string | undefined)[]])[] = [
  ['none', withTcp({}), false, [undefined, 'HTTPS', 'HTTPS']],
  ['TCP *', withTcp({ t: tcpRouter(ANY) }), true, ['t', 'HTTPS', 'HTTPS']],
  ['TCP * + HTTP', withTcp({ t: tcpRouter(ANY) }, { h: httpRouter('Host(`a`)') }), true, ['t', 'HTTPS', 'HTTPS']],
  [
    'TCP * + HTTPS a',
    withTcp({ t: tcpRouter(ANY) }, { h: httpRouter('Host(`a`)', { tls }) }),
    false,
    ['t', 'HTTPS', 'HTTPS'],
  ],
  [
    'TLS a + HTTPS a',
    withTcp({ t: passthrough(A) }, { h: httpRouter('Host(`a`)', { tls }) }),
    false,
    [undefined, 'HTTPS', 'HTTPS'],
  ],
  ['TLS * + HTTP', withTcp({ t: passthrough(ANY) }, { h: httpRouter('Host(`a`)') }), false, [undefined, 't', 't']],
  [
    'TLS * + HTTPS a',
    withTcp({ t: passthrough(ANY) }, { h: httpRouter('Host(`a`)', { tls }) }),
    false,
    [undefined, 'HTTPS', 't'],
  ],
  [
    'TLS a + HTTPS path',
    withTcp({ t: passthrough(A) }, { h: httpRouter('Path(`/`)', { tls }) }),
    false,
    [undefined, 't', 'HTTPS'],
  ],
  [
    'TLS * + HTTPS path',
    withTcp({ t: passthrough(ANY) }, { h: httpRouter('Path(`/`)', { tls }) }),
    false,
    [undefined, 'HTTPS', 'HTTPS'],
  ],
  ['TLS a + TLS *', withTcp({ a: passthrough(A), t: passthrough(ANY) }), false, [undefined, 'a', 't']],
];

for (const [title, site, matchesAtOnce, expected] of MATRIX) {
  test(`who takes a connection: ${title}`, () => {
    assert.deepEqual(site.diagnostics, []);
    assert.deepEqual([site.plain(), site.secured({ serverName: 'a' }), site.secured({ serverName: 'x.b' })], expected);
    assert.equal(site.tables().matchesAtOnce, matchesAtOnce);
    assert.equal(site.secured({}), expected[2], 'no server name is any other');
  });
}

test('HTTPS takes the hosts its rules name, wildcards and closed ones too, whatever options they have', () => {
  const http = { h: httpRouter('Host(`*.w`) || Host(`x`)', { tls }) };
  const site = withTcp({ t: passthrough('HostSNIRegexp(`.*`)') }, http);
  assert.deepEqual(
    ['a.w', 'x', 'w', 'b.a.w'].map((serverName) => site.secured({ serverName })),
    ['HTTPS', 'HTTPS', 't', 't'],
  );
  const input = streamsInput(
    { routers: { t: passthrough('HostSNIRegexp(`.*`)') } },
    {},
    {
      http: { ...streamsInput({}).http, routers: http },
      tls: { unusable: { routers: new Set(['h']), entryPoints: new Set() } },
    },
  );
  assert.equal(compiled(input).secured({ serverName: 'x' }), 'HTTPS');
});

test('a router whose options cannot be used stays, to close what it matches', () => {
  const routers = { 'a@file': tcpRouter(A, { tls: routerTls({ options: 'gone@file' }) }), 'b@file': passthrough(ANY) };
  const unusable = { routers: new Set<string>(), tcpRouters: new Set(['a@file']), entryPoints: new Set<string>() };
  const { reader, secured } = compiled(streamsInput({ routers }, {}, { tls: { unusable } }));
  assert.equal(secured({ serverName: 'a' }), 'a@file');
  assert.deepEqual([reader.tcpRouter(0).tls, reader.tcpRouter(0).tlsOptions], ['closed', '']);
});

test('order: priority, provider, name; HostSNI(`*`) alone comes last', () => {
  const site = withTcp({
    'any@file': tcpRouter(ANY),
    'net@file': tcpRouter('ClientIP(`192.0.2.0/24`)'),
    'one@docker': tcpRouter('ClientIP(`192.0.2.9`) || ClientIP(`::1`)', { priority: 24n }),
    'late@file': tcpRouter('ClientIP(`192.0.2.9`)', { priority: -2n }),
  });
  assert.deepEqual(
    Array.from({ length: 4 }, (_, index) => site.reader.tcpRouter(index).name),
    ['one@docker', 'net@file', 'any@file', 'late@file'],
  );
  assert.equal(site.plain({ client: '192.0.2.9' }), 'one@docker');
  assert.equal(site.plain({ client: '::ffff:192.0.2.8' }), 'net@file');
  assert.equal(site.plain({ client: '203.0.113.1' }), 'any@file');
  assert.deepEqual(site.diagnostics, [
    'tcp.routers.late@file CONFIG_CONFLICT: it gets nothing on the entry point "web": "any@file" takes every connection without TLS there',
  ]);
});

test('matchers of TCP', () => {
  const site = withTcp({
    'alpn@file': tcpRouter('ALPN(`postgresql`)', { tls: routerTls(), priority: 9n }),
    're@file': tcpRouter('HostSNIRegexp(`^db-[0-9]+\\.x$`)', { tls: routerTls(), priority: 8n }),
    'empty@file': tcpRouter('HostSNIRegexp(`^$`)', { tls: routerTls(), priority: 7n }),
    'upper@file': tcpRouter('HostSNIRegexp(`^UP`)', { tls: routerTls(), priority: 6n }),
    'wild@file': tcpRouter('HostSNI(`*.W.example.`)', { tls: routerTls(), priority: 5n }),
    'not@file': tcpRouter('!HostSNI(`z`) && ClientIP(`::1`)', { tls: routerTls(), priority: 4n }),
  });
  assert.deepEqual(site.diagnostics, []);
  assert.equal(site.secured({ alpn: ['h2', 'postgresql'] }), 'alpn@file');
  assert.equal(site.secured({ serverName: 'db-12.x', alpn: ['Postgresql'] }), 're@file');
  assert.equal(site.secured({}), 'empty@file');
  assert.equal(site.secured({ serverName: 'up' }), 'HTTPS');
  assert.equal(site.secured({ serverName: 'a.w.example' }), 'wild@file');
  assert.equal(site.secured({ serverName: 'a.b.w.example' }), 'HTTPS');
  assert.equal(site.secured({ serverName: 'w.example', client: '::1' }), 'not@file');
  assert.equal(site.secured({ serverName: 'z', client: '::1' }), 'HTTPS');
});

test('routers that cannot be used are left out, each with a reason', () => {
  const { diagnostics, counts } = compiled(
    streamsInput(
      {
        routers: {
          'name@file': tcpRouter('ClientIP(`::1`) || !HostSNI(`a`)'),
          'acme@file': tcpRouter('ALPN(`acme-tls/1`)', { tls: routerTls() }),
          'é@file': tcpRouter('HostSNI(`é`)', { tls: routerTls() }),
          'bad@file': tcpRouter('HostSNI(`a*b`)', { tls: routerTls() }),
          'service@file': tcpRouter(ANY, { service: 'gone@file' }),
          'middleware@file': tcpRouter(ANY, { middlewares: ['gone@file'] }),
          'nowhere@file': tcpRouter(ANY, { entryPoints: ['dns'] }),
          'both@file': tcpRouter(ANY, { entryPoints: ['dns', 'web'] }),
          'circle@file': tcpRouter(ANY, { service: 'self@file' }),
        },
        services: {
          's@file': tcpService(['a:1']),
          'self@file': { weighted: { services: [{ name: 'self@file', weight: 1 }] } },
          'lost@file': tcpService(['a:1'], { serversTransport: 'gone@file' }),
        },
      },
      {},
      { entryPoints: { web: entryPoint(), dns: UDP } },
    ),
  );
  assert.deepEqual(
    diagnostics.map((each) =>
      each.replace(
        /: .*(only connections over TLS|never|contain|does not exist|no entry point "\w+" for TCP|punycode|takes a name|authority).*/,
        ' … $1',
      ),
    ),
    [
      'tcp.services.self@file CONFIG_RECURSION … contain',
      'tcp.services.lost@file CONFIG_REFERENCE … does not exist',
      'tcp.routers.name@file CONFIG_RULE … only connections over TLS',
      'tcp.routers.acme@file CONFIG_RULE … authority',
      'tcp.routers.é@file CONFIG_RULE … punycode',
      'tcp.routers.bad@file CONFIG_RULE … takes a name',
      'tcp.routers.service@file CONFIG_REFERENCE … does not exist',
      'tcp.routers.middleware@file CONFIG_REFERENCE … does not exist',
      'tcp.routers.nowhere@file CONFIG_REFERENCE … no entry point "dns" for TCP',
      'tcp.routers.both@file CONFIG_REFERENCE … no entry point "dns" for TCP',
      'tcp.routers.circle@file CONFIG_REFERENCE … does not exist',
    ],
  );
  assert.deepEqual([counts.routers, counts.routersRefused], [1, 8]);
});

test('sessions: rules first, then the last of those that take all, which hides the others', () => {
  const udpRouter = (rule: string, more = {}) => ({ entryPoints: [], rule, priority: 0n, service: 's@file', ...more });
  const site = compiled(
    streamsInput(
      {},
      {
        routers: {
          'a@file': udpRouter(''),
          'b@file': udpRouter(''),
          'net@file': udpRouter('ClientIP(`10.0.0.0/8`)'),
          'quic@file': udpRouter('HostSNI(`q.example`)', { entryPoints: ['dns'] }),
          'tcp@file': udpRouter('', { entryPoints: ['web'] }),
        },
      },
      { entryPoints: { web: entryPoint(), dns: UDP, other: { ...UDP, address: ':54/UDP' } } },
    ),
  );
  assert.equal(site.session(), 'b@file');
  assert.equal(site.session({ client: '10.1.1.1' }), 'net@file');
  assert.equal(site.session({ serverName: 'q.example' }), 'quic@file');
  assert.equal(site.session({ serverName: 'q.example' }, 'other'), 'b@file');
  assert.equal(site.session({}, 'web'), undefined);
  assert.deepEqual(
    site.diagnostics.map((each) => each.slice(0, 40)),
    [
      'udp.routers.tcp@file CONFIG_REFERENCE: t',
      'udp.routers.a@file CONFIG_CONFLICT: it g',
      'udp.routers.a@file CONFIG_CONFLICT: it g',
    ],
  );
  const service = site.reader.udpService(site.reader.udpRouter(0).service);
  assert.ok(service.kind === 'servers');
  assert.deepEqual(service.servers, [
    { address: '10.0.0.1:53', hostname: '10.0.0.1', port: 53, weight: 1, statusRow: 0 },
  ]);
});

test('no router of HTTP is on an entry point of UDP', () => {
  const entryPoints = { web: entryPoint(), dns: UDP };
  const http = {
    ...streamsInput({}).http,
    routers: { 'all@file': httpRouter('Path(`/`)'), 'udp@file': httpRouter('Path(`/`)', { entryPoints: ['dns'] }) },
  };
  const { reader, diagnostics } = compiled(streamsInput({}, {}, { entryPoints, http }));
  assert.deepEqual([reader.routerCount, diagnostics.length], [1, 1]);
  assert.match(diagnostics[0]!, /http.routers.udp@file CONFIG_REFERENCE/);
});
