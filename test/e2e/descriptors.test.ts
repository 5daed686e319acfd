// More clients or servers than a worker may have descriptors: it stops accepting in time to serve those that it has, waits without
// turning round and round, says so once in a while, and serves everyone in the end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { descriptorsOf, processorMsOf } from '../support/process-view.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;
/** Of every process of the node; a worker has about 30 before its first client. */
const DESCRIPTORS = 128;
const CLIENTS = 120;
const SERVERS = 150;
/** A loop that spins takes what it gets of each second. */
const IDLE_CPU_MAX_MS = 400;
const WAIT_MS = 60_000;

test('more clients than descriptors: who is served goes on, who waits is served later', {
  timeout,
}, async (context) => {
  const { node, worker, load } = await prepare(context);
  const steady = load(4, { pauseMs: 40 });
  await steady.more(40);
  const crowd = holders(context, node.port);
  await node.log.line('CONNECTION_LIMIT_REACHED');
  const waiting = load(8, { fresh: true });
  await sleep(200);
  assert.equal(waiting.answered, 0);
  const before = processorMsOf(worker);
  await sleep(1_000);
  const cpuMs = processorMsOf(worker) - before;
  assert.ok(cpuMs < IDLE_CPU_MAX_MS, `${cpuMs} ms of a second while nothing can be accepted`);
  await steady.more(40);
  assert.ok(descriptorsOf(worker).length < DESCRIPTORS);
  for (const socket of crowd) socket.destroy();
  await waiting.more(80);
  await eventually('accepting goes on', () => node.log.lines.some(({ msg }) => msg === 'accepting goes on'));
  await Promise.all([steady.stop(), waiting.stop()]);
  nobodyFailed([steady, waiting]);
  onlyFewLines(node.log);
  context.diagnostic(`${cpuMs} ms of processor time in a second; ${steady.summary}; ${waiting.summary}`);
});

test('everybody asks at once, from connections that come and go: nobody fails, few lines', {
  timeout,
}, async (context) => {
  const { node, load } = await prepare(context);
  const loads = [load(CLIENTS, { fresh: true, pauseMs: 0 }), load(20, { path: '/slow?50' })];
  await Promise.all(loads.map((each) => each.more(600)));
  await Promise.all(loads.map((each) => each.stop()));
  nobodyFailed(loads);
  onlyFewLines(node.log);
  for (const each of loads) context.diagnostic(each.summary);
});

test('more servers than descriptors: idle connections give way to those that are needed', {
  timeout,
}, async (context) => {
  const servers = await Promise.all(Array.from({ length: SERVERS }, () => answering(context)));
  const { node, worker, load } = await prepare(context, servers);
  const steady = load(4, {});
  await steady.more(4 * SERVERS);
  await steady.stop();
  nobodyFailed([steady]);
  assert.deepEqual(node.log.complaints, []);
  assert.ok(descriptorsOf(worker).length < DESCRIPTORS);
});

async function prepare(context: TestContext, servers?: readonly string[]) {
  const site = await SluiceSite.create(context);
  const urls = servers ?? [(await UpstreamProcess.start(context, 'a')).url];
  site.writeDynamic(everythingTo({ servers: urls }));
  const log = await site.serve({ workers: 1, launcher: ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`] });
  const load = (connections: number, more: Partial<ConstructorParameters<typeof LoadClients>[0]>) => {
    const clients = new LoadClients({ port: site.port, connections, timeoutMs: WAIT_MS, ...more });
    context.after(() => clients.stop());
    return clients;
  };
  return { node: { log, port: site.port }, worker: log.workerPids[0]!, load };
}

/** @returns its URL. */
async function answering(context: TestContext): Promise<string> {
  const server = createServer((_request, response) => response.end('fine'));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Connections that ask nothing. */
function holders(context: TestContext, port: number): Socket[] {
  const sockets = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.1').on('error', () => {}));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

/** Shows the first ones: there may be very many. */
function nobodyFailed(loads: readonly LoadClients[]): void {
  const failures = loads.flatMap((load) => load.failures);
  assert.deepEqual(failures.slice(0, 3), [], `${failures.length} failed`);
}

function onlyFewLines(node: SluiceNode): void {
  const codes = new Set(node.complaints.map(({ code }) => code));
  assert.deepEqual([...codes], ['CONNECTION_LIMIT_REACHED']);
  assert.ok(node.complaints.length < 5, `${node.complaints.length} lines`);
}
