// Scenario: many connections of a TCP router that stay open. A reload touches none of them; a worker that is killed takes only its own
// with it; whoever comes anew is served; and the counts say so.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { killWorker } from '../support/worker-kill.ts';

export interface TcpLife {
  readonly connections: number;
  readonly workers: number;
}

/** So many at once. */
const BATCH = 100;

class Client {
  readonly socket: net.Socket;
  end = '';
  /** Known also when the connection is gone. */
  port = 0;
  private received = '';
  private asked = 0;

  constructor(port: number) {
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('connect', () => {
      this.port = this.socket.localPort!;
    });
    this.socket.on('data', (chunk) => {
      this.received += chunk;
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end = error.code ?? 'error';
    });
    this.socket.on('close', () => {
      this.end ||= 'close';
    });
  }

  /** Its connection answers. */
  async ask(): Promise<void> {
    const text = `<${++this.asked}>`;
    this.socket.write(text);
    await eventually(
      () => `${text} answered, instead of ${this.received} ${this.end}`,
      () => this.received.endsWith(text),
    );
  }
}

async function echoServer(context: TestContext): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.pipe(socket);
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1_000 });
  await once(server, 'listening');
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as net.AddressInfo).port;
}

export async function tcpLife(context: TestContext, { connections, workers }: TcpLife): Promise<void> {
  const ports = [await echoServer(context), await echoServer(context)];
  const site = await SluiceSite.create(context, { log: { level: 'INFO', format: 'json' } });
  const dynamic = (port: number) => ({
    tcp: {
      routers: { all: { rule: 'HostSNI(`*`)', service: 'echo' } },
      services: { echo: { loadBalancer: { servers: [{ address: `127.0.0.1:${port}` }] } } },
    },
  });
  site.writeDynamic(dynamic(ports[0]!));
  const node = await site.serve({ workers });
  const clients: Client[] = [];
  context.after(() => {
    for (const { socket } of clients) socket.destroy();
  });
  const fill = async () => {
    while (clients.length < connections) {
      const batch = Array.from({ length: Math.min(BATCH, connections - clients.length) }, () => new Client(site.port));
      clients.push(...batch);
      await Promise.all(batch.map((client) => client.ask()));
    }
  };
  await fill();
  const from = node.lines.length;
  site.writeDynamic(dynamic(ports[1]!));
  await node.line('configuration published', from);
  await Promise.all(clients.map((client) => client.ask()));
  assert.deepEqual(
    clients.filter(({ end }) => end !== ''),
    [],
    'nobody noticed the reload',
  );
  const own = await killWorker(node, site.port, 0);
  const hit = clients.filter(({ port }) => own.has(port));
  const rest = clients.filter(({ port }) => !own.has(port));
  assert.ok(hit.length > connections / workers / 2, `slot 0 had ${hit.length} of ${connections}`);
  await eventually('all of its connections break', () => hit.every(({ end }) => end !== ''));
  await Promise.all(rest.map((client) => client.ask()));
  clients.splice(0, clients.length, ...rest);
  await fill();
  assert.deepEqual(
    node.complaints.filter(({ code }) => !code?.startsWith('WORKER_CRASH')),
    [],
  );
}
