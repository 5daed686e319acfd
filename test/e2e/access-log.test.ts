// The access log of a real node: as many lines as requests through rotation and drain, whole lines when workers are killed,
// and traffic that does not care when nobody takes the lines.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { MetricsSite } from '../support/metrics-site.ts';
import { SluiceSite, type StaticSections } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;

interface Site {
  readonly site: SluiceSite;
  readonly upstream: UpstreamProcess;
}

async function siteWith(context: TestContext, sections: StaticSections): Promise<Site> {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context, sections);
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  return { site, upstream };
}

/** @throws when a line is no JSON object of a request. */
function requestsIn(text: string): string[] {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line is whole');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { RequestPath: string }).RequestPath);
}

/** All files of a log, also those that were renamed. */
function requestsLogged(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => requestsIn(readFileSync(join(folder, name), 'utf8')));
}

test('renamed files and SIGUSR1 under load, then SIGTERM: one line for each request', { timeout }, async (context) => {
  const { site } = await siteWith(context, { accessLog: { filePath: 'logs/access.log', format: 'json' } });
  const node = await site.serve();
  const logs = join(site.folder, 'logs');
  const loads = ['/steady', '/fresh'].map(
    (path) => new LoadClients({ port: site.port, connections: 6, pauseMs: 1, path, fresh: path === '/fresh' }),
  );
  context.after(() => Promise.all(loads.map((load) => load.stop())));
  for (let rotation = 1; rotation <= 12; rotation++) {
    await Promise.all(loads.map((load) => load.more(30)));
    renameSync(join(logs, 'access.log'), join(logs, `access.log.${rotation}`));
    node.kill('SIGUSR1');
    await eventually('there is a new file', () => readdirSync(logs).includes('access.log'));
  }
  for (const load of loads) await load.more(30);
  await Promise.all(loads.map((load) => load.stop()));
  assert.equal(await node.stop(), 0);
  assert.equal(readdirSync(logs).length, 13);
  const requests = requestsLogged(logs);
  for (const load of loads) assert.deepEqual(load.failures, []);
  assert.equal(requests.filter((path) => path === '/steady').length, loads[0]!.sent);
  assert.equal(requests.filter((path) => path === '/fresh').length, loads[1]!.sent);
  assert.deepEqual(node.complaints, []);
});

test('killed workers leave whole lines behind, and their successors go on', { timeout }, async (context) => {
  const { site } = await siteWith(context, { accessLog: { filePath: 'access.log', format: 'json' } });
  const node = await site.serve();
  const answeredAt: number[] = [];
  const onAnswer = () => answeredAt.push(performance.now());
  const load = new LoadClients({ port: site.port, connections: 8, pauseMs: 1, onAnswer });
  context.after(() => load.stop());
  let mayBeLost = 0;
  for (let kill = 0; kill < 3; kill++) {
    await load.more(100);
    const [slot, pid] = [...node.workers][kill % 2]!;
    const from = node.lines.length;
    process.kill(pid, 'SIGKILL');
    // Only what was answered a moment before: lines do not wait longer.
    const killedAt = performance.now();
    await node.line('WORKER_CRASHED', from);
    mayBeLost += answeredAt.filter((at) => at > killedAt - 1_000).length + 8;
    assert.equal((await node.line('worker serves', from)).slot, slot);
  }
  await load.more(100);
  await load.stop();
  assert.equal(await node.stop(), 0);
  const lines = requestsIn(readFileSync(join(site.folder, 'access.log'), 'utf8')).length;
  assert.ok(lines >= load.answered - mayBeLost, `${lines} lines, ${load.answered} answered, ${mayBeLost} may be lost`);
  assert.ok(lines <= load.sent);
});

/** Made by this test; its reading end is open, and nobody reads yet. */
function makePipe(folder: string): { readonly path: string; readonly reader: number } {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  return { path, reader: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) };
}

/** What is in the pipe now. */
function readPipe(reader: number): string {
  const bytes = Buffer.alloc(1 << 17);
  try {
    return bytes.toString('utf8', 0, readSync(reader, bytes, 0, bytes.length, null));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
    throw error;
  }
}

test('a reader that stands still costs lines, which are counted, and no request', { timeout }, async (context) => {
  const metrics = await MetricsSite.create(context, { workers: 1, accessLog: { filePath: 'pipe', format: 'json' } });
  const { site } = metrics;
  const upstream = await UpstreamProcess.start(context, 'a');
  const { reader } = makePipe(site.folder);
  context.after(() => closeSync(reader));
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve();
  // Long lines fill the memory sooner.
  const load = new LoadClients({ port: site.port, connections: 8, pauseMs: 0, path: `/${'x'.repeat(3_000)}` });
  context.after(() => load.stop());
  const dropped = async () => (await metrics.scrape()).sum('sluice_access_log_dropped_lines_total', {});
  await eventually('lines are lost', async () => (await dropped()) > 20, 60_000);
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failures, []);
  const warnings = node.lines.filter(({ code }) => code === 'ACCESS_LOG_NOT_WRITTEN');
  assert.equal(warnings.length, 1);
  let text = '';
  // The last line may be lost a moment after its answer has come.
  await eventually('the rest comes when somebody reads', async () => {
    text += readPipe(reader);
    return text.split('\n').length - 1 === load.sent - (await dropped());
  });
  assert.equal(requestsIn(text).length, load.sent - (await dropped()));
  await node.line('the access log is written again');
  assert.equal(await node.stop(), 0);
});

test('standard output that nobody reads stops neither traffic nor the end', { timeout }, async (context) => {
  const { site } = await siteWith(context, {
    workers: 1,
    log: { level: 'INFO', filePath: 'sluice.log' },
    accessLog: { format: 'json' },
  });
  const { path, reader } = makePipe(site.folder);
  context.after(() => closeSync(reader));
  const launcher = ['sh', '-c', 'exec "$@" >"$ACCESS_PIPE"', 'sh'];
  const node = site.start({ launcher, env: { ACCESS_PIPE: path } });
  const log = join(site.folder, 'sluice.log');
  await eventually(
    'it is ready',
    () => readdirSync(site.folder).includes('sluice.log') && readFileSync(log, 'utf8').includes('INF ready '),
  );
  const load = new LoadClients({ port: site.port, connections: 8, pauseMs: 0, path: `/${'x'.repeat(3_000)}` });
  context.after(() => load.stop());
  await eventually('lines are lost', () => readFileSync(log, 'utf8').includes('ACCESS_LOG_NOT_WRITTEN'), 60_000);
  await load.more(100);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(await node.stop(), 0);
  assert.doesNotMatch(readFileSync(log, 'utf8'), /WORKER_/);
  assert.deepEqual(site.processes(), []);
});

test('standard output carries whole lines of all workers', { timeout }, async (context) => {
  const { site } = await siteWith(context, { workers: 3, accessLog: { format: 'json' } });
  const node = await site.serve();
  const load = new LoadClients({ port: site.port, connections: 9, pauseMs: 0, path: `/${'x'.repeat(2_000)}` });
  context.after(() => load.stop());
  await load.more(1_000);
  await load.stop();
  assert.equal(await node.stop(), 0);
  const lines = node.lines.filter((line) => line.RequestMethod === 'GET');
  assert.equal(lines.length, load.sent);
  assert.deepEqual(
    node.lines.filter(({ level }) => level === 0),
    [],
    'no line is broken',
  );
  assert.equal(new Set(lines.map(({ ClientAddr }) => ClientAddr)).size, 9);
});

test('a full disk does not stop traffic', { timeout }, async (context) => {
  const { site } = await siteWith(context, { accessLog: { filePath: '/dev/full' } });
  const node = await site.serve();
  const load = new LoadClients({ port: site.port, connections: 4, pauseMs: 1 });
  context.after(() => load.stop());
  const warning = await node.line('ACCESS_LOG_NOT_WRITTEN');
  assert.match(String(warning.reason), /ENOSPC/);
  await load.more(200);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(await node.stop(), 0);
});

test('a file that cannot be opened is an error at the start', { timeout }, async (context) => {
  const { site } = await siteWith(context, { accessLog: { filePath: 'not-a-folder/access.log' } });
  writeFileSync(join(site.folder, 'not-a-folder'), '');
  const node = site.start();
  assert.equal(await node.exited, 1);
  const line = await node.line('ACCESS_LOG_NOT_OPENED');
  assert.match(line.msg, /accessLog\.filePath.*not-a-folder/);
});

async function waitForLines(file: string, count: number): Promise<string> {
  await eventually(`${count} lines`, () => readFileSync(file, 'utf8').split('\n').length > count);
  return readFileSync(file, 'utf8');
}

test('a folder that is taken away costs nothing until the file is opened anew', { timeout }, async (context) => {
  const { site } = await siteWith(context, { workers: 1, accessLog: { filePath: 'logs/access.log', format: 'json' } });
  const node = await site.serve();
  const moved = join(site.folder, 'moved');
  const once = async () => {
    const load = new LoadClients({ port: site.port, connections: 1 });
    await load.more(1);
    await load.stop();
    assert.deepEqual(load.failures, []);
    return load.sent;
  };
  let sent = await once();
  await waitForLines(join(site.folder, 'logs/access.log'), sent);
  renameSync(join(site.folder, 'logs'), moved);
  writeFileSync(join(site.folder, 'logs'), 'no folder');
  node.kill('SIGUSR1');
  assert.match(String((await node.line('ACCESS_LOG_NOT_REOPENED')).reason), /logs/);
  sent += await once();
  const text = await waitForLines(join(moved, 'access.log'), sent);
  assert.equal(requestsIn(text).length, sent, 'lines go on into the file that was open');
  assert.equal(await node.stop(), 0);
});
