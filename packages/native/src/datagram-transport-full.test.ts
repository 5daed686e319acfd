// Sockets that take nothing now: what waits for them, in which order and within which bounds, and what becomes of it when its flow or
// its listener ends meanwhile. Loopback always takes, so these tests slow it down in a network of their own.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { DatagramHarness, type Peer } from '../test/datagram-harness.ts';
import { enterOwnNetwork, ip, limitLoopback, unlimitLoopback } from '../test/own-network.ts';
import { seededBytes } from '../test/transport-harness.ts';
import { type DatagramTransportOptions, FlowEnd, FlowEvent, FlowNumber, FlowTotal } from './index.ts';

enterOwnNetwork();

/** As small as the kernel allows: two or three datagrams fill it. */
const SMALL = { sendBufferBytes: 1 };
const SMALL_RATE = 250_000;
/** Slow enough that a machine that stands still for a moment does not empty a queue meanwhile. */
const LARGE_RATE = 2_500_000;
/** More than the largest packet of loopback. */
const BURST_BYTES = 70_000;

describe('datagrams for a socket that takes nothing', () => {
  let h: DatagramHarness;
  afterEach(async () => {
    await h.close();
    unlimitLoopback();
  });

  const total = (name: keyof typeof FlowTotal): number => h.transport.totals[FlowTotal[name]]!;

  function dropped(): number {
    const names = Object.keys(FlowTotal) as (keyof typeof FlowTotal)[];
    return names.filter((name) => name.startsWith('DROPPED_')).reduce((sum, name) => sum + total(name), 0);
  }

  /** A client gets `count` answers of `bytes` for one question, through a listener with a small buffer. */
  async function answered(options: DatagramTransportOptions, count: number, bytes: number): Promise<Answered> {
    h = new DatagramHarness(options);
    const port = h.listen({}, 1, '127.0.0.1', SMALL);
    const answers = Array.from({ length: count }, (_, i) => seededBytes(bytes, i + 1));
    const server = await h.peer((_, from, socket) => {
      for (const answer of answers) socket.send(answer, from.port, from.address);
    });
    h.connectAll(server.port);
    return { port, answers, client: await h.peer() };
  }

  for (const offload of [true, false]) {
    const how = offload ? 'with' : 'without';
    it(`wait and reach clients in order, ${how} help of the kernel`, { timeout: 90_000 }, async () => {
      const { port, answers, client } = await answered({ offload }, 60, 1000);
      limitLoopback(SMALL_RATE, 3000);
      client.socket.send('?', port, '127.0.0.1');
      await h.until('a queue', () => total('QUEUED_BYTES') > 0);
      await h.until('all answers', () => client.received.length === answers.length);
      assert.ok(client.received.every((bytes, i) => bytes.equals(answers[i]!)));
      await h.until('an empty queue', () => total('QUEUED_BYTES') === 0);
      assert.equal(dropped(), 0);
      // Nothing waits any more, so this goes straight out.
      unlimitLoopback();
      client.socket.send('?', port, '127.0.0.1');
      await h.until('all again', () => client.received.length === 2 * answers.length);
    });
  }

  it('wait within their bound; what is beyond it is dropped and counted', { timeout: 90_000 }, async () => {
    const { port, answers, client } = await answered({ offload: false, queueMaxBytes: 8000 }, 60, 1000);
    limitLoopback(SMALL_RATE, 3000);
    client.socket.send('?', port, '127.0.0.1');
    let most = 0;
    await h.until('the end', () => {
      most = Math.max(most, total('QUEUED_BYTES'));
      return client.received.length + total('DROPPED_QUEUE') === answers.length && total('QUEUED_BYTES') === 0;
    });
    assert.ok(most > 0 && most <= 8000, `${most} bytes waited`);
    assert.ok(total('DROPPED_QUEUE') > 0);
    const order = client.received.map((bytes) => answers.findIndex((answer) => answer.equals(bytes)));
    assert.deepEqual(
      order,
      [...order].sort((x, y) => x - y),
    );
    const { flow } = await h.next(FlowEvent.NEW);
    h.transport.closeFlow(flow);
    const { numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.equal(numbers[FlowNumber.DATAGRAMS_TO_CLIENT], client.received.length);
    assert.equal(numbers[FlowNumber.DROPPED], answers.length - client.received.length);
  });

  /** A flow about which nothing is decided, with `count` large datagrams kept. */
  async function undecided(count: number): Promise<Undecided> {
    h = new DatagramHarness({ undecidedDatagramsMax: 64, queueMaxBytes: 8_000_000 });
    const port = h.listen();
    const [client, server] = [await h.peer(), await h.peer()];
    const sent = Array.from({ length: count }, (_, i) => seededBytes(60_000, i + 1));
    for (const bytes of sent) client.socket.send(bytes, port, '127.0.0.1');
    await h.until('all of them', () => total('FROM_CLIENTS') === count);
    return { flow: (await h.next(FlowEvent.NEW)).flow, port, client, server, sent };
  }

  it('wait and reach a server in order, those that come later behind them', { timeout: 90_000 }, async () => {
    const { flow, port, client, server, sent } = await undecided(24);
    limitLoopback(LARGE_RATE, BURST_BYTES);
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
    assert.ok(total('QUEUED_BYTES') > 60_000, `${total('QUEUED_BYTES')}`);
    for (let i = 0; i < 6; i++) {
      sent.push(seededBytes(5000, 100 + i));
      client.socket.send(sent.at(-1)!, port, '127.0.0.1');
    }
    await h.until('all at the server', () => server.received.length === sent.length);
    assert.ok(server.received.every((bytes, i) => bytes.equals(sent[i]!)));
    await h.until('an empty queue', () => total('QUEUED_BYTES') === 0);
    assert.equal(dropped(), 0);
  });

  it('are dropped and counted when JavaScript ends their flow', { timeout: 90_000 }, async () => {
    const { flow, server, sent } = await undecided(24);
    limitLoopback(LARGE_RATE, BURST_BYTES);
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
    const went = total('TO_SERVERS');
    assert.ok(went > 0 && went < sent.length, `${went}`);
    assert.equal(h.transport.closeFlow(flow), 0);
    assert.equal(total('QUEUED_BYTES'), 0);
    assert.equal(total('DROPPED_SEND'), sent.length - went);
    const { a, numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual([a, numbers[FlowNumber.DROPPED]], [FlowEnd.CLOSED, sent.length - went]);
    await h.until('what was sent', () => server.received.length === went);
  });

  it('of a flow that has ended are dropped and counted; those of others go on', { timeout: 90_000 }, async () => {
    const { port, answers, client } = await answered({ offload: false }, 60, 1000);
    const other = await h.peer();
    limitLoopback(SMALL_RATE, 3000);
    client.socket.send('?', port, '127.0.0.1');
    other.socket.send('?', port, '127.0.0.1');
    const news = [await h.next(FlowEvent.NEW), await h.next(FlowEvent.NEW)];
    await h.until('all at the transport', () => total('FROM_SERVERS') === 2 * answers.length);
    assert.ok(total('QUEUED_BYTES') > 0);
    const mine = news.find(({ peer }) => peer!.port === client.port)!;
    assert.equal(h.transport.closeFlow(mine.flow), 0);
    await h.until('all of the other', () => other.received.length === answers.length);
    assert.ok(other.received.every((bytes, i) => bytes.equals(answers[i]!)));
    await h.until('an empty queue', () => total('QUEUED_BYTES') === 0);
    await h.until('all that was sent', () => client.received.length + other.received.length === total('TO_CLIENTS'));
    assert.ok(client.received.length < answers.length);
    assert.ok(client.received.every((bytes, i) => bytes.equals(answers[i]!)));
    assert.equal(total('DROPPED_SEND'), 2 * answers.length - total('TO_CLIENTS'));
  });

  it('are dropped and counted with their listener', { timeout: 90_000 }, async () => {
    const { port, answers, client } = await answered({ offload: false }, 60, 1000);
    limitLoopback(SMALL_RATE, 3000);
    client.socket.send('?', port, '127.0.0.1');
    await h.until('all at the transport', () => total('FROM_SERVERS') === answers.length);
    assert.ok(total('QUEUED_BYTES') > 0);
    h.transport.unlisten(1, false, true);
    await h.next(FlowEvent.LISTENER_CLOSED);
    assert.equal((await h.next(FlowEvent.CLOSED)).a, FlowEnd.LISTENER);
    assert.equal(total('QUEUED_BYTES'), 0);
    assert.equal(total('DROPPED_SEND') + total('TO_CLIENTS'), answers.length);
  });

  it('for clients that cannot be reached any more hold up no others', { timeout: 90_000 }, async () => {
    ip('address', 'add', '10.77.0.1/32', 'dev', 'lo');
    const { port, answers, client } = await answered({ offload: false }, 100, 20);
    // More of their answers are in front than one call sends.
    const lost = await Promise.all(Array.from({ length: 5 }, () => h.peer(undefined, '10.77.0.1')));
    limitLoopback(SMALL_RATE, 3000);
    for (const { socket } of lost) socket.send('?', port, '127.0.0.1');
    await h.until('them', () => total('FROM_CLIENTS') === lost.length);
    client.socket.send('?', port, '127.0.0.1');
    await h.until('all at the transport', () => total('FROM_SERVERS') === (lost.length + 1) * answers.length);
    assert.ok(total('QUEUED_BYTES') > 0);
    ip('address', 'delete', '10.77.0.1/32', 'dev', 'lo');
    await h.until('all of the other', () => client.received.length === answers.length);
    assert.ok(client.received.every((bytes, i) => bytes.equals(answers[i]!)));
    assert.equal(total('DROPPED_SEND') + total('TO_CLIENTS'), (lost.length + 1) * answers.length);
    assert.equal(h.transport.flowCount, lost.length + 1);
  });
});

interface Answered {
  readonly port: number;
  readonly answers: readonly Buffer[];
  readonly client: Peer;
}

interface Undecided {
  readonly flow: number;
  readonly port: number;
  readonly client: Peer;
  readonly server: Peer;
  readonly sent: Buffer[];
}
