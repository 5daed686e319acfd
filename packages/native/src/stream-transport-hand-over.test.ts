// Accepted connections that go to another transport (in life: to another process) before anything of them was used: every byte
// arrives there, nothing is left here, and whatever is refused changes nothing.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { delay, readBytes, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { closeDescriptor, createConnectionMailbox, createListeningSocket, Event } from './index.ts';

const { EAGAIN, EBUSY, EINVAL, EPIPE, ESTALE } = constants.errno;
const MAILBOX = 900;
const TAG = 7;

let giver: TransportHarness;
let taker: TransportHarness;
let send: number;
let receive: number;
let descriptors: number;

const openDescriptors = () => readdirSync('/proc/self/fd').length;

beforeEach(() => {
  descriptors = openDescriptors();
  giver = new TransportHarness();
  taker = new TransportHarness();
  ({ send, receive } = createConnectionMailbox());
});
afterEach(async () => {
  giver.close();
  taker.close();
  closeDescriptor(send);
  // The sockets of net are closed in the next turns.
  for (let turn = 0; turn < 200 && openDescriptors() > descriptors; turn++) await delay(5);
  assert.ok(openDescriptors() <= descriptors, 'descriptors are left');
});

/** Hands over every connection that the giver accepts. @returns the results. */
function giveAll(tag = TAG): number[] {
  const results: number[] = [];
  giver.reaction = ({ kind, connection, b }, transport) => {
    if (kind === Event.ACCEPTED) results.push(transport.handOver(connection, send, b, tag));
  };
  return results;
}

/** Tag TAG there as here, as workers of one node have it. */
function listenBoth(connectionsMax = 0): number {
  taker.listen(TAG, connectionsMax);
  taker.transport.listenMailbox(receive, MAILBOX);
  return giver.listen(TAG);
}

describe('handing over', () => {
  it('gives a connection with all that the client has sent before, and both ways go on', async () => {
    const results = giveAll();
    const port = giver.listen(TAG);
    const socket = await giver.client(port);
    const before = seededBytes(100_000, 3);
    socket.write(before);
    await giver.until('handed over', () => results.length === 1);
    assert.deepEqual(results, [0]);
    await giver.until('its seat is free', () => giver.transport.connectionCount === 0);
    taker.listen(TAG);
    taker.transport.listenMailbox(receive, MAILBOX);
    const { connection, a, peer } = await taker.next(Event.ACCEPTED);
    assert.equal(a, TAG);
    assert.deepEqual(
      [peer?.address, peer?.port, peer?.localPort, peer?.handedOver],
      ['127.0.0.1', socket.localPort, port, true],
    );
    await taker.until('the bytes', () => taker.received(connection).length === before.length);
    assert.ok(taker.received(connection).equals(before));
    const after = seededBytes(300_000, 4);
    taker.send(connection, after);
    assert.ok((await readBytes(socket, after.length)).equals(after));
    socket.end('last');
    await taker.next(Event.END, connection);
    assert.equal(taker.received(connection).toString('latin1', before.length), 'last');
    assert.deepEqual(giver.names(), ['ACCEPTED']);
    const closed = once(socket, 'close');
    taker.run((t) => t.close(connection, 100));
    await closed;
  });

  it('wakes the giver no more for a connection that it has given away', async () => {
    giveAll();
    const socket = await giver.client(listenBoth());
    const { connection } = await taker.next(Event.ACCEPTED);
    const { batches } = giver;
    for (let i = 0; i < 20; i++) {
      socket.write('x');
      await delay(2);
    }
    await taker.until('the bytes', () => taker.received(connection).length === 20);
    assert.equal(giver.batches, batches);
    taker.run((t) => t.reset(connection));
    await taker.until('the reset', () => socket.destroyed);
  });

  it('a connection that the client has given up meanwhile ends in order', async () => {
    const results = giveAll();
    const port = giver.listen(TAG);
    const [ended, reset] = [await giver.client(port), await giver.client(port)];
    await giver.until('handed over', () => results.length === 2);
    ended.end();
    reset.resetAndDestroy();
    await delay(20);
    taker.transport.listenMailbox(receive, MAILBOX);
    const first = await taker.next(Event.ACCEPTED);
    const second = await taker.next(Event.ACCEPTED);
    await taker.next(Event.END, first.connection);
    await taker.next(Event.CLOSED, second.connection);
  });

  it('many at once: each arrives once', async () => {
    const results = giveAll();
    const port = listenBoth();
    const sockets = await Promise.all(Array.from({ length: 120 }, () => giver.client(port)));
    sockets.forEach((socket, index) => {
      socket.write(`${index};`);
    });
    await taker.until('all', () => taker.count(Event.ACCEPTED) === 120);
    const ids = taker.seen.filter(({ kind }) => kind === Event.ACCEPTED).map(({ connection }) => connection);
    await taker.until('all bytes', () => ids.every((id) => taker.received(id).length > 0));
    const numbers = ids.map((id) => Number.parseInt(taker.received(id).toString(), 10)).sort((a, b) => a - b);
    assert.deepEqual(numbers, [...Array(120).keys()]);
    assert.ok(results.every((result) => result === 0));
    assert.deepEqual([giver.transport.connectionCount, taker.transport.connectionCount], [0, 120]);
  });

  it('counts for the listener of the taker, which takes no more of its own then', async () => {
    giveAll();
    const ownPort = taker.listen(TAG, 1);
    taker.transport.listenMailbox(receive, MAILBOX);
    await giver.client(giver.listen(TAG));
    const { connection } = await taker.next(Event.ACCEPTED);
    await taker.client(ownPort);
    assert.equal((await taker.next(Event.LISTENER_PAUSED)).a, TAG);
    assert.equal(taker.count(Event.ACCEPTED), 1);
    taker.run((t) => t.reset(connection));
    assert.equal((await taker.next(Event.ACCEPTED)).peer?.handedOver, false);
  });

  it('waits in the mailbox while there is no seat', async () => {
    const small = new TransportHarness({ connectionsMax: 1 });
    try {
      const results = giveAll();
      const port = giver.listen(TAG);
      small.transport.listenMailbox(receive, MAILBOX);
      const sockets = [await giver.client(port), await giver.client(port)];
      for (const socket of sockets) socket.write('hello');
      await giver.until('handed over', () => results.length === 2);
      const first = await small.next(Event.ACCEPTED);
      const paused = await small.next(Event.LISTENER_PAUSED);
      assert.deepEqual([paused.a, paused.b, small.count(Event.ACCEPTED)], [MAILBOX, 0, 1]);
      small.run((t) => t.reset(first.connection));
      const second = await small.next(Event.ACCEPTED);
      await small.until('its bytes', () => small.received(second.connection).toString() === 'hello');
    } finally {
      small.close();
    }
  });
});

describe('what cannot be handed over stays', () => {
  it('when the mailbox is full, until there is room', async () => {
    const results = giveAll();
    const port = giver.listen(TAG);
    for (let clients = 1; !results.includes(EAGAIN); clients++) {
      await giver.client(port);
      // A client knows that it is connected before it is accepted.
      await giver.until('it', () => results.length === clients);
    }
    const given = results.filter((result) => result === 0).length;
    assert.ok(given >= 100 && given < 1000, `${given} found room`);
    assert.equal(giver.transport.connectionCount, results.length - given);
    taker.transport.listenMailbox(receive, MAILBOX);
    await taker.until('what was given', () => taker.count(Event.ACCEPTED) === given);
    const more = results.length;
    await giver.client(port);
    await giver.until('another one', () => results.length > more);
    assert.equal(results.at(-1), 0);
    await taker.until('it too', () => taker.count(Event.ACCEPTED) === given + 1);
  });

  it('when nobody can receive', async () => {
    closeDescriptor(receive);
    const results = giveAll();
    const { socket, id } = await giver.accepted(giver.listen(TAG));
    assert.deepEqual(results, [EPIPE]);
    socket.write('still here');
    await giver.until('the bytes', () => giver.received(id).toString() === 'still here');
  });

  it('when it was read, written, commanded, or made by ourselves', async () => {
    const port = listenBoth();
    const { socket, id } = await giver.accepted(port);
    socket.write('x');
    await giver.next(Event.DATA, id);
    assert.equal(giver.transport.handOver(id, send, 0, TAG), EBUSY);
    const results: number[] = [];
    giver.reaction = ({ kind, connection, b }, transport) => {
      if (kind !== Event.ACCEPTED) return;
      transport.deadline(connection, 10_000);
      results.push(transport.handOver(connection, send, b, TAG));
    };
    const commanded = await giver.accepted(port);
    giver.reaction = undefined;
    const written = await giver.accepted(port);
    giver.send(written.id, 'y');
    const paused = await giver.accepted(port);
    giver.run((t) => t.pause(paused.id));
    const own = await giver.connected();
    const again = [written.id, paused.id, own.id].map((each) => giver.transport.handOver(each, send, 0, TAG));
    assert.deepEqual([...results, ...again], [EBUSY, EBUSY, EBUSY, EBUSY]);
    for (const client of [socket, commanded.socket, written.socket]) client.write('z');
    await giver.until('the bytes', () =>
      [id, commanded.id, written.id].every((each) => giver.received(each).includes('z')),
    );
    assert.equal(taker.count(Event.ACCEPTED), 0);
    own.socket.destroy();
  });

  it('when the id is dead or an argument senseless', async () => {
    const { id } = await giver.accepted(listenBoth());
    const handOver = giver.transport.handOver.bind(giver.transport);
    assert.equal(handOver(id, send, giver.transport.memory.length, TAG), EINVAL);
    assert.equal(handOver(id, send, -1, TAG), EINVAL);
    assert.equal(handOver(id, send, 0, 0), EINVAL);
    assert.equal(handOver(id, -1, 0, TAG), EINVAL);
    assert.equal(handOver(id, 0x7fffffff, 0, TAG), constants.errno.EBADF);
    giver.run((t) => t.reset(id));
    assert.equal(handOver(id, send, 0, TAG), ESTALE);
    assert.equal(handOver(0x7fffff, send, 0, TAG), ESTALE);
  });
});

describe('mailboxes', () => {
  it('are known from other sockets', async () => {
    taker.transport.listenMailbox(receive, MAILBOX);
    assert.throws(() => taker.transport.listenMailbox(receive, MAILBOX), { code: 'EEXIST' });
    assert.throws(() => taker.transport.listenMailbox(0x7fffffff, 5), { code: 'EBADF' });
    const { descriptor } = createListeningSocket({ host: '127.0.0.1', port: 0 });
    assert.throws(() => taker.transport.listenMailbox(descriptor, 5), { code: 'EPROTOTYPE' });
    closeDescriptor(descriptor);
  });

  it('are left alone after unlisten; what is in them is found by the next', async () => {
    const results = giveAll();
    const next = new TransportHarness();
    try {
      taker.transport.listenMailbox(receive, MAILBOX);
      taker.transport.unlisten(MAILBOX, false);
      const socket = await giver.client(giver.listen(TAG));
      socket.write('for whom it may concern');
      await giver.until('handed over', () => results.length === 1);
      await delay(20);
      assert.equal(taker.count(Event.ACCEPTED), 0);
      next.transport.listenMailbox(receive, MAILBOX);
      const { connection } = await next.next(Event.ACCEPTED);
      await next.until('its bytes', () => next.received(connection).toString() === 'for whom it may concern');
    } finally {
      next.close();
    }
  });

  it('without senders end quietly', async () => {
    const own = createConnectionMailbox();
    taker.transport.listenMailbox(own.receive, 12);
    closeDescriptor(own.send);
    closeDescriptor(receive);
    assert.deepEqual([(await taker.next(Event.LISTENER_PAUSED)).b], [EPIPE]);
    await delay(250);
    assert.equal(taker.count(Event.LISTENER_PAUSED), 1);
  });
});
