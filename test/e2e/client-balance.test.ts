// Long-lived clients over real workers: evenly spread wherever the kernel puts them, served after a hand-over, kept through kills,
// drains and the end of the supervisor.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { clientPortsOf, descriptorsOf } from '../support/process-view.ts';
import { loadOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;
const CLIENTS = 64;
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const ANSWER_MS = 60_000;

class Client {
  readonly socket: Socket;
  answers = 0;
  failure = '';

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => {
      this.answers += chunk.toString('latin1').split('HTTP/1.1 200').length - 1;
    });
    this.socket.on('error', (error) => {
      this.failure = error.message;
    });
    this.socket.on('end', () => {
      this.failure ||= 'ended';
    });
  }

  ask(): void {
    this.socket.write(GET);
  }

  async answered(count: number): Promise<void> {
    const state = () => `${count} answers, not ${this.answers} (${this.failure})`;
    await eventually(state, () => this.answers >= count || this.failure !== '', ANSWER_MS);
    assert.equal(this.answers, count, state());
  }
}

async function prepare(context: TestContext, workers: number) {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context, { log: { level: 'INFO', format: 'json' } });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve({ workers });
  const open = async (count: number): Promise<Client[]> => {
    const clients = Array.from({ length: count }, () => new Client(site.port));
    context.after(() => {
      for (const { socket } of clients) socket.destroy();
    });
    await Promise.all(clients.map(({ socket }) => once(socket, 'connect')));
    return clients;
  };
  return { site, node, open, upstream };
}

function countsOf(pid: number): number[] {
  const load = loadOf(pid);
  return Array.from({ length: load.slots }, (_, slot) => load.clients(slot));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const clientsSettle = (pid: number, count: number) =>
  eventually(
    () => `${count} clients, not ${countsOf(pid)}`,
    () => sum(countsOf(pid)) === count,
  );

function assertEven(node: SluiceNode, port: number): void {
  const bySlot = [...node.workers.values()].map((pid) => clientPortsOf(pid, port).size);
  assert.equal(sum(bySlot), CLIENTS);
  assert.ok(Math.max(...bySlot) <= (1.5 * CLIENTS) / bySlot.length, `${bySlot}`);
}

for (const workers of [2, 4]) {
  test(`${CLIENTS} clients over ${workers} workers, one after the other and all at once: even, and served`, {
    timeout,
  }, async (context) => {
    const { site, node, open, upstream } = await prepare(context, workers);
    const descriptors = () => [node.pid, ...node.workerPids].map((pid) => descriptorsOf(pid).length);
    const before = descriptors();
    for (const atOnce of [1, CLIENTS]) {
      const clients: Client[] = [];
      while (clients.length < CLIENTS) clients.push(...(await open(atOnce)));
      await clientsSettle(node.pid, CLIENTS);
      assertEven(node, site.port);
      for (let turn = 1; turn <= 3; turn++) {
        for (const client of clients) client.ask();
        await Promise.all(clients.map((client) => client.answered(turn)));
      }
      for (const { socket } of clients) socket.destroy();
      await clientsSettle(node.pid, 0);
    }
    // With the server, the workers' idle connections to it end too.
    await upstream.kill();
    await eventually(
      () => `descriptors: ${descriptors()}, before ${before}`,
      () => descriptors().every((each, index) => each <= before[index]!),
    );
    assert.deepEqual(node.complaints, []);
  });
}

test('what was given to a worker that is killed is served by its successor, with what the clients had sent', {
  timeout,
}, async (context) => {
  const { node, open } = await prepare(context, 2);
  const [, pid] = [...node.workers][1]!;
  const slot = [...node.workers].find(([, each]) => each === pid)![0];
  // It stands still: what it is given from now on stays in its mailbox, and what the kernel gives it in its queue.
  process.kill(pid, 'SIGSTOP');
  const clients = await open(40);
  for (const client of clients) client.ask();
  await eventually('some are on their way', () => loadOf(node.pid).arriving(slot) >= 4);
  const from = node.lines.length;
  process.kill(pid, 'SIGKILL');
  await node.line('worker serves', from);
  await Promise.all(clients.map((client) => client.answered(1)));
  for (const client of clients) client.ask();
  await Promise.all(clients.map((client) => client.answered(2)));
  assert.equal(loadOf(node.pid).arriving(slot), 0);
  await clientsSettle(node.pid, 40);
  // The successor begins with nobody: newcomers go to it, wherever the kernel puts them.
  const more = await open(24);
  await clientsSettle(node.pid, 64);
  for (const client of more) client.ask();
  await Promise.all(more.map((client) => client.answered(1)));
});

test('a node that drains at once loses nobody who is on the way', { timeout }, async (context) => {
  const { node, open } = await prepare(context, 4);
  const clients = await open(CLIENTS);
  const left = node.stop();
  for (const client of clients) client.ask();
  await Promise.all(clients.map((client) => client.answered(1)));
  assert.equal(await left, 0);
});

test('without a supervisor everybody keeps what he accepts; the next one shares again', {
  timeout,
}, async (context) => {
  const { site, node, open } = await prepare(context, 2);
  node.kill('SIGKILL');
  await node.exited;
  const workers = site.processes();
  await sleep(50);
  const clients = await open(30);
  for (const client of clients) client.ask();
  await Promise.all(clients.map((client) => client.answered(1)));
  const load = loadOf(workers[0]!);
  assert.deepEqual([load.arriving(0), load.arriving(1)], [0, 0]);
  const next = await site.serve({ workers: 2 });
  const newcomers = await open(CLIENTS);
  await eventually('all are with the new workers or the old', () =>
    newcomers.every(({ socket }) => socket.readyState === 'open'),
  );
  for (const client of newcomers) client.ask();
  await Promise.all(newcomers.map((client) => client.answered(1)));
  await eventually('the earlier workers leave', () => site.processes().length === 3);
  const later = await open(CLIENTS);
  for (const client of later) client.ask();
  await Promise.all(later.map((client) => client.answered(1)));
  const counts = countsOf(next.pid);
  assert.ok(Math.abs(counts[0]! - counts[1]!) <= Math.max(...counts) / 2, `${counts}`);
});
