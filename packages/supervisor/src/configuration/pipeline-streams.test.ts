// TCP and UDP on their way from providers to the compiler: merged, checked, with rows of their own, and with the version that was
// good in place of one that is not. Compiled for real where that matters.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeDynamic, decodeStaticText } from '@sluice/config';
import type { AnyTarget } from '@sluice/health';
import { createSharedMemory } from '@sluice/native';
import { type CompileRequest, compileConfiguration, serverKey, streamServerKey } from '@sluice/routing';
import { ControlBlock, ServerStatus } from '@sluice/shared-state';
import pino from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { transportsInTls } from '../tls/transports-in-tls.ts';
import { ConfigurationPipeline } from './configuration-pipeline.ts';
import { Publisher } from './publisher.ts';
import { StatusRows } from './status-rows.ts';

const { configuration } = decodeStaticText(
  'entryPoints: { web: { address: ":80" }, dns: { address: ":53/udp" } }',
  'yaml',
  'static.yaml',
);

class Site {
  readonly requests: CompileRequest[] = [];
  readonly lines: { msg: string; object?: string; hint?: string }[] = [];
  targets: readonly AnyTarget[] = [];
  readonly #pipeline: ConfigurationPipeline;

  constructor(context: TestContext) {
    const rows = new StatusRows(new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(16, 1)), 1));
    const publisher = new Publisher({
      control: ControlBlock.create(new ArrayBuffer(ControlBlock.byteLength(1)), 1),
      rows,
      oldestRevision: () => Number.POSITIVE_INFINITY,
      onPublished: () => {},
    });
    context.after(() => {
      this.#pipeline.close();
      publisher.close();
    });
    this.#pipeline = new ConfigurationPipeline({
      configuration,
      rows,
      publisher,
      compile: async (request) => {
        this.requests.push(request);
        const { diagnostics, counts } = compileConfiguration({
          ...request,
          entryPoints: configuration.entryPoints,
          providerPrecedence: [],
          defaultServersTransport: configuration.serversTransport,
          statusRow: (key) => request.rows.get(key)!,
        });
        return { memory: createSharedMemory('test', 8), diagnostics, counts };
      },
      applyHealthTargets: (targets) => {
        this.targets = targets;
      },
      log: pino({ level: 'debug' }, { write: (line: string) => void this.lines.push(JSON.parse(line)) }),
    });
  }

  /** @returns what was compiled last */
  async offer(text: string): Promise<CompileRequest> {
    const decoded = decodeDynamic({ text, format: 'yaml', file: 'f.yaml', middlewareTypes: new Map() });
    this.#pipeline.offer('file', decoded);
    await this.#pipeline.settled();
    return this.requests.at(-1)!;
  }
}

const BOTH = `
http:
  routers: { s: { rule: "Path(\`/\`)", service: s } }
  services: { s: { loadBalancer: { servers: [{ url: "http://a:1" }] } } }
tcp:
  routers: { s: { rule: "HostSNI(\`*\`)", service: s } }
  services: { s: { loadBalancer: { servers: [{ address: "a:1" }, { address: "a:2" }, { address: "a:1" }] } } }
udp:
  routers: { s: { service: s } }
  services: { s: { loadBalancer: { servers: [{ address: "a:1" }] } } }`;

test('services of one name have rows of their own in every protocol, and their servers count as up', async (context) => {
  const site = new Site(context);
  const { rows } = await site.offer(BOTH);
  const keys = [
    serverKey('s@file', 'http://a:1'),
    streamServerKey('tcp', 's@file', 'a:1'),
    streamServerKey('tcp', 's@file', 'a:2'),
    streamServerKey('udp', 's@file', 'a:1'),
  ];
  assert.deepEqual([...rows.keys()], keys);
  assert.equal(new Set(rows.values()).size, 4);
  assert.deepEqual(
    site.targets.map(({ healthCheck, servers }) => [healthCheck, servers.map(({ statusRow }) => statusRow)]),
    [
      [undefined, [0]],
      [undefined, [1, 2, 1]],
      [undefined, [3]],
    ],
  );
  const again = await site.offer(BOTH.replace('"a:2"', '"a:3"'));
  assert.equal(again.rows.get(keys[1]!), 1, 'a server keeps its row');
});

test('a router that loses its service keeps its last good version while that can be used', async (context) => {
  const site = new Site(context);
  const text = (service: string, rule = 'HostSNI(`*`)') => `
tcp:
  routers: { r: { rule: "${rule}", service: ${service} } }
  services: { a: { loadBalancer: {} }, b: { loadBalancer: {} } }`;
  await site.offer(text('a'));
  const lost = await site.offer(text('gone'));
  assert.equal(lost, site.requests[0], 'nothing has to be compiled: what is in force stays');
  assert.match(
    JSON.stringify(site.lines),
    /the service \\"gone@file\\" does not exist.*the previous version stays in use/,
  );
  const refused = await site.offer(text('b', 'HostSNI(`name`)'));
  assert.equal(refused.tcp!.routers['r@file']!.rule, 'HostSNI(`*`)', 'also when the compiler refuses it');
  const good = await site.offer(text('b'));
  assert.equal(good.tcp!.routers['r@file']!.service, 'b@file');
});

test('objects that cannot be used and never could are left out, the others are not', async (context) => {
  const site = new Site(context);
  const { tcp, udp } = await site.offer(`
tcp:
  routers: { lost: { rule: "HostSNI(\`*\`)", service: gone }, good: { rule: "HostSNI(\`*\`)", service: s } }
  services: { s: { loadBalancer: {} }, self: { weighted: { services: [{ name: self }] } } }
udp:
  routers: { lost: { service: gone }, good: { service: s } }
  services: { s: { loadBalancer: {} } }`);
  assert.deepEqual([Object.keys(tcp!.routers), Object.keys(tcp!.services)], [['good@file'], ['s@file']]);
  assert.deepEqual([Object.keys(udp!.routers), Object.keys(udp!.services)], [['good@file'], ['s@file']]);
});

test('transports of TCP servers with TLS are used for TLS, under keys that no transport of HTTP has', () => {
  const text = `
http:
  services: { s: { loadBalancer: { serversTransport: t, servers: [{ url: "https://a" }] } } }
tcp:
  services:
    s: { loadBalancer: { serversTransport: t, servers: [{ address: "a:1" }, { address: "a:2", tls: true }] } }
    default: { loadBalancer: { servers: [{ address: "a:1", tls: true }] } }
    plain: { loadBalancer: { serversTransport: p, servers: [{ address: "a:1" }] } }`;
  const decoded = decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  assert.deepEqual([...transportsInTls(decoded)], ['t', 'tcp\nt', 'tcp\ndefault@internal']);
});

test('a password of a health check that changes in its file goes to the checks, and nothing else happens', {
  timeout: 150_000,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-pipeline-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'password');
  const site = new Site(context);
  const passwords = () =>
    site.targets.map(
      ({ healthCheck }) => healthCheck !== undefined && 'password' in healthCheck && healthCheck.password,
    );
  writeFileSync(file, 'old\n');
  await site.offer(`
tcp:
  services:
    s: { loadBalancer: { servers: [{ address: "a:1" }], healthCheck: { mode: redis, passwordFile: "${file}" } } }`);
  assert.deepEqual(passwords(), ['old']);
  writeFileSync(file, 'new\n');
  await eventually('the new password', () => passwords()[0] === 'new');
  rmSync(file);
  await eventually('the complaint', () => site.lines.some(({ msg }) => msg.includes('cannot be read')));
  assert.deepEqual([passwords(), site.requests.length], [['new'], 1]);
  assert.ok(!JSON.stringify(site.lines).includes('"new"'));
});
