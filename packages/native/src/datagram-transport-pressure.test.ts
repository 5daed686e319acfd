// More clients than there is room for, and more answers than a client may be sent: who makes room, what passes, what is counted.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { afterEach, describe, it } from 'node:test';
import { DatagramHarness } from '../test/datagram-harness.ts';
import { delay } from '../test/transport-harness.ts';
import { closeDescriptor, createDatagramSocket, FlowEnd, FlowEvent, FlowNumber, FlowTotal } from './index.ts';

/** With this idle time, order of use is kept to 300 ms. Long, so that on a busy machine nothing expires before the end of a test. */
const IDLE_MS = 9600;
const APART_MS = 330;

describe('flows under pressure', () => {
  let h: DatagramHarness;
  afterEach(() => h.close());

  const total = (name: keyof typeof FlowTotal): number => h.transport.totals[FlowTotal[name]]!;

  it('make room in the order in which they were used last', { timeout: 90_000 }, async () => {
    h = new DatagramHarness();
    const port = h.listen({ flowsMax: 10, idleTimeoutMs: IDLE_MS });
    const server = await h.echo();
    h.connectAll(server.port);
    const clients = await Promise.all(Array.from({ length: 18 }, () => h.peer()));
    const exchange = async (numbers: readonly number[]): Promise<void> => {
      const wanted = numbers.map((number) => clients[number]!.received.length + 1);
      for (const number of numbers) clients[number]!.socket.send(`${number}`, port, '127.0.0.1');
      await h.until('echoes', () => numbers.every((number, i) => clients[number]!.received.length === wanted[i]));
    };
    const ports = (): (number | undefined)[] =>
      h.seen
        .filter(({ kind }) => kind === FlowEvent.CLOSED)
        .map((closed) => h.seen.find((event) => event.kind === FlowEvent.NEW && event.flow === closed.flow)?.peer?.port)
        .map((clientPort) => clients.findIndex((client) => client.port === clientPort));
    await exchange([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await delay(APART_MS);
    // These are used again; of the others the first came first.
    await exchange([8, 0, 4, 2, 6]);
    await delay(APART_MS);
    await exchange([10, 11, 12, 13, 14]);
    assert.deepEqual(ports(), [1, 3, 5, 7, 9]);
    await delay(APART_MS);
    await exchange([15, 16]);
    assert.deepEqual(ports().slice(5), [8, 0]);
    assert.equal(total('EVICTED'), 7);
    assert.equal(total('EXPIRED'), 0);
    assert.equal(h.transport.flowCount, 10);
    const ends = h.seen.filter(({ kind }) => kind === FlowEvent.CLOSED);
    assert.ok(ends.every(({ a, numbers }) => a === FlowEnd.EVICTED && numbers[FlowNumber.DROPPED] === 0));
    assert.equal(total('FROM_CLIENTS'), 22);
    assert.equal(total('TO_SERVERS'), 22);
  });

  it('keep their seat when their datagram comes with that of a newcomer', async () => {
    h = new DatagramHarness();
    const port = h.listen({ flowsMax: 2, idleTimeoutMs: IDLE_MS });
    const server = await h.echo();
    h.connectAll(server.port);
    const [older, newer, third] = [await h.peer(), await h.peer(), await h.peer()];
    for (const client of [older, newer]) {
      client.socket.send('x', port, '127.0.0.1');
      await h.until('an echo', () => client.received.length === 1);
      await delay(APART_MS);
    }
    const flow = (await h.next(FlowEvent.NEW)).flow;
    const idle = (await h.next(FlowEvent.NEW)).flow;
    // Both are there when the transport looks.
    older.socket.send('again', port, '127.0.0.1');
    third.socket.send('new', port, '127.0.0.1');
    const closed = await h.next(FlowEvent.CLOSED);
    assert.notEqual(closed.flow, flow);
    assert.deepEqual([closed.flow, closed.a], [idle, FlowEnd.EVICTED]);
    await h.until('both echoes', () => older.received.length === 2 && third.received.length === 1);
  });

  it('count what a batch has for a flow that makes room within it', async () => {
    h = new DatagramHarness();
    const port = h.listen({ flowsMax: 1, idleTimeoutMs: IDLE_MS });
    const server = await h.echo();
    h.connectAll(server.port);
    const [known, newcomer] = [await h.peer(), await h.peer()];
    known.socket.send('x', port, '127.0.0.1');
    await h.until('an echo', () => known.received.length === 1);
    const { flow } = await h.next(FlowEvent.NEW);
    for (let i = 0; i < 3; i++) known.socket.send('lost', port, '127.0.0.1');
    newcomer.socket.send('y', port, '127.0.0.1');
    const { a, numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.equal(a, FlowEnd.EVICTED);
    assert.deepEqual(numbers.slice(0, FlowNumber.LIFETIME_MS), [4, 13, 1, 1, 3]);
    await h.until('an echo', () => newcomer.received.length === 1);
    assert.equal(total('DROPPED_SEND'), 3);
    assert.equal(total('FROM_CLIENTS'), total('TO_SERVERS') + total('DROPPED_SEND'));
  });

  it('have no room while nothing is decided about any of them', async () => {
    h = new DatagramHarness();
    const port = h.listen({ flowsMax: 2 });
    const clients = await Promise.all(Array.from({ length: 5 }, () => h.peer()));
    for (const client of clients) client.socket.send('x', port, '127.0.0.1');
    await h.until('all', () => total('FROM_CLIENTS') === 5);
    assert.deepEqual([h.count(FlowEvent.NEW), total('DROPPED_NO_ROOM'), total('EVICTED')], [2, 3, 0]);
  });
});

/** Runs a program of Python with a socket of ours as `server`, while this thread stands still. @returns what it prints */
function serve(descriptor: number, program: string): string {
  const begin = 'import socket\nserver = socket.socket(fileno=3)\nserver.setblocking(True)';
  return execFileSync('python3', ['-c', begin + program], {
    stdio: ['ignore', 'pipe', 'inherit', descriptor],
    encoding: 'utf8',
    timeout: 30_000,
  });
}

describe('answers to a client that has sent little', () => {
  let h: DatagramHarness;
  afterEach(() => h.close());

  const total = (name: keyof typeof FlowTotal): number => h.transport.totals[FlowTotal[name]]!;

  it('are cut at a whole datagram, also where the kernel delivers many as one', { timeout: 90_000 }, async () => {
    h = new DatagramHarness();
    const port = h.listen({ amplificationFactor: 15 });
    const client = await h.peer();
    const server = createDatagramSocket({ host: '127.0.0.1', port: 0 });
    try {
      h.connectAll(server.port);
      client.socket.send(Buffer.alloc(100), port, '127.0.0.1');
      await h.until('it', () => total('TO_SERVERS') === 1);
      // They come while nobody looks: a burst, so that from now on the kernel may deliver several as one.
      const flow = serve(
        server.descriptor,
        `
_, client = server.recvfrom(2000)
for i in range(10):
    server.sendto(bytes([i]) * 100, client)
print(client[1])`,
      );
      await h.until('ten', () => total('FROM_SERVERS') === 10);
      serve(
        server.descriptor,
        `
server.setsockopt(17, 103, 100)
server.sendto(b"".join(bytes([i]) * 100 for i in range(10, 20)), ("127.0.0.1", ${Number(flow)}))`,
      );
    } finally {
      closeDescriptor(server.descriptor);
    }
    await h.until('all', () => total('FROM_SERVERS') === 20);
    await h.until('what may pass', () => client.received.length === 15);
    assert.ok(client.received.every((bytes, i) => bytes.equals(Buffer.alloc(100, i))));
    assert.equal(total('RECEIVED_TOGETHER'), 10);
    assert.equal(total('DROPPED_AMPLIFICATION'), 5);
  });

  it('may be as many as the bytes it has sent allow, not one more', async () => {
    h = new DatagramHarness();
    const port = h.listen({ amplificationFactor: 3 });
    const sizes = [120, 50, 200, 0, 130, 1, 1];
    const server = await h.peer((_, from, socket) => {
      for (const size of sizes) socket.send(Buffer.alloc(size), from.port, from.address);
    });
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send(Buffer.alloc(100), port, '127.0.0.1');
    await h.until('all of them', () => total('FROM_SERVERS') === sizes.length);
    await h.until('those that may', () => client.received.length === 4);
    // 200 is too long for what was left, and so is all that follows the 300 bytes.
    assert.deepEqual(
      client.received.map((bytes) => bytes.length),
      [120, 50, 0, 130],
    );
    assert.equal(total('DROPPED_AMPLIFICATION'), 3);
  });
});
