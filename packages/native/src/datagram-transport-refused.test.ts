// Bursts that the kernel does not take as one message: datagrams longer than the path allows, and sockets that cannot have them cut.
// They leave one by one, whole and in order. In a network of their own, whose packets are short.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runPython } from '../test/child.ts';
import { DatagramHarness, type Peer } from '../test/datagram-harness.ts';
import { enterOwnNetwork, ip, limitLoopback, unlimitLoopback } from '../test/own-network.ts';
import { seededBytes } from '../test/transport-harness.ts';
import { FlowTotal } from './index.ts';

enterOwnNetwork();
ip('link', 'set', 'lo', 'mtu', '1400');

/** Longer than a packet, and shorter. */
const LONG = 2000;
const SHORT = 1100;

describe('bursts that cannot be sent as one message', () => {
  let h: DatagramHarness;
  afterEach(() => h.close());

  const total = (name: keyof typeof FlowTotal): number => h.transport.totals[FlowTotal[name]]!;

  /** `count` datagrams there and back; they are the same. */
  async function exchange(client: Peer, port: number, address: string, count: number, bytes: number): Promise<void> {
    const sent = Array.from({ length: count }, (_, i) => seededBytes(bytes, i + 1));
    client.received.length = 0;
    for (const datagram of sent) client.socket.send(datagram, port, address);
    await h.until('their echoes', () => client.received.length === count);
    assert.ok(client.received.every((datagram, i) => datagram.equals(sent[i]!)));
  }

  for (const address of ['127.0.0.1', '::1']) {
    it(`leave one by one, and shorter ones still together: ${address}`, { timeout: 90_000 }, async () => {
      h = new DatagramHarness({ undecidedDatagramsMax: 64 });
      const port = h.listen({}, 1, address);
      const server = await h.echo(address);
      h.connectAll(server.port, address);
      const client = await h.peer(undefined, address);
      await exchange(client, port, address, 60, SHORT);
      const before = total('SENT_TOGETHER');
      assert.ok(before > 0);
      for (let round = 0; round < 3; round++) await exchange(client, port, address, 40, LONG);
      assert.equal(total('SENT_TOGETHER'), before);
      await exchange(client, port, address, 60, SHORT);
      assert.ok(total('SENT_TOGETHER') > before);
      assert.equal(total('DROPPED_SEND') + total('DROPPED_QUEUE'), 0);
      assert.equal(total('TO_SERVERS') + total('TO_CLIENTS'), 480);
    });
  }

  it('leave one by one from a socket that sends no checksums', { timeout: 90_000 }, async () => {
    h = new DatagramHarness();
    const program = `
import os, socket, sys
bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
bound.setsockopt(socket.SOL_SOCKET, 11, 1)
bound.bind(("127.0.0.1", 0))
bound.set_inheritable(True)
os.execv(sys.argv[1], sys.argv[1:] + [str(bound.fileno())])`;
    const path = fileURLToPath(new URL('../test/programs/datagrams-without-checksum.ts', import.meta.url));
    const { stdout, stderr } = await runPython(program, process.execPath, path);
    assert.equal(stdout, JSON.stringify({ whole: true, together: 0, dropped: 0 }), stderr);
  });

  it('wait like any others when the socket is full in between', { timeout: 90_000 }, async () => {
    h = new DatagramHarness();
    const port = h.listen({}, 1, '127.0.0.1', { sendBufferBytes: 1 });
    const answers = Array.from({ length: 30 }, (_, i) => seededBytes(LONG, i + 1));
    const server = await h.peer((_, from, socket) => {
      for (const answer of answers) socket.send(answer, from.port, from.address);
    });
    h.connectAll(server.port);
    const client = await h.peer();
    // All of the answers pass at once and come to the transport together; what it sends has to wait.
    limitLoopback(250_000, 70_000);
    try {
      client.socket.send('?', port, '127.0.0.1');
      await h.until('a queue', () => total('QUEUED_BYTES') > 0);
      await h.until('all answers', () => client.received.length + total('DROPPED_SEND') === answers.length);
      assert.equal(total('DROPPED_SEND'), 0);
      assert.ok(client.received.every((datagram, i) => datagram.equals(answers[i]!)));
    } finally {
      unlimitLoopback();
    }
  });
});
