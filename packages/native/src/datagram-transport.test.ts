// Flows of the datagram transport: first datagrams, decisions, boundaries, addresses, ends.

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { DatagramHarness } from '../test/datagram-harness.ts';
import { seededBytes } from '../test/transport-harness.ts';
import { FlowEnd, FlowEvent, FlowNumber, FlowTotal } from './index.ts';

const { ESTALE, EINVAL, ECONNREFUSED } = constants.errno;

describe('flows of datagrams', () => {
  let h: DatagramHarness;
  beforeEach(() => {
    h = new DatagramHarness();
  });
  afterEach(() => h.close());

  it('tell of an unknown client, and pass on what it sent once a server is chosen', async () => {
    const port = h.listen({ inspectDatagrams: 1 }, 7);
    const server = await h.echo();
    const client = await h.peer();
    client.socket.send('first', port, '127.0.0.1');
    const event = await h.next(FlowEvent.NEW);
    assert.equal(event.a, 7);
    assert.equal(event.bytes.toString(), 'first');
    assert.deepEqual(event.peer, {
      family: 4,
      address: '127.0.0.1',
      port: client.port,
      scope: 0,
      localPort: port,
      handedOver: false,
    });
    client.socket.send('second', port, '127.0.0.1');
    await h.until('the second', () => h.transport.totals[FlowTotal.FROM_CLIENTS] === 2);
    assert.equal(h.transport.connectFlow(event.flow, '127.0.0.1', server.port), 0);
    await h.until('both echoes', () => client.received.length === 2);
    assert.deepEqual(client.received.map(String), ['first', 'second']);
    assert.ok(client.senders.every((from) => from.port === port));
    client.socket.send('third', port, '127.0.0.1');
    await h.until('the third echo', () => client.received.length === 3);
    assert.equal(h.seen.length, 1);
    assert.equal(h.transport.flowCount, 1);
  });

  it('show further datagrams while nothing is decided, and first answers', async () => {
    const port = h.listen({ inspectDatagrams: 2, inspectAnswers: 1 });
    const server = await h.echo();
    const client = await h.peer();
    client.socket.send('a', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    client.socket.send('b', port, '127.0.0.1');
    assert.equal((await h.next(FlowEvent.DATA, flow)).bytes.toString(), 'b');
    client.socket.send('c', port, '127.0.0.1');
    await h.until('the third', () => h.transport.totals[FlowTotal.FROM_CLIENTS] === 3);
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
    await h.until('echoes', () => client.received.length === 3);
    assert.deepEqual(client.received.map(String), ['a', 'b', 'c']);
    assert.deepEqual(
      h.seen.filter((event) => event.kind !== FlowEvent.NEW).map((event) => [event.kind, event.bytes.toString()]),
      [
        [FlowEvent.DATA, 'b'],
        [FlowEvent.ANSWER, 'a'],
      ],
    );
  });

  it('show answers of one flow alone when that is asked for', async () => {
    const port = h.listen();
    const server = await h.echo();
    const clients = [await h.peer(), await h.peer()];
    for (const [index, client] of clients.entries()) {
      client.socket.send(`of ${index}`, port, '127.0.0.1');
      const { flow } = await h.next(FlowEvent.NEW);
      if (index === 1) assert.equal(h.transport.inspectAnswers(flow, 1), 0);
      assert.equal(h.transport.inspectAnswers(flow, 65), EINVAL);
      assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
      client.socket.send('again', port, '127.0.0.1');
      await h.until('echoes', () => client.received.length === 2);
    }
    assert.equal(h.transport.inspectAnswers(1, 1), ESTALE);
    const shown = h.seen.filter(({ kind }) => kind === FlowEvent.ANSWER);
    assert.deepEqual(
      shown.map(({ bytes }) => bytes.toString()),
      ['of 1'],
    );
  });

  it('can be refused; the next datagram is a new flow', async () => {
    const port = h.listen();
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    const first = await h.next(FlowEvent.NEW);
    assert.equal(first.bytes.length, 0);
    assert.equal(h.transport.refuse(first.flow), 0);
    assert.equal(h.transport.refuse(first.flow), ESTALE);
    assert.equal(h.transport.connectFlow(first.flow, '127.0.0.1', 9), ESTALE);
    assert.equal(h.transport.flowCount, 0);
    client.socket.send('x', port, '127.0.0.1');
    const second = await h.next(FlowEvent.NEW);
    assert.notEqual(second.flow, first.flow);
    assert.equal(h.count(FlowEvent.CLOSED), 0);
    assert.equal(h.transport.totals[FlowTotal.DROPPED_UNDECIDED], 1);
  });

  it('stay undecided after a wrong server address', async () => {
    const port = h.listen();
    const server = await h.echo();
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    assert.equal(h.transport.connectFlow(flow, 'localhost', server.port), EINVAL);
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', 0), EINVAL);
    assert.equal(h.transport.connectFlow(flow + 1, '127.0.0.1', server.port), ESTALE);
    assert.equal(h.transport.connectFlow(flow, '127.0.0.1', server.port), 0);
    await h.until('the echo', () => client.received.length === 1);
  });

  it('keep sizes and bytes, from nothing to the largest datagram', async () => {
    const port = h.listen();
    const server = await h.echo();
    h.connectAll(server.port);
    const client = await h.peer();
    for (const size of [0, 1, 2, 511, 512, 1472, 1473, 9000, 65_000, 65_507, 0, 3]) {
      const bytes = seededBytes(size, size + 1);
      client.socket.send(bytes, port, '127.0.0.1');
      const count = client.received.length + 1;
      await h.until(`${size} bytes`, () => client.received.length === count);
      assert.ok(client.received.at(-1)!.equals(bytes));
    }
  });

  it('end when told to, with what has passed', async () => {
    const port = h.listen();
    const server = await h.echo();
    h.connectAll(server.port);
    const client = await h.peer();
    for (const text of ['one', 'three', '']) client.socket.send(text, port, '127.0.0.1');
    await h.until('echoes', () => client.received.length === 3);
    const { flow } = await h.next(FlowEvent.NEW);
    assert.equal(h.transport.closeFlow(flow), 0);
    assert.equal(h.transport.closeFlow(flow), ESTALE);
    const { a, b, numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual([a, b], [FlowEnd.CLOSED, 0]);
    assert.deepEqual(numbers.slice(0, FlowNumber.LIFETIME_MS), [3, 8, 3, 8, 0]);
    assert.equal(h.transport.flowCount, 0);
  });

  it('end when the server is not there, and begin anew', async () => {
    const port = h.listen();
    const gone = await h.peer();
    const absent = gone.port;
    gone.socket.close();
    h.reaction = (event, transport) => {
      if (event.kind === FlowEvent.NEW) transport.connectFlow(event.flow, '127.0.0.1', absent);
    };
    const client = await h.peer();
    client.socket.send('x', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    const { a, b } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual([a, b], [FlowEnd.SERVER, ECONNREFUSED]);
    client.socket.send('x', port, '127.0.0.1');
    assert.notEqual((await h.next(FlowEvent.NEW)).flow, flow);
  });

  it('go over IPv6, and between the families', async () => {
    const port = h.listen({}, 1, '::1');
    const servers = { '127.0.0.1': await h.echo(), '::1': await h.echo('::1') };
    for (const [address, { port: serverPort }] of Object.entries(servers)) {
      h.connectAll(serverPort, address);
      const client = await h.peer(undefined, '::1');
      client.socket.send('six', port, '::1');
      await h.until('the echo', () => client.received.length === 1);
      assert.equal(client.senders[0]!.address, '::1');
      assert.equal(client.senders[0]!.port, port);
    }
    assert.equal((await h.next(FlowEvent.NEW)).peer?.address, '::1');
  });

  it('are answered from the address that was asked', async () => {
    const server = await h.echo();
    h.connectAll(server.port);
    for (const [tag, host] of [
      [1, '0.0.0.0'],
      [2, ''],
    ] as const) {
      const port = h.listen({}, tag, host);
      for (const asked of ['127.0.0.1', '127.0.0.2', '127.1.2.3']) {
        const client = await h.peer();
        client.socket.send('who', port, asked);
        await h.until('the echo', () => client.received.length === 1);
        assert.equal(client.senders[0]!.address, asked);
      }
    }
    const client = await h.peer(undefined, '::1');
    client.socket.send('who', h.listen({}, 3, '::'), '::1');
    await h.until('the echo', () => client.received.length === 1);
    assert.equal(client.senders[0]!.address, '::1');
  });
});
