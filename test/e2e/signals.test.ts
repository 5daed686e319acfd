import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stopUnderLoad } from '../scenarios/stop-under-load.ts';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;

test('SIGTERM under load: what runs is finished, exit 0', { timeout }, (context) =>
  stopUnderLoad(context, { connections: 8, pauseMs: 10, acceptGraceMs: 0 }),
);

test('SIGTERM with an accept grace: new connections are served for that long', { timeout }, (context) =>
  stopUnderLoad(context, { connections: 8, pauseMs: 10, acceptGraceMs: 2_000 }),
);

test('a second SIGTERM ends at once', { timeout }, async (context) => {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const lifeCycle = { graceTimeOut: '60s' };
  site.writeStatic({ entryPoints: { web: { address: `127.0.0.1:${site.port}`, transport: { lifeCycle } } } });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve();
  const load = new LoadClients({ port: site.port, connections: 2, path: '/slow?60000' });
  await eventually('requests run', () => inFlightOf(node.pid) === 2);
  const signalled = performance.now();
  node.kill('SIGTERM');
  await node.line(/^stopping: /);
  await sleep(200);
  const asked = performance.now();
  node.kill('SIGTERM');
  assert.equal(await node.exited, 130);
  const tookMs = performance.now() - asked;
  await load.stop();
  // Far less than the grace time.
  assert.ok(tookMs < 20_000, `it took ${tookMs} ms`);
  assert.equal(load.failures.filter(({ sentAt, phase }) => sentAt < signalled && phase === 'sent').length, 2);
  assert.deepEqual(site.processes(), []);
});

test('SIGHUP without watching: the file is read again, under load', { timeout }, async (context) => {
  const servers = [await UpstreamProcess.start(context, 'a'), await UpstreamProcess.start(context, 'b')];
  const site = await SluiceSite.create(context);
  const providers = { providersThrottleDuration: '10ms', file: { filename: 'dynamic.yaml', watch: false } };
  site.writeStatic({ providers });
  site.writeDynamic(everythingTo({ servers: [servers[0]!.url] }));
  const node = await site.serve();
  let newest = '';
  const load = new LoadClients({
    port: site.port,
    connections: 4,
    onAnswer: ({ body }) => {
      newest = body[0] ?? '';
    },
  });
  context.after(() => load.stop());
  for (const [index, { url }] of [...servers, servers[0]!].entries()) {
    const wanted = index === 1 ? 'b' : 'a';
    const before = newest;
    site.writeDynamic(everythingTo({ servers: [url] }));
    await sleep(300);
    if (index > 0) assert.equal(newest, before, 'a change of the file alone has no effect');
    node.kill('SIGHUP');
    await eventually(`server ${wanted} answers`, () => newest === wanted);
    await load.more(10);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(node.complaints, []);
});
