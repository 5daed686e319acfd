import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStaticText, type HttpConfiguration } from '@sluice/config';
import type { AnyTarget } from '@sluice/health';
import { createSharedMemory } from '@sluice/native';
import type { CompileRequest } from '@sluice/routing';
import { ControlBlock, ServerStatus } from '@sluice/shared-state';
import pino from 'pino';
import { deferred } from '../deferred.ts';
import type { Snapshot } from '../workers/worker-process.ts';
import { type CompileResult, ConfigurationPipeline } from './configuration-pipeline.ts';
import { Publisher } from './publisher.ts';
import { StatusRows } from './status-rows.ts';

/** What a compiler gives back; the memory is real, as somebody has to close it. */
function compiled(): CompileResult {
  const counts = { routers: 1, routersRefused: 0, services: 1, middlewares: 0, bytes: 8 };
  return { memory: createSharedMemory('test', 8), diagnostics: [], counts };
}

const { configuration } = decodeStaticText('entryPoints: { web: { address: ":80" } }', 'yaml', 'static.yaml');

/** One router to one service with these servers. */
function http(...urls: string[]): HttpConfiguration {
  return {
    routers: { r: { entryPoints: ['web'], rule: 'Path(`/`)', priority: 0n, middlewares: [], service: 's' } },
    services: {
      s: {
        loadBalancer: {
          servers: urls.map((url) => ({ url, weight: 1, preservePath: false })),
          strategy: 'wrr',
          passHostHeader: true,
          serversTransport: '',
        },
      },
    },
    middlewares: {},
    serversTransports: {},
  };
}

function pipelineWith(compile: (request: CompileRequest) => Promise<CompileResult>, rowsMax = 8) {
  const published: Snapshot[] = [];
  const lines: { code?: string; msg: string }[] = [];
  const health: (readonly AnyTarget[])[] = [];
  const rows = new StatusRows(new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(rowsMax, 1)), 1));
  const control = ControlBlock.create(new ArrayBuffer(ControlBlock.byteLength(1)), 1);
  const publisher = new Publisher({
    control,
    rows,
    oldestRevision: () => Number.POSITIVE_INFINITY,
    onPublished: (snapshot) => published.push(snapshot),
  });
  const pipeline = new ConfigurationPipeline({
    configuration,
    rows,
    publisher,
    compile,
    applyHealthTargets: (targets) => health.push(targets),
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  return { pipeline, publisher, published, lines, health, control };
}

test('qualified names and rows reach the compiler and the health checks; then it is published', async () => {
  const requests: CompileRequest[] = [];
  const { pipeline, published, health, control, publisher } = pipelineWith(async (request) => {
    requests.push(request);
    return compiled();
  });
  pipeline.offer('file', { http: http('http://a', 'http://b'), diagnostics: [] });
  await pipeline.settled();
  assert.deepEqual(Object.keys(requests[0]!.http.routers), ['r@file']);
  assert.deepEqual([...requests[0]!.rows.values()], [0, 1]);
  assert.deepEqual(
    health[0]![0]!.servers.map(({ statusRow }) => statusRow),
    [0, 1],
  );
  assert.equal(published.length, 1);
  assert.equal(control.revision, published[0]!.revision);
  publisher.close();
});

test('an equal configuration is not published again', async () => {
  const { pipeline, published, publisher } = pipelineWith(async () => compiled());
  pipeline.offer('file', { http: http('http://a'), diagnostics: [] });
  await pipeline.settled();
  pipeline.offer('file', { http: http('http://a'), diagnostics: [] });
  await pipeline.settled();
  assert.equal(published.length, 1);
  pipeline.republish();
  await pipeline.settled();
  assert.equal(published.length, 2);
  publisher.close();
});

test('while one is compiled only the newest of those that come is kept', async () => {
  const gate = deferred<void>();
  const seen: string[][] = [];
  const { pipeline, published, publisher } = pipelineWith(async ({ http: { services } }) => {
    seen.push(services['s@file']!.loadBalancer.servers.map(({ url }) => url));
    await gate.promise;
    return compiled();
  });
  for (const url of ['http://a', 'http://b', 'http://c']) pipeline.offer('file', { http: http(url), diagnostics: [] });
  gate.resolve();
  await pipeline.settled();
  assert.deepEqual(seen, [['http://a'], ['http://c']]);
  assert.equal(published.length, 2);
  publisher.close();
});

test('a compiler that fails changes nothing, and the next configuration is taken', async () => {
  let fail = true;
  const { pipeline, published, lines, publisher } = pipelineWith(async () => {
    if (fail) throw new Error('broken');
    return compiled();
  });
  pipeline.offer('file', { http: http('http://a'), diagnostics: [] });
  await pipeline.settled();
  assert.equal(published.length, 0);
  assert.equal(lines[0]!.code, 'SNAPSHOT_COMPILE_FAULT');
  fail = false;
  pipeline.offer('file', { http: http('http://a'), diagnostics: [] });
  await pipeline.settled();
  assert.equal(published.length, 1);
  publisher.close();
});

test('more servers than rows: said, and the configuration in force stays', async () => {
  const { pipeline, published, lines, publisher } = pipelineWith(async () => compiled(), 2);
  pipeline.offer('file', { http: http('http://a'), diagnostics: [] });
  await pipeline.settled();
  pipeline.offer('file', { http: http('http://a', 'http://b', 'http://c'), diagnostics: [] });
  await pipeline.settled();
  assert.equal(published.length, 1);
  assert.equal(lines.at(-1)!.code, 'STATUS_ROWS_EXHAUSTED');
  publisher.close();
});

test('an object with a broken reference is left out, said once, and the rest is compiled', async () => {
  const requests: CompileRequest[] = [];
  const { pipeline, lines, publisher } = pipelineWith(async (request) => {
    requests.push(request);
    const object = 'http.routers.bad@file';
    return { ...compiled(), diagnostics: [{ code: 'CONFIG_REFERENCE', severity: 'error', message: 'again', object }] };
  });
  const good = http('http://a');
  const bad = { ...good.routers.r!, service: 'absent' };
  pipeline.offer('file', { http: { ...good, routers: { ...good.routers, bad } }, diagnostics: [] });
  await pipeline.settled();
  assert.deepEqual(Object.keys(requests[0]!.http.routers), ['r@file']);
  const said = lines.filter(({ code }) => code === 'CONFIG_REFERENCE');
  assert.equal(said.length, 1);
  assert.match(said[0]!.msg, /"absent@file" does not exist/);
  publisher.close();
});

test('nothing but errors is not usable; nothing at all is', async () => {
  const { pipeline, publisher } = pipelineWith(async () => compiled());
  await pipeline.ensurePublished();
  assert.ok(pipeline.isUsable);
  const broken = { routers: {}, services: {}, middlewares: {}, serversTransports: {} };
  pipeline.offer('file', {
    http: broken,
    diagnostics: [{ code: 'CONFIG_SYNTAX', severity: 'error', message: 'no' }],
  });
  await pipeline.settled();
  assert.ok(!pipeline.isUsable);
  publisher.close();
});

test('a reference that leads nowhere: the last good version goes on, with the place of the mistake', async () => {
  const requests: CompileRequest[] = [];
  const { pipeline, lines, publisher } = pipelineWith(async (request) => {
    requests.push(request);
    return compiled();
  });
  const good = http('http://a');
  pipeline.offer('file', { http: good, diagnostics: [] });
  await pipeline.settled();
  const routers = { r: { ...good.routers.r!, rule: 'Path(`/new`)', service: 'absent' } };
  const positionOf = (path: string) => (path === 'http.routers.r' ? { file: 'd.yaml', line: 3, column: 5 } : undefined);
  pipeline.offer('file', { http: { ...http('http://b'), routers }, diagnostics: [], positionOf });
  await pipeline.settled();
  assert.equal(requests.at(-1)!.http.routers['r@file']!.rule, 'Path(`/`)');
  assert.deepEqual(
    requests.at(-1)!.http.services['s@file']!.loadBalancer.servers.map(({ url }) => url),
    ['http://b'],
  );
  const said = lines.filter(({ code }) => code === 'CONFIG_REFERENCE');
  assert.equal(said.length, 1);
  assert.match(said[0]!.msg, /^d\.yaml:3:5: error: .*"absent@file" does not exist.*the previous version stays in use/);
  // Without its service the old version is of no help.
  pipeline.offer('file', { http: { ...good, routers, services: {} }, diagnostics: [] });
  await pipeline.settled();
  assert.deepEqual(requests.at(-1)!.http.routers, {});
  publisher.close();
});

test('what the compiler refuses is replaced by its last good version, until it is changed', async () => {
  const rules: string[] = [];
  const { pipeline, lines, published, publisher } = pipelineWith(async ({ http: { routers } }) => {
    const { rule } = routers['r@file']!;
    rules.push(rule);
    const refusal = {
      code: 'CONFIG_RULE',
      severity: 'error',
      message: 'no rule',
      object: 'http.routers.r@file',
    } as const;
    return { ...compiled(), diagnostics: rule.startsWith('bad') ? [refusal] : [] };
  });
  const offer = async (rule: string, url: string) => {
    const base = http(url);
    pipeline.offer('file', { http: { ...base, routers: { r: { ...base.routers.r!, rule } } }, diagnostics: [] });
    await pipeline.settled();
  };
  await offer('bad at start', 'http://a');
  await offer('good', 'http://a');
  await offer('bad', 'http://a');
  assert.deepEqual(rules, ['bad at start', 'good', 'bad', 'good']);
  assert.equal(published.length, 3);
  assert.match(lines.findLast(({ code }) => code === 'CONFIG_RULE')!.msg, /no rule.*the previous version stays in use/);
  // Another edit with the same mistake in it: the compiler is not asked about that again.
  await offer('bad', 'http://b');
  assert.deepEqual(rules.slice(4), ['good']);
  await offer('bad again', 'http://b');
  assert.deepEqual(rules.slice(5), ['bad again', 'good']);
  await offer('better', 'http://b');
  assert.deepEqual(rules.slice(7), ['better']);
  assert.match(lines.at(-2)!.msg, /problems of the configuration are gone/);
  publisher.close();
});
