// Bounds of the datagram transport: flows, decisions, times, answers; what happens beyond them is counted.

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { afterEach, describe, it } from 'node:test';
import { DatagramHarness } from '../test/datagram-harness.ts';
import { delay } from '../test/transport-harness.ts';
import {
  closeDescriptor,
  createDatagramSocket,
  createListeningSocket,
  type DatagramTransportOptions,
  FlowEnd,
  FlowEvent,
  FlowNumber,
  FlowTotal,
} from './index.ts';

const { EEXIST, ENOBUFS } = constants.errno;

describe('bounds of flows', () => {
  let h: DatagramHarness | undefined;
  afterEach(() => h?.close());

  function harness(options: DatagramTransportOptions = {}): DatagramHarness {
    h = new DatagramHarness(options);
    return h;
  }

  it('end idle ones in time, not those that are used in either direction', { timeout: 90_000 }, async () => {
    const h = harness();
    const port = h.listen({ idleTimeoutMs: 2400 });
    let answerTo: (() => void) | undefined;
    const server = await h.peer((_, from, socket) => {
      answerTo = () => socket.send('again', from.port, from.address);
    });
    h.connectAll(server.port);
    const [idle, talks] = [await h.peer(), await h.peer()];
    const began = performance.now();
    let closedAfter = 0;
    const note = h.reaction!;
    h.reaction = (event, transport) => {
      note(event, transport);
      if (event.kind === FlowEvent.CLOSED) closedAfter = performance.now() - began;
    };
    idle.socket.send('x', port, '127.0.0.1');
    await h.until('a server', () => answerTo);
    const silent = (await h.next(FlowEvent.NEW)).flow;
    talks.socket.send('x', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    await h.until('the second', () => server.received.length === 2);
    for (let i = 0; i < 14; i++) {
      await delay(240);
      if (i % 2 === 0) answerTo!();
      else talks.socket.send('y', port, '127.0.0.1');
    }
    assert.equal(h.count(FlowEvent.CLOSED), 1);
    const closed = await h.next(FlowEvent.CLOSED, silent);
    assert.equal(closed.a, FlowEnd.IDLE);
    assert.ok(closedAfter >= 2400, `${closedAfter}`);
    assert.ok(closed.numbers[FlowNumber.LIFETIME_MS]! >= 2400);
    assert.equal((await h.next(FlowEvent.CLOSED, flow)).a, FlowEnd.IDLE);
    assert.equal(h.transport.totals[FlowTotal.EXPIRED], 2);
  });

  it('count idle time from a late decision on, also when nothing happened meanwhile', async () => {
    const h = harness();
    const port = h.listen({ idleTimeoutMs: 600 });
    const server = await h.peer();
    const [early, later] = [await h.peer(), await h.peer()];
    early.socket.send('x', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    await delay(500);
    const decidedAt = performance.now();
    let closedAfter = 0;
    h.reaction = (event) => {
      if (event.kind === FlowEvent.CLOSED && event.flow === flow) closedAfter = performance.now() - decidedAt;
    };
    h.transport.connectFlow(flow, '127.0.0.1', server.port);
    await delay(200);
    // Something that makes the transport look at its flows.
    later.socket.send('x', port, '127.0.0.1');
    await h.next(FlowEvent.CLOSED, flow);
    assert.ok(closedAfter >= 600, `${closedAfter}`);
  });

  it('let the flow make room that was not used for the longest time', async () => {
    const h = harness();
    const port = h.listen({ flowsMax: 3, idleTimeoutMs: 9600 });
    const other = h.listen({ idleTimeoutMs: 60_000 }, 2);
    const server = await h.echo();
    h.connectAll(server.port);
    const clients = await Promise.all(Array.from({ length: 4 }, () => h.peer()));
    const elsewhere = await h.peer();
    elsewhere.socket.send('e', other, '127.0.0.1');
    await h.until('the other', () => elsewhere.received.length === 1);
    const flows: number[] = [];
    for (const [i, client] of clients.entries()) {
      // Later than the part of the idle time below which order is not kept.
      await delay(330);
      if (i === 3) {
        clients[0]!.socket.send('again', port, '127.0.0.1');
        await h.until('the first again', () => clients[0]!.received.length === 2);
      }
      client.socket.send('x', port, '127.0.0.1');
      await h.until('an echo', () => client.received.length >= 1);
      flows.push(h.seen.filter((event) => event.kind === FlowEvent.NEW).at(-1)!.flow);
    }
    const { flow, a } = await h.next(FlowEvent.CLOSED);
    assert.equal(a, FlowEnd.EVICTED);
    assert.equal(flow, flows[1]);
    assert.equal(h.transport.totals[FlowTotal.EVICTED], 1);
  });

  it('hold for the whole transport, over all listeners', { timeout: 90_000 }, async () => {
    const h = harness({ flowsMax: 5 });
    const ports = [h.listen({}, 1), h.listen({}, 2)];
    const server = await h.echo();
    h.connectAll(server.port);
    for (let i = 0; i < 12; i++) {
      const client = await h.peer();
      client.socket.send('x', ports[i % 2]!, '127.0.0.1');
      await h.until('an echo', () => client.received.length === 1);
    }
    assert.equal(h.transport.flowCount, 5);
    assert.equal(h.count(FlowEvent.CLOSED), 7);
    assert.equal(h.transport.totals[FlowTotal.EVICTED], 7);
  });

  it('hold for undecided flows: their number, their datagrams, their time', async () => {
    const h = harness({ undecidedMax: 2, undecidedDatagramsMax: 3, undecidedMs: 3000 });
    const port = h.listen();
    const server = await h.echo();
    const clients = await Promise.all(Array.from({ length: 3 }, () => h.peer()));
    for (const client of clients) {
      client.socket.send('0', port, '127.0.0.1');
      await h.until('it', () => h.transport.totals[FlowTotal.FROM_CLIENTS] === clients.indexOf(client) + 1);
    }
    assert.equal(h.count(FlowEvent.NEW), 2);
    assert.equal(h.transport.totals[FlowTotal.UNDECIDED], 2);
    assert.equal(h.transport.totals[FlowTotal.DROPPED_UNDECIDED], 1);
    for (const text of ['1', '2', '3', '4']) clients[0]!.socket.send(text, port, '127.0.0.1');
    await h.until('all', () => h.transport.totals[FlowTotal.DROPPED_UNDECIDED] === 3);
    const first = await h.next(FlowEvent.NEW);
    const second = await h.next(FlowEvent.NEW);
    assert.equal(h.transport.connectFlow(first.flow, '127.0.0.1', server.port), 0);
    await h.until('three echoes', () => clients[0]!.received.length === 3);
    assert.deepEqual(clients[0]!.received.map(String), ['0', '1', '2']);
    assert.equal((await h.next(FlowEvent.CLOSED, second.flow)).a, FlowEnd.UNDECIDED);
    assert.equal(h.transport.totals[FlowTotal.UNDECIDED], 0);
    assert.equal(h.transport.totals[FlowTotal.QUEUED_BYTES], 0);
  });

  it('hold for answers until a second datagram has come', async () => {
    const h = harness();
    const port = h.listen({ amplificationFactor: 3 });
    const server = await h.peer((_, from, socket) => {
      for (let i = 0; i < 10; i++) socket.send(Buffer.alloc(100, i), from.port, from.address);
    });
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send(Buffer.alloc(100), port, '127.0.0.1');
    await h.until('answers', () => h.transport.totals[FlowTotal.FROM_SERVERS] === 10);
    await h.until('three of them', () => client.received.length === 3);
    assert.equal(h.transport.totals[FlowTotal.DROPPED_AMPLIFICATION], 7);
    client.socket.send(Buffer.alloc(1), port, '127.0.0.1');
    await h.until('all of the second', () => client.received.length === 13);
    const { flow } = await h.next(FlowEvent.NEW);
    h.transport.closeFlow(flow);
    const { numbers } = await h.next(FlowEvent.CLOSED, flow);
    assert.deepEqual(numbers.slice(0, FlowNumber.LIFETIME_MS), [2, 101, 13, 1300, 7]);
  });

  it('hold for keys; a key takes its flow to another address, where answers are limited anew', async () => {
    const h = harness();
    const key = { offset: 1, bytes: 4, mask: 0x80, value: 0 };
    const port = h.listen({ key, amplificationFactor: 2 });
    const server = await h.echo();
    h.connectAll(server.port);
    const [before, after, other] = [await h.peer(), await h.peer(), await h.peer()];
    before.socket.send('\x40abcd1', port, '127.0.0.1');
    other.socket.send('\x40wxyz1', port, '127.0.0.1');
    const first = await h.next(FlowEvent.NEW);
    const second = await h.next(FlowEvent.NEW);
    await h.until('echoes', () => before.received.length === 1 && other.received.length === 1);
    const flow = first.peer!.port === before.port ? first.flow : second.flow;
    const another = flow === first.flow ? second.flow : first.flow;
    assert.equal(h.transport.addKey(flow, Buffer.from('abcd')), 0);
    assert.equal(h.transport.addKey(flow, Buffer.from('abcd')), 0);
    assert.equal(h.transport.addKey(another, Buffer.from('abcd')), EEXIST);
    assert.equal(h.transport.addKey(flow, Buffer.from('abc')), constants.errno.EINVAL);
    for (let i = 0; i < 7; i++) assert.equal(h.transport.addKey(flow, Buffer.from(`key${i}`)), 0);
    assert.equal(h.transport.addKey(flow, Buffer.from('more')), ENOBUFS);
    after.socket.send('\x40abcd2', port, '127.0.0.1');
    await h.until('an echo elsewhere', () => after.received.length === 1);
    assert.equal(h.count(FlowEvent.NEW), 2);
    assert.equal(h.transport.totals[FlowTotal.MOVED], 1);
    // Its first byte says that it has no key.
    after.socket.send(Buffer.from('\xc0key1?', 'latin1'), port, '127.0.0.1');
    await h.until('it', () => after.received.length === 2);
    before.socket.send('\x40key63', port, '127.0.0.1');
    await h.until('back again', () => before.received.length === 2);
    assert.equal(server.received.length, 5);
    assert.equal(h.transport.totals[FlowTotal.MOVED], 2);
  });

  it('keys may stand in two places', async () => {
    const h = harness();
    const key = { bytes: 4, offset: 1, mask: 0xc0, value: 0x40, other: { offset: 3, mask: 0xc0, value: 0xc0 } };
    const port = h.listen({ key });
    const server = await h.echo();
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send('hello', port, '127.0.0.1');
    const { flow } = await h.next(FlowEvent.NEW);
    assert.equal(h.transport.addKey(flow, Buffer.from('abcd')), 0);
    // Else this echo may come to who sends next.
    await h.until('the first echo', () => client.received.length === 1);
    for (const bytes of ['\x40abcd', '\xc0..abcd']) {
      const moved = await h.peer();
      moved.socket.send(Buffer.from(bytes, 'latin1'), port, '127.0.0.1');
      await h.until('an echo', () => moved.received.length === 1);
    }
    assert.equal(h.transport.totals[FlowTotal.MOVED], 2);
    // Too short, in the other's place, empty: all of a client that nobody knows.
    const other = await h.peer();
    for (const bytes of ['\xc0..abc', '\xc0abcd..', '\x80..abcd', '']) {
      other.socket.send(Buffer.from(bytes, 'latin1'), port, '127.0.0.1');
    }
    await h.until('four echoes', () => other.received.length === 4);
    assert.equal(h.count(FlowEvent.NEW), 2);
  });

  it('a listener that is left may be left again until it has gone', async () => {
    const h = harness();
    const server = await h.echo();
    h.connectAll(server.port);
    const client = await h.peer();
    client.socket.send('a', h.listen(), '127.0.0.1');
    await h.until('an echo', () => client.received.length === 1);
    h.transport.unlisten(1, true, true);
    // The last flow ends here, which is reported later.
    h.transport.unlisten(1, false, true);
    h.transport.unlisten(1, true, true);
    h.transport.unlisten(1, false, true);
    assert.equal((await h.next(FlowEvent.CLOSED)).a, FlowEnd.LISTENER);
    assert.equal((await h.next(FlowEvent.LISTENER_CLOSED)).a, 1);
    assert.equal(h.count(FlowEvent.LISTENER_CLOSED), 1);
    assert.throws(() => h.transport.unlisten(1, true, true), { code: 'ENOENT' });
  });

  it('a listener that is left keeps its flows if told to, and says when the last has gone', async () => {
    const h = harness();
    const server = await h.echo();
    h.connectAll(server.port);
    const port = h.listen({ idleTimeoutMs: 3000 });
    const [known, unknown] = [await h.peer(), await h.peer()];
    known.socket.send('a', port, '127.0.0.1');
    await h.until('an echo', () => known.received.length === 1);
    h.transport.unlisten(1, true, true);
    unknown.socket.send('x', port, '127.0.0.1');
    known.socket.send('b', port, '127.0.0.1');
    await h.until('an echo', () => known.received.length === 2);
    await h.until('a drop', () => h.transport.totals[FlowTotal.DROPPED_DRAINING] === 1);
    assert.equal(h.count(FlowEvent.LISTENER_CLOSED), 0);
    assert.equal((await h.next(FlowEvent.CLOSED)).a, FlowEnd.IDLE);
    assert.equal((await h.next(FlowEvent.LISTENER_CLOSED)).a, 1);
    assert.equal(h.listen() > 0, true);
    assert.throws(() => h.transport.unlisten(9, true, true), { code: 'ENOENT' });
  });

  it('a listener that is left without its flows ends them, and what is undecided', async () => {
    const h = harness();
    const server = await h.echo();
    const { descriptor, port } = createDatagramSocket({ host: '127.0.0.1', port: 0 });
    h.transport.listen(descriptor, 3, { idleTimeoutMs: 30_000 });
    const [decided, undecided] = [await h.peer(), await h.peer()];
    decided.socket.send('a', port, '127.0.0.1');
    const one = await h.next(FlowEvent.NEW);
    h.transport.connectFlow(one.flow, '127.0.0.1', server.port);
    undecided.socket.send('a', port, '127.0.0.1');
    const two = await h.next(FlowEvent.NEW);
    h.transport.unlisten(3, false, false);
    for (const { flow } of [one, two]) assert.equal((await h.next(FlowEvent.CLOSED, flow)).a, FlowEnd.LISTENER);
    assert.equal((await h.next(FlowEvent.LISTENER_CLOSED)).a, 3);
    // The descriptor is still there.
    closeDescriptor(descriptor);
  });

  it('refuse what is no bound UDP socket, tags and options that cannot be', () => {
    const h = harness();
    const tcp = createListeningSocket({ host: '127.0.0.1', port: 0 });
    assert.throws(() => h.transport.listen(tcp.descriptor, 1, { idleTimeoutMs: 1 }), { code: 'EPROTOTYPE' });
    closeDescriptor(tcp.descriptor);
    assert.throws(() => h.transport.listen(100_000, 1, { idleTimeoutMs: 1 }), { code: 'EBADF' });
    assert.throws(() => h.listen({ idleTimeoutMs: 0 }), /idleTimeoutMs/);
    assert.throws(() => h.listen({ key: { offset: 0, bytes: 0, mask: 0, value: 0 } }), /key.bytes/);
    h.listen();
    assert.throws(() => h.listen(), { code: 'EEXIST' });
    assert.throws(() => h.listen({}, 0), RangeError);
    assert.throws(() => new DatagramHarness({ memoryBytes: 1000 }), /memoryBytes/);
    for (const wrong of [-1, 1.5, Number.NaN, 2 ** 40])
      assert.equal(h.transport.closeFlow(wrong), constants.errno.ESTALE);
  });

  it('serve 1,500 clients at once with rings for few events', { timeout: 90_000 }, async () => {
    const h = harness({ eventsMax: 7, memoryBytes: 128 * 1024 });
    const [first, second] = [h.listen({ inspectDatagrams: 1 }, 1), h.listen({}, 2)];
    const server = await h.echo();
    // Every flow of the first makes one of the second: another port of ours as the client.
    h.reaction = (event, transport) => {
      if (event.kind !== FlowEvent.NEW) return;
      transport.connectFlow(event.flow, '127.0.0.1', event.a === 1 ? second : server.port);
    };
    const clients = await Promise.all(Array.from({ length: 750 }, () => h.peer()));
    for (const round of [1, 2, 3]) {
      // No more at once than the buffers of ordinary sockets hold.
      for (let at = 0; at < clients.length; at += 150) {
        const some = clients.slice(at, at + 150);
        for (const [i, client] of some.entries()) client.socket.send(`${at + i}/${round}`, first, '127.0.0.1');
        await h.until('all echoes', () => some.every((client) => client.received.length === round));
      }
    }
    assert.equal(h.transport.flowCount, 1500);
    for (const [i, client] of clients.entries()) {
      assert.deepEqual(client.received.map(String), [`${i}/1`, `${i}/2`, `${i}/3`]);
    }
    for (const tag of [1, 2]) h.transport.unlisten(tag, false, true);
    await h.next(FlowEvent.LISTENER_CLOSED);
    await h.next(FlowEvent.LISTENER_CLOSED);
    assert.equal(h.count(FlowEvent.CLOSED), 1500);
  });
});
