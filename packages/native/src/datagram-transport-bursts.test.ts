// Bursts: many datagrams at once, put together for the kernel and taken apart by it, keep their sizes and their order.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { runPython } from '../test/child.ts';
import { DatagramHarness } from '../test/datagram-harness.ts';
import { seededBytes } from '../test/transport-harness.ts';
import { FlowEvent, FlowTotal } from './index.ts';

describe('bursts of datagrams', () => {
  let h: DatagramHarness | undefined;
  afterEach(() => h?.close());

  /** Client, first listener, second listener, server: what the first sends together reaches the second together. */
  async function chain(offload: boolean) {
    h = new DatagramHarness({ offload, undecidedDatagramsMax: 64 });
    const first = h.listen({}, 1);
    const second = h.listen({}, 2);
    const server = await h.echo();
    h.reaction = (event, transport) => {
      if (event.kind === FlowEvent.NEW)
        transport.connectFlow(event.flow, '127.0.0.1', event.a === 1 ? second : server.port);
    };
    return { h, port: first, server, client: await h.peer() };
  }

  for (const offload of [true, false]) {
    it(`keep sizes and order ${offload ? 'with' : 'without'} help of the kernel`, { timeout: 90_000 }, async () => {
      const { h, port, server, client } = await chain(offload);
      const sizes = [1200, 1200, 1200, 100, 1200, 1200, 1300, 1300, 0, 0, 7, 7, 7, 3, 9000, 9000, 1, 1, 1, 1, 1];
      const sent: Buffer[] = [];
      for (let burst = 0; burst < 12; burst++) {
        for (let i = 0; i < 60; i++) {
          const size = burst % 2 === 0 ? 1200 : sizes[i % sizes.length]!;
          const bytes = seededBytes(size, burst * 100 + i + 1);
          sent.push(bytes);
          client.socket.send(bytes, port, '127.0.0.1');
        }
        await h.until('the burst', () => client.received.length === sent.length);
      }
      for (const [i, bytes] of sent.entries()) {
        assert.ok(server.received[i]!.equals(bytes), `datagram ${i} at the server`);
        assert.ok(client.received[i]!.equals(bytes), `datagram ${i} at the client`);
      }
      const together = [h.transport.totals[FlowTotal.SENT_TOGETHER]!, h.transport.totals[FlowTotal.RECEIVED_TOGETHER]!];
      if (offload)
        assert.ok(
          together.every((count) => count > 100),
          `${together}`,
        );
      else assert.deepEqual(together, [0, 0]);
    });
  }

  it('that a sender gives to its kernel as one arrive as they were meant', { timeout: 90_000 }, async () => {
    // All of them may come before there is a decision.
    h = new DatagramHarness({ undecidedDatagramsMax: 100 });
    const server = await h.peer();
    h.connectAll(server.port);
    const port = h.listen();
    // Sizes as UDP_SEGMENT cuts them: the last datagram of each message is shorter, or is not.
    const bursts = [
      [1000, 10_000],
      [1400, 50_001],
      [999, 999],
      [3, 100],
      [1200, 1201],
    ] as const;
    const program = `
import socket, sys
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.connect(("127.0.0.1", int(sys.argv[1])))
sender.send(b"first")
for burst in sys.argv[2:]:
    segment, total = map(int, burst.split("/"))
    sender.setsockopt(17, 103, segment)
    sender.send(bytes(i * 7 % 251 for i in range(total)))`;
    const values = bursts.map(([segment, total]) => `${segment}/${total}`);
    assert.equal((await runPython(program, String(port), ...values)).stderr, '');
    const expected = [Buffer.from('first')];
    for (const [segment, total] of bursts) {
      const whole = Buffer.from(Array.from({ length: total }, (_, i) => (i * 7) % 251));
      for (let at = 0; at < total; at += segment) expected.push(whole.subarray(at, at + segment));
    }
    await h.until('all of them', () => server.received.length === expected.length);
    for (const [i, bytes] of expected.entries()) assert.ok(server.received[i]!.equals(bytes), `datagram ${i}`);
  });

  it('of datagrams too large to be put together pass one by one', { timeout: 90_000 }, async () => {
    const { h, port, client } = await chain(true);
    const sent = Array.from({ length: 40 }, (_, i) => seededBytes(i % 7 === 0 ? 65_507 : 30_000, i + 1));
    for (const bytes of sent) {
      client.socket.send(bytes, port, '127.0.0.1');
      await h.until('its echo', () => client.received.length > 0 && client.received.at(-1)!.equals(bytes));
    }
    assert.equal(client.received.length, sent.length);
  });
});
