// Configurations as they are written: what every proxy must be told, and that a peer's own checker accepts them where it
// is installed. No proxy is started here.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeDynamic, decodeStaticText } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { credentialsIn, makeCredentials } from '../lab/credentials.ts';
import { findTool, missingTools } from '../lab/tools.ts';
import { caddy } from './caddy.ts';
import { envoy } from './envoy.ts';
import { haproxy, haproxySplicing } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { hostOf, isStream, numbers, type Site, toolsOf } from './proxy.ts';
import { PEERS, peersNamed, sluice } from './registry.ts';

const SITE: Site = {
  folder: '/tmp/site',
  port: 7001,
  adminPort: 7002,
  upstreamPort: 7003,
  workers: 1,
  hosts: [],
  headers: 0,
  connectionsMax: 1_024,
  reloads: false,
  jsonLog: false,
  downstream: 'http',
  upstreamProtocol: 'http',
  credentials: credentialsIn('/tmp/lab'),
};
const VARIANTS: readonly Partial<Site>[] = [
  {},
  { workers: 2 },
  { headers: 2 },
  { jsonLog: true },
  { hosts: numbers(3).map(hostOf) },
  { hosts: numbers(3).map(hostOf), reloads: true },
  { downstream: 'tls' },
  { downstream: 'tls', hosts: numbers(3).map(hostOf) },
  { downstream: 'h2c' },
  { downstream: 'tls', upstreamProtocol: 'h2c' },
  { downstream: 'tcp', upstreamProtocol: 'exchanges' },
  { downstream: 'udp', upstreamProtocol: 'echo' },
];

/** Those that a proxy can be set up for. */
function variantsOf({ downstreams }: typeof sluice): readonly Partial<Site>[] {
  return VARIANTS.filter(({ downstream = 'http' }) => downstreams.includes(downstream));
}

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-plan-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('every proxy listens on loopback only, and sends to the upstream', () => {
  for (const kind of [sluice, ...PEERS]) {
    for (const variant of variantsOf(kind)) {
      const text = Object.values(kind.plan({ ...SITE, ...variant }).files).join('\n');
      assert.match(text, /127\.0\.0\.1/, kind.name);
      assert.match(text, /7001/, kind.name);
      assert.match(text, /127\.0\.0\.1:7003|address: 127\.0\.0\.1, port_value: 7003/, kind.name);
      assert.doesNotMatch(text, /0\.0\.0\.0|undefined|NaN/, kind.name);
      for (const host of variant.hosts ?? []) assert.ok(text.includes(host), `${kind.name} ${host}`);
      if (variant.headers !== undefined) assert.match(text, /X-Bench-Request-1/, kind.name);
    }
  }
});

test('the workers of each', () => {
  const plan = (kind: typeof sluice) => kind.plan({ ...SITE, workers: 2 });
  assert.match(plan(sluice).files['sluice.yaml']!, /^workers: 2$/m);
  assert.match(plan(haproxy).files['haproxy.cfg']!, /nbthread 2$/m);
  assert.match(plan(nginx).files['nginx.conf']!, /^worker_processes 2;$/m);
  assert.equal(plan(caddy).env!.GOMAXPROCS, '2');
});

test('TLS on the side of clients, with the same certificate and both versions of HTTP', () => {
  const textOf = (kind: typeof sluice) => Object.values(kind.plan({ ...SITE, downstream: 'tls' }).files).join('\n');
  for (const kind of [sluice, ...PEERS]) assert.match(textOf(kind), /\/tmp\/lab\/site\.(crt|pem)/, kind.name);
  assert.match(textOf(sluice), /^ {6}tls: \{\}$/m);
  assert.match(
    textOf(sluice),
    /^tls:\n {2}certificates:\n {4}- certFile: \/tmp\/lab\/site\.crt\n {6}keyFile: \/tmp\/lab\/site\.key$/m,
  );
  assert.match(textOf(haproxy), /^ {4}bind 127\.0\.0\.1:7001 ssl crt \/tmp\/lab\/site\.pem alpn h2,http\/1\.1$/m);
  assert.match(textOf(haproxy), /X-Forwarded-Proto https$/m);
  assert.match(textOf(nginx), /^ {8}listen 127\.0\.0\.1:7001 ssl http2 backlog=4096;$/m);
  assert.match(textOf(nginx), /ssl_protocols TLSv1\.2 TLSv1\.3;/);
  assert.match(textOf(caddy), /^https:\/\/:7001 \{$/m);
  assert.match(textOf(caddy), /protocols h1 h2$/m);
  assert.match(textOf(envoy), /alpn_protocols: \[h2, http\/1\.1\]/);
});

test('without TLS nobody is given a key', () => {
  for (const kind of [sluice, ...PEERS]) {
    const texts = Object.values(kind.plan(SITE).files).join('\n');
    assert.doesNotMatch(texts, /site\.(crt|key|pem)|https:|\bssl|\btls/i, kind.name);
  }
});

test('HTTP/2 without TLS, from clients and to the server', () => {
  const textOf = (kind: typeof sluice, variant: Partial<Site>) =>
    Object.values(kind.plan({ ...SITE, ...variant }).files).join('\n');
  const fromClients = { downstream: 'h2c' } as const;
  assert.match(textOf(haproxy, fromClients), /bind 127\.0\.0\.1:7001 proto h2$/m);
  assert.match(textOf(nginx, fromClients), /listen 127\.0\.0\.1:7001 http2 backlog=4096;/);
  assert.match(textOf(caddy, fromClients), /protocols h1 h2c$/m);
  assert.match(textOf(envoy, fromClients), /codec_type: AUTO/);
  const toServer = { upstreamProtocol: 'h2c' } as const;
  assert.match(textOf(sluice, toServer), /- url: h2c:\/\/127\.0\.0\.1:7003$/m);
  assert.match(textOf(haproxy, toServer), /server one 127\.0\.0\.1:7003 proto h2$/m);
  assert.match(textOf(nginx, toServer), /grpc_pass grpc:\/\/all;[\s\S]*grpc_set_header X-Forwarded-For/);
  assert.doesNotMatch(textOf(nginx, toServer), /proxy_(pass|set_header)/);
  assert.match(textOf(caddy, toServer), /versions h2c 2$/m);
  assert.match(textOf(envoy, toServer), /http2_protocol_options/);
});

test('TCP and UDP are passed on as they are, with what each has for much of it', () => {
  const textOf = (kind: typeof sluice, downstream: 'tcp' | 'udp') =>
    Object.values(kind.plan({ ...SITE, downstream }).files).join('\n');
  assert.match(textOf(sluice, 'tcp'), /^tcp:\n[\s\S]*rule: HostSNI\(`\*`\)[\s\S]*- address: 127\.0\.0\.1:7003$/m);
  assert.match(textOf(sluice, 'udp'), /address: "127\.0\.0\.1:7001\/udp"[\s\S]*^udp:$/m);
  assert.match(textOf(haproxy, 'tcp'), /mode tcp\n {4}option splice-auto$/m);
  assert.match(textOf(haproxySplicing, 'tcp'), /option splice-request\n {4}option splice-response$/m);
  assert.match(textOf(haproxy, 'tcp'), /tune\.pipesize 1048576$/m);
  assert.match(textOf(nginx, 'tcp'), /^stream \{[\s\S]*listen 127\.0\.0\.1:7001 backlog=4096;/m);
  assert.match(textOf(nginx, 'udp'), /listen 127\.0\.0\.1:7001 udp;/);
  for (const kind of [sluice, haproxy, nginx]) assert.doesNotMatch(textOf(kind, 'tcp'), /http/, kind.name);
});

test('nginx needs its module for TCP and UDP only', () => {
  assert.equal(toolsOf(nginx, { downstream: 'http' }).length, 1);
  assert.deepEqual(
    toolsOf(nginx, { downstream: 'udp' }).map(({ debianPackage }) => debianPackage),
    ['nginx', 'libnginx-mod-stream'],
  );
});

test('Sluice has nothing to say against its files', () => {
  // Servers of HTTP/2 without TLS are compared as text above.
  for (const variant of VARIANTS) {
    const { files } = sluice.plan({ ...SITE, ...variant });
    assert.deepEqual(decodeStaticText(files['sluice.yaml']!, 'yaml', 'sluice.yaml').diagnostics, []);
    const dynamic = decodeDynamic({
      text: files['dynamic.yaml']!,
      format: 'yaml',
      file: 'dynamic.yaml',
      middlewareTypes,
      unknownKeys: 'error',
    });
    assert.deepEqual(dynamic.diagnostics, []);
    const { downstream = 'http' } = variant;
    const section = downstream === 'tcp' || downstream === 'udp' ? dynamic[downstream] : dynamic.http;
    assert.equal(Object.keys(section.routers).length, variant.hosts?.length ?? 1);
  }
});

/** Arguments with which each checks a configuration and ends. */
const CHECKS = [
  { kind: haproxy, args: ['-c', '-f', 'haproxy.cfg'] },
  { kind: nginx, args: ['-t', '-e', 'stderr', '-c'] },
  { kind: caddy, args: ['adapt', '--validate', '--adapter', 'caddyfile', '--config', 'Caddyfile'] },
] as const;

for (const { kind, args } of CHECKS) {
  test(`${kind.name} accepts its files, where it is installed`, (context) => {
    const program = findTool(kind.tool.command);
    for (const variant of program === undefined ? [] : variantsOf(kind)) {
      const { downstream = 'http' } = variant;
      if (isStream({ downstream }) && missingTools(toolsOf(kind, { downstream })).length > 0) continue;
      const folder = scratch(context);
      const credentials = makeCredentials(folder);
      const { files, env } = kind.plan({ ...SITE, ...variant, folder, credentials });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const whole = kind === nginx ? [...args, join(folder, 'nginx.conf')] : args;
      const { status, stdout, stderr } = spawnSync(program!, whole, {
        cwd: folder,
        env: { ...process.env, ...env },
        encoding: 'utf8',
        timeout: 60_000,
      });
      assert.equal(status, 0, `${stdout}${stderr}`);
    }
  });
}

test('peers are found by name', () => {
  assert.deepEqual(
    peersNamed(['nginx', 'caddy']).map(({ name }) => name),
    ['nginx', 'caddy'],
  );
  assert.throws(() => peersNamed(['apache']), /no peer "apache"; known: haproxy, nginx/);
});
