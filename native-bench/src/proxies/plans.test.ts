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
import { findTool } from '../lab/tools.ts';
import { caddy } from './caddy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { hostOf, numbers, type Site } from './proxy.ts';
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
};
const VARIANTS: readonly Partial<Site>[] = [
  {},
  { workers: 2 },
  { headers: 2 },
  { jsonLog: true },
  { hosts: numbers(3).map(hostOf) },
  { hosts: numbers(3).map(hostOf), reloads: true },
];

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-plan-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('every proxy listens on loopback only, and sends to the upstream', () => {
  for (const kind of [sluice, ...PEERS]) {
    for (const variant of VARIANTS) {
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

test('Sluice has nothing to say against its files', () => {
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
    assert.equal(Object.keys(dynamic.http.routers).length, variant.hosts?.length ?? 1);
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
    for (const variant of program === undefined ? [] : VARIANTS) {
      const folder = scratch(context);
      const { files, env } = kind.plan({ ...SITE, ...variant, folder });
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
      const whole = kind === nginx ? [...args, join(folder, 'nginx.conf')] : args;
      const { status, stdout, stderr } = spawnSync(program!, whole, {
        cwd: folder,
        env: { ...process.env, ...env },
        encoding: 'utf8',
        timeout: 20_000,
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
