// The policy over the real transport, with real sockets: which server answers whom, what is refused, what follows from a server that
// goes away.

import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { createPicker, ServersService } from '@sluice/balancing';
import { createDatagramSocket, DatagramTransport } from '@sluice/native';
import { LimitsBlock, ServerHealth, ServerStatus } from '@sluice/shared-state';
import { ClientAdmission } from '../listen/client-admission.ts';
import { NameResolver } from '../upstream/name-resolver.ts';
import { DatagramCommands, type FlowServer } from './datagram-commands.ts';
import { DatagramEvents } from './datagram-events.ts';
import { FlowCounts, FlowRefusal } from './flow-counts.ts';
import { FlowPolicy } from './flow-policy.ts';

const TAG = 5;

/** Answers every datagram with its name. */
async function server(context: TestContext, name: string): Promise<Socket> {
  const socket = createSocket('udp4');
  socket.on('message', (_bytes, from) => socket.send(name, from.port, from.address));
  socket.bind(0, '127.0.0.1');
  context.after(() => new Promise<void>((resolve) => close(socket, resolve)));
  await once(socket, 'listening');
  return socket;
}

function close(socket: Socket, done: () => void): void {
  try {
    socket.close(done);
  } catch {
    done();
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let round = 0; round < 400; round++) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(what);
}

async function start(context: TestContext, names: readonly string[], maxConnectionsPerClient = 0) {
  const sockets = await Promise.all(names.map((name) => server(context, name)));
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(names.length, 1)), 1);
  for (const row of names.keys()) status.setHealth(row, ServerHealth.UP);
  const servers = sockets.map(
    (socket, statusRow): FlowServer => ({ hostname: '127.0.0.1', port: socket.address().port, weight: 1, statusRow }),
  );
  const picker = createPicker('wrr', servers, status, { random: () => 0 });
  const service = new ServersService(servers, picker, status);
  const limits = { maxConnections: 0, maxConnectionsPerClient } as ConstructorParameters<typeof ClientAdmission>[3];
  const admission = new ClientAdmission(LimitsBlock.alone(0, names.length), 0, 0, limits);
  const counts = new FlowCounts();
  const faults: unknown[] = [];
  const transport = new DatagramTransport({}, (count) => events.handle(transport, count));
  context.after(() => transport.destroy());
  const commands = new DatagramCommands(transport, new NameResolver(), (flow) => policy.onClosed(flow, true));
  const policy = new FlowPolicy<FlowServer>({ slot: 0, status, commands });
  const listener = { entryPoint: { admission, counts }, serviceFor: () => service, onClosed: () => {} };
  const events = new DatagramEvents({
    policy,
    listeners: new Map([[TAG, listener]]),
    onFault: (error) => faults.push(error),
  });
  const { descriptor, port } = createDatagramSocket({ host: '127.0.0.1', port: 0 });
  transport.listen(descriptor, TAG, { idleTimeoutMs: 60_000 });
  return { port, sockets, status, counts, policy, faults, transport };
}

async function client(context: TestContext, port: number) {
  const socket = createSocket('udp4');
  const answers: string[] = [];
  socket.on('message', (bytes) => answers.push(String(bytes)));
  socket.bind(0, '127.0.0.1');
  context.after(() => new Promise<void>((resolve) => close(socket, resolve)));
  await once(socket, 'listening');
  return { answers, send: () => socket.send('?', port, '127.0.0.1') };
}

describe('flows between clients and servers', () => {
  it('keep to their server, and each goes to the next one', async (context) => {
    const { port, policy, faults } = await start(context, ['a', 'b']);
    const [first, second] = [await client(context, port), await client(context, port)];
    first.send();
    await until('an answer', () => first.answers.length === 1);
    second.send();
    await until('an answer', () => second.answers.length === 1);
    first.send();
    second.send();
    await until('answers', () => first.answers.length + second.answers.length === 4);
    assert.deepEqual([first.answers, second.answers, policy.open], [['a', 'a'], ['b', 'b'], 2]);
    assert.deepEqual(faults, []);
  });

  it('are refused beyond what a client may have', async (context) => {
    const { port, counts, policy } = await start(context, ['a'], 1);
    const [first, second] = [await client(context, port), await client(context, port)];
    first.send();
    await until('an answer', () => first.answers.length === 1);
    second.send();
    await until('a refusal', () => counts.refused[FlowRefusal.CLIENT_MAX] === 1);
    assert.deepEqual([policy.open, second.answers.length], [1, 0]);
  });

  it('move when their server goes down, and when its port is closed', async (context) => {
    const { port, status, counts, policy, sockets } = await start(context, ['a', 'b', 'c']);
    const { answers, send } = await client(context, port);
    send();
    await until('an answer', () => answers.length === 1);
    status.setHealth(0, ServerHealth.DOWN);
    assert.equal(policy.endThoseDown(100), 1);
    send();
    await until('an answer of the next one', () => answers[1] === 'b');
    await new Promise<void>((resolve) => sockets[1]!.close(() => resolve()));
    send();
    await until('the error of the closed port', () => counts.endedByServer === 1);
    send();
    await until('an answer of the one after that', () => answers[2] === 'c');
    assert.deepEqual([counts.opened, counts.ended, counts.endedByHealth, policy.open], [3, 2, 1, 1]);
    assert.deepEqual([status.inFlight(0), status.inFlight(1), status.inFlight(2)], [0, 0, 1]);
  });
});
