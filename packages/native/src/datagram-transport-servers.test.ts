// Servers that are gone, cannot be reached any more, or take less than clients send: what their flows end with, and what still passes.
// In a network of their own, whose routes come and go.

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { runPython } from '../test/child.ts';
import { DatagramHarness, type Peer } from '../test/datagram-harness.ts';
import { enterOwnNetwork, ip } from '../test/own-network.ts';
import { seededBytes } from '../test/transport-harness.ts';
import { FlowEnd, FlowEvent, FlowNumber, FlowTotal } from './index.ts';

enterOwnNetwork();

const { ECONNREFUSED, ENETUNREACH, EHOSTUNREACH } = constants.errno;
const FAR = '10.77.0.2';

describe('servers of flows', () => {
  let h: DatagramHarness;
  beforeEach(() => {
    h = new DatagramHarness({ undecidedDatagramsMax: 64 });
  });
  afterEach(() => h.close());

  const total = (name: keyof typeof FlowTotal): number => h.transport.totals[FlowTotal[name]]!;

  it('that go away end their flow, and all they had answered arrives', { timeout: 90_000 }, async () => {
    const port = h.listen();
    const server = await h.peer((_, from, socket) => {
      if (server.received.length < 2) return;
      let left = 20;
      const sent = (): void => {
        if (--left === 0) socket.close();
      };
      for (let i = 0; i < 20; i++) socket.send(`answer ${i}`, from.port, from.address, sent);
    });
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send('one', port, '127.0.0.1');
    await h.until('it', () => server.received.length === 1);
    client.socket.send('two', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    server.socket.once('close', () => client.socket.send('three', port, '127.0.0.1'));
    const { a, b, numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual([a, b], [FlowEnd.SERVER, ECONNREFUSED]);
    await h.until('all answers', () => client.received.length === 20);
    assert.deepEqual(
      client.received.map(String),
      Array.from({ length: 20 }, (_, i) => `answer ${i}`),
    );
    assert.equal(numbers[FlowNumber.DATAGRAMS_TO_CLIENT], 20);
  });

  it('that go away with datagrams under way are told once, and those are counted', { timeout: 90_000 }, async () => {
    const port = h.listen();
    const server = await h.echo();
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    await h.until('an echo', () => client.received.length === 1);
    const { flow } = await h.next(FlowEvent.NEW);
    await new Promise<void>((done) => server.socket.close(() => done()));
    // The first is answered by ICMP; what is sent then meets the error, and whatever is left of it a new flow.
    for (let round = 0; h.count(FlowEvent.CLOSED) === 0; round++) {
      assert.ok(round < 100);
      for (let i = 0; i < 5; i++) client.socket.send('y', port, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { a, b } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual([a, b], [FlowEnd.SERVER, ECONNREFUSED]);
    h.transport.unlisten(1, false, true);
    await h.next(FlowEvent.LISTENER_CLOSED);
    assert.equal(h.seen.filter((event) => event.kind === FlowEvent.CLOSED && event.flow === flow).length, 1);
    assert.equal(total('FROM_CLIENTS'), total('TO_SERVERS') + total('DROPPED_SEND') + total('DROPPED_UNDECIDED'));
  });

  it('without a way to them are refused at once; another one may be chosen', async () => {
    const port = h.listen();
    const server = await h.echo();
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    assert.equal(h.transport.connectFlow(flow, FAR, 9), ENETUNREACH);
    ip('route', 'add', 'unreachable', `${FAR}/32`);
    try {
      assert.equal(h.transport.connectFlow(flow, FAR, 9), EHOSTUNREACH);
    } finally {
      ip('route', 'delete', 'unreachable', `${FAR}/32`);
    }
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
    await h.until('the echo', () => client.received.length === 1);
    assert.equal(h.count(FlowEvent.CLOSED), 0);
  });

  it('whose way is lost end their flow with the reason', async () => {
    ip('address', 'add', `${FAR}/32`, 'dev', 'lo');
    const port = h.listen();
    const server = await h.echo(FAR);
    h.connectAll(server.port, FAR);
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    await h.until('the echo', () => client.received.length === 1);
    ip('address', 'delete', `${FAR}/32`, 'dev', 'lo');
    client.socket.send('y', port, '127.0.0.1');
    const { a, b, numbers } = await h.next(FlowEvent.CLOSED);
    assert.deepEqual([a, b], [FlowEnd.SERVER, ENETUNREACH]);
    assert.deepEqual(numbers.slice(0, FlowNumber.LIFETIME_MS), [2, 2, 1, 1, 1]);
    assert.equal(total('DROPPED_SEND'), 1);
  });

  /** Datagrams of a client over IPv6, with the sizes. */
  async function overSix(server: Peer, address: string): Promise<(sizes: readonly number[]) => Promise<void>> {
    const port = h.listen({}, 1, '::1');
    h.connectAll(server.port, address);
    const client = await h.peer(undefined, '::1');
    return async (sizes) => {
      for (const size of sizes) {
        const before = total('FROM_CLIENTS');
        client.socket.send(seededBytes(size, size + 1), port, '::1');
        await h.until('it', () => total('FROM_CLIENTS') === before + 1);
      }
    };
  }

  it('get the largest datagram of IPv6, and answer with it', async () => {
    const server = await h.echo('::1');
    const send = await overSix(server, '::1');
    await send([65_527, 65_508, 1]);
    await h.until('them', () => server.received.length === 3);
    assert.deepEqual(
      server.received.map((bytes) => bytes.equals(seededBytes(bytes.length, bytes.length + 1)) && bytes.length),
      [65_527, 65_508, 1],
    );
    await h.until('answers', () => total('TO_CLIENTS') === 3);
  });

  it('of IPv4 get whole datagrams or none; one that is too long costs its flow nothing else', async () => {
    const server = await h.echo();
    const send = await overSix(server, '127.0.0.1');
    await send([10, 65_527, 65_508, 65_507, 20]);
    await h.until('the others', () => server.received.length === 3);
    assert.deepEqual(
      server.received.map((bytes) => bytes.length),
      [10, 65_507, 20],
    );
    assert.equal(total('DROPPED_SEND'), 2);
    assert.equal(h.count(FlowEvent.CLOSED), 0);
  });

  it('of IPv4 get bursts that are longer than a message of theirs, still together', { timeout: 90_000 }, async () => {
    // Else the kernel takes apart what is as long as that.
    ip('link', 'set', 'lo', 'gso_max_size', '131072');
    // The rest is sent when the first has been answered: there is a server then.
    const server = await h.peer((bytes, from, socket) => {
      if (bytes.length === 'first'.length) socket.send('go on', from.port, from.address);
    });
    const port = h.listen({}, 1, '::1');
    h.connectAll(server.port);
    const program = `
import socket, sys
sender = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
sender.connect(("::1", int(sys.argv[1])))
sender.send(b"first")
sender.recv(10)
sender.setsockopt(17, 103, 1170)
for burst in range(3):
    sender.send(bytes(i * 7 % 251 for i in range(56 * 1170)))`;
    const ended = runPython(program, String(port));
    // The rest may follow before this looks.
    await h.until('the first', () => server.received.length >= 1);
    assert.equal((await ended).stderr, '');
    await h.until('all of them', () => server.received.length === 1 + 3 * 56);
    const whole = Buffer.from(Array.from({ length: 56 * 1170 }, (_, i) => (i * 7) % 251));
    for (let burst = 0; burst < 3; burst++) {
      const from = 1 + burst * 56;
      assert.ok(Buffer.concat(server.received.slice(from, from + 56)).equals(whole), `burst ${burst}`);
    }
    assert.ok(server.received.slice(1).every((bytes) => bytes.length === 1170));
    assert.equal(total('RECEIVED_TOGETHER'), 3 * 56);
    // The last of each goes alone, unless the next burst has come by then; the kernel was not asked in vain.
    const together = total('SENT_TOGETHER');
    assert.ok(together >= 3 * 55 && together <= 3 * 56, `${together}`);
  });
});
