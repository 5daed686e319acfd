// Datagrams that come to nothing have a counter each, also those that never came to the transport.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { DatagramHarness, type Peer } from '../test/datagram-harness.ts';
import {
  createDatagramSocket,
  type DatagramTransportOptions,
  FlowEnd,
  FlowEvent,
  FlowNumber,
  FlowTotal,
} from './index.ts';

describe('datagrams that are lost are counted', () => {
  let h: DatagramHarness | undefined;
  afterEach(() => h?.close());

  function harness(options: DatagramTransportOptions = {}): DatagramHarness {
    h = new DatagramHarness(options);
    return h;
  }

  /** Connected sockets send at once, so that what is sent in one turn of the loop is there together in the next. */
  async function connected(h: DatagramHarness, port: number): Promise<Peer> {
    const client = await h.peer();
    client.socket.connect(port, '127.0.0.1');
    await once(client.socket, 'connect');
    return client;
  }

  it('of a flow that makes room for another one of the same batch', async () => {
    const h = harness({ flowsMax: 1 });
    const port = h.listen();
    const server = await h.echo();
    h.connectAll(server.port);
    const [first, second] = [await connected(h, port), await connected(h, port)];
    first.socket.send('1');
    await h.until('an echo', () => first.received.length === 1);
    first.socket.send('2');
    first.socket.send('3');
    second.socket.send('x');
    await h.until('an echo', () => second.received.length === 1);
    const { a, numbers } = await h.next(FlowEvent.CLOSED);
    assert.equal(a, FlowEnd.EVICTED);
    assert.deepEqual([numbers[FlowNumber.DATAGRAMS_FROM_CLIENT], numbers[FlowNumber.DROPPED]], [3, 2]);
    assert.equal(h.transport.totals[FlowTotal.DROPPED_SEND], 2);
  });

  it('of a listener whose receive buffer is full', async () => {
    const h = harness();
    const server = await h.peer();
    h.connectAll(server.port);
    const { descriptor, port } = createDatagramSocket({ host: '127.0.0.1', port: 0, receiveBufferBytes: 16 * 1024 });
    const client = await connected(h, port);
    // Before anybody listens: that is somebody else's loss.
    for (let i = 0; i < 500; i++) client.socket.send('x');
    h.transport.listen(descriptor, 1, { idleTimeoutMs: 30_000 });
    await h.until('those that fit', () => server.received.length > 0);
    const { totals } = h.transport;
    assert.equal(totals[FlowTotal.DROPPED_RECEIVING], 0);
    const before = totals[FlowTotal.FROM_CLIENTS]!;
    const SENT = 500;
    for (let i = 0; i < SENT; i++) client.socket.send('y');
    await h.until('the rest', () => totals[FlowTotal.DROPPED_RECEIVING]! > 0);
    assert.equal(totals[FlowTotal.FROM_CLIENTS]! - before + totals[FlowTotal.DROPPED_RECEIVING]!, SENT);
  });

  it("of a flow whose server's answers come faster than they are taken", async () => {
    const h = harness();
    const port = h.listen();
    const SENT = 3_000;
    const server = await h.peer((_, from, socket) => {
      socket.connect(from.port, from.address, () => {
        for (let i = 0; i < SENT; i++) socket.send('answer');
      });
    });
    h.connectAll(server.port);
    const client = await connected(h, port);
    client.socket.send('x');
    const { flow } = await h.next(FlowEvent.NEW);
    const { totals } = h.transport;
    await h.until('answers', () => totals[FlowTotal.FROM_SERVERS]! > 0);
    assert.equal(totals[FlowTotal.DROPPED_RECEIVING], 0);
    h.transport.closeFlow(flow);
    await h.next(FlowEvent.CLOSED, flow);
    assert.ok(totals[FlowTotal.DROPPED_RECEIVING]! > 0);
    assert.equal(totals[FlowTotal.FROM_SERVERS]! + totals[FlowTotal.DROPPED_RECEIVING]!, SENT);
  });
});
