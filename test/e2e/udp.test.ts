// UDP through whole nodes: beside TCP on one port number, through reloads, killed workers, a killed supervisor, and the end of the node.

import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { curl, requireCurl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { listens } from '../support/nginx-server.ts';
import { ExchangeClients, startExchangeServer } from '../support/numbered-exchanges.ts';
import { isAlive } from '../support/process-view.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { startUdpServer, UdpClient, UdpClients } from '../support/udp-clients.ts';

/** Enough that every worker has many; each has a descriptor here and one in its worker. */
const FLOWS = 1_000;
/** Where no datagram may be lost: for an answer, on a busy machine. */
const PATIENCE_MS = 30_000;

interface UdpSite {
  readonly site: SluiceSite;
  readonly port: number;
  readonly addresses: readonly string[];
}

async function udpSite(context: TestContext, udp: object = { timeout: '120s' }): Promise<UdpSite> {
  const port = await freeUdpPort();
  const site = await SluiceSite.create(context, {
    entryPoints: {
      web: { address: `127.0.0.1:${port}` },
      dns: { address: `127.0.0.1:${port}/udp`, udp, transport: { lifeCycle: { graceTimeOut: '40s' } } },
    },
  });
  const addresses = [await startUdpServer(context, 'a'), await startUdpServer(context, 'b')];
  return { site, port, addresses };
}

function toServers(addresses: readonly string[], more: object = {}): object {
  const servers = addresses.map((address) => ({ address }));
  return {
    udp: {
      routers: { all: { entryPoints: ['dns'], service: 's' } },
      services: { s: { loadBalancer: { servers, ...more } } },
    },
  };
}

function problemsOf(node: SluiceNode, ...expected: string[]) {
  return node.complaints.filter(({ code }) => !expected.includes(code ?? ''));
}

it('1,000 flows go to two servers, and stay with them through reloads; TCP has the same port number', async (context) => {
  const { site, port, addresses } = await udpSite(context);
  site.writeDynamic(toServers(addresses));
  const node = await site.serve();
  requireCurl(context);
  const [answer] = await curl(`http://127.0.0.1:${port}/`);
  assert.equal(answer?.status, 404);
  const clients = await UdpClients.open(context, port, FLOWS, PATIENCE_MS);
  const first = await clients.askAll();
  const toA = first.filter((name) => name === 'a').length;
  assert.ok(toA >= FLOWS * 0.45 && toA <= FLOWS * 0.55, `${toA} of ${FLOWS} flows have the first server`);
  assert.equal(inFlightOf(node.pid), FLOWS);
  for (const [revision, list] of [
    [2, addresses.slice(0, 1)],
    [3, addresses.slice(1)],
    [4, addresses],
  ] as const) {
    const from = node.lines.length;
    site.writeDynamic(toServers(list));
    await node.line(({ msg, revision: shown }) => msg === 'configuration published' && shown === revision, from);
    assert.deepEqual(await clients.askAll(), first);
  }
  assert.equal(clients.repeated, 0, 'no datagram was lost');
  assert.deepEqual(problemsOf(node), []);
});

it('a killed worker takes its flows with it; clients go on with the next one, and with their server where it is hashed', async (context) => {
  const { site, port, addresses } = await udpSite(context);
  site.writeDynamic(toServers(addresses, { strategy: 'hash' }));
  const node = await site.serve();
  const clients = await UdpClients.open(context, port, FLOWS);
  const first = await clients.askAll();
  for (const slot of [0, 1]) {
    const from = node.lines.length;
    process.kill(node.workers.get(slot)!, 'SIGKILL');
    // While there is no worker in the slot, datagrams wait in its socket.
    assert.deepEqual(await clients.askAll(200), first);
    await node.line('worker serves', from);
  }
  assert.deepEqual(await clients.askAll(), first);
  assert.deepEqual(problemsOf(node, 'WORKER_CRASHED', 'WORKER_CRASH_LOOP'), []);
  await eventually('each client has one flow', () => inFlightOf(node.pid) === FLOWS);
});

it('another supervisor takes the sockets over', async (context) => {
  const { site, port, addresses } = await udpSite(context);
  site.writeDynamic(toServers(addresses, { strategy: 'hash' }));
  const old = await site.serve();
  const clients = await UdpClients.open(context, port, 100);
  const first = await clients.askAll();
  const orphans = old.workerPids;
  old.kill('SIGKILL');
  await old.exited;
  assert.deepEqual(await clients.askAll(), first, 'workers go on without a supervisor');
  const node = await site.serve({ workers: 3 });
  assert.deepEqual(await clients.askAll(), first);
  await eventually('the earlier workers have left', () => !orphans.some(isAlive));
  assert.deepEqual(
    old.complaints.filter(({ level }) => level >= 50),
    [],
    'they have left in order',
  );
  assert.deepEqual(await clients.askAll(), first);
  assert.deepEqual(problemsOf(node), []);
  assert.equal(await node.stop(), 0);
});

it('a node that leaves serves known clients until they are silent', async (context) => {
  const { site, port, addresses } = await udpSite(context, { timeout: '4s' });
  site.writeDynamic(toServers(addresses));
  const node = await site.serve();
  const clients = await UdpClients.open(context, port, 20);
  const first = await clients.askAll();
  node.kill('SIGTERM');
  await node.line(/^stopping/);
  for (let i = 0; i < 3; i++) assert.deepEqual(await clients.askAll(), first);
  assert.equal(await node.exited, 0);
  assert.deepEqual(site.processes(), []);
});

it('a node that leaves serves all clients until its last connection is over, whichever worker has that', async (context) => {
  const { site, port, addresses } = await udpSite(context, { timeout: '4s' });
  const faults: string[] = [];
  site.writeDynamic({
    ...toServers(addresses),
    tcp: {
      routers: { all: { entryPoints: ['web'], rule: 'HostSNI(`*`)', service: 's' } },
      services: { s: { loadBalancer: { servers: [{ address: await startExchangeServer(context, faults) }] } } },
    },
  });
  const node = await site.serve();
  const connection = new ExchangeClients(context, { port, connections: 1, pauseMs: 20 });
  await connection.fill();
  node.kill('SIGTERM');
  await node.line(/^stopping/);
  await eventually('nobody accepts any more', async () => !(await listens(port)));
  const clients = await UdpClients.open(context, port, 20, PATIENCE_MS);
  const first = await clients.askAll();
  await connection.progress();
  assert.equal(clients.repeated, 0);
  await connection.all[0]!.finish();
  assert.deepEqual([connection.broken, faults], [[], []]);
  for (let slot = 0; slot < 2; slot++) {
    await node.line(({ msg, slot: shown }) => msg === 'draining datagrams' && shown === slot);
  }
  const unknown = await UdpClient.open(port);
  context.after(() => unknown.socket.close());
  const answers: Buffer[] = [];
  unknown.socket.on('message', (bytes) => answers.push(bytes));
  unknown.socket.send('x', port, '127.0.0.1');
  for (let i = 0; i < 3; i++) assert.deepEqual(await clients.askAll(), first);
  assert.equal(await node.exited, 0);
  assert.deepEqual(answers, []);
  assert.deepEqual(problemsOf(node), []);
});

it('servers are checked for health: clients of one that is down go to another', async (context) => {
  const { site, port, addresses } = await udpSite(context);
  // Nobody listens at the gone one, which is known at once: the timeout is for the other, on a machine that is busy.
  const check = { mode: 'udp', send: 'ping', interval: '100ms', timeout: '10s' };
  const gone = `127.0.0.1:${await freeUdpPort()}`;
  site.writeDynamic(toServers([addresses[0]!, gone], { healthCheck: check }));
  const node = await site.serve();
  await node.line('HEALTH_SERVER_DOWN');
  const clients = await UdpClients.open(context, port, 20, PATIENCE_MS);
  assert.deepEqual(new Set(await clients.askAll()), new Set(['a']));
  assert.equal(clients.repeated, 0);
});
