// Limits mean the node, not a worker: through real processes, which are killed as well.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { establishedOn } from '../support/process-view.ts';
import { limitsOf } from '../support/shared-blocks.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;

/** A connection that has been answered, or undefined when it was closed at once. */
async function openClient(context: TestContext, port: number): Promise<Socket | undefined> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const answered = once(socket, 'data').then(() => socket);
  const closed = new Promise<undefined>((resolve) => socket.on('close', () => resolve(undefined)));
  socket.on('error', () => {});
  return Promise.race([answered.catch(() => undefined), closed]);
}

test('maxConnections over two workers, and when one of them dies', { timeout }, async (context) => {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const { port } = site;
  const limits = { maxConnections: 8 };
  site.writeStatic({ entryPoints: { web: { address: `127.0.0.1:${port}`, transport: { limits } } } });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve({ workers: 2 });
  const counted = () => limitsOf(node.pid).entryPoints.sum(0);
  const open: Socket[] = [];
  for (let i = 0; i < 20; i++) {
    const socket = await openClient(context, port);
    if (socket !== undefined) open.push(socket);
  }
  assert.equal(open.length, 8);
  assert.equal(counted(), 8);
  const alive = () => open.filter((socket) => !socket.destroyed).length;
  process.kill(node.workerPids[0]!, 'SIGKILL');
  await node.line('WORKER_CRASHED');
  await eventually(
    () => `${counted()} are counted, ${alive()} are there`,
    () => counted() === alive() && alive() < 8,
  );
  for (let left = 8 - alive(); left > 0; left--) assert.ok(await openClient(context, port));
  assert.equal(await openClient(context, port), undefined);
  const codes = new Set(node.complaints.map(({ code }) => code));
  assert.deepEqual([...codes].toSorted(), ['DOWNSTREAM_CONNECTIONS_EXCEEDED', 'WORKER_CRASHED']);
});

test('maxConnsPerServer over two workers: never more, and everybody is served', { timeout }, async (context) => {
  const limit = 3;
  let most = 0;
  const server = createServer((_, response) => {
    setTimeout(() => response.writeHead(200, { 'Content-Length': 2 }).end('ok'), 5);
  });
  // Those that the proxy has closed do not count, though this program has not read that yet: the kernel knows.
  server.on('connection', () => {
    most = Math.max(most, establishedOn((server.address() as AddressInfo).port));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => server.close().closeAllConnections());
  const site = await SluiceSite.create(context);
  site.writeStatic({
    entryPoints: { web: { address: `127.0.0.1:${site.port}` } },
    serversTransport: { maxConnsPerServer: limit },
  });
  site.writeDynamic(everythingTo({ servers: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`] }));
  const node = await site.serve({ workers: 2 });
  const load = new LoadClients({ port: site.port, connections: 16, pauseMs: 0 });
  context.after(() => load.stop());
  await load.more(300);
  // A reload in between changes nothing.
  site.writeDynamic(
    everythingTo({ servers: [`http://127.0.0.1:${(server.address() as AddressInfo).port}`], mark: 'new' }),
  );
  await load.more(150);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.ok(most > 1 && most <= limit, `${most} connections at a time`);
  assert.equal(limitsOf(node.pid).serverQueues.sum(0), 0);
  assert.deepEqual(node.complaints, []);
});
