// Opening, sending, receiving, ending: every way a single connection may begin, live and stop.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type net from 'node:net';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { delay, readAll, readBytes, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, INDEX_MASK } from './index.ts';

const { ECONNREFUSED, ECONNRESET, ENOENT, EPIPE, ENOBUFS } = constants.errno;

let h: TransportHarness;
beforeEach(() => {
  h = new TransportHarness({ queueMaxBytes: 4 << 20 });
});
afterEach(() => h.close());

describe('accepting', () => {
  it('reports tag, peer and local port over IPv4', async () => {
    const port = h.listen(513);
    const socket = await h.client(port);
    const event = await h.next(Event.ACCEPTED);
    assert.equal(event.a, 513);
    assert.deepEqual(event.peer, {
      family: 4,
      address: '127.0.0.1',
      port: socket.localPort,
      scope: 0,
      localPort: port,
      handedOver: false,
    });
    assert.deepEqual(h.transport.localAddress(event.connection), { address: '127.0.0.1', port });
    assert.equal(h.transport.connectionCount, 1);
  });

  it('reports IPv6 peers, and IPv4 peers of a dual-stack socket as IPv4', async (t) => {
    let port: number;
    try {
      port = h.listen(2, 0, '::');
    } catch {
      t.diagnostic('this machine has no IPv6');
      return;
    }
    await h.client(port);
    assert.equal((await h.next(Event.ACCEPTED)).peer?.family, 4);
    const id = h.transport.connect('::1', port);
    await h.next(Event.CONNECTED, id);
    const six = await h.next(Event.ACCEPTED);
    assert.equal(six.peer?.address, '::1');
    assert.equal(six.peer?.family, 6);
    assert.deepEqual(h.transport.localAddress(six.connection), { address: '::1', port });
  });

  it('takes Unix sockets on both sides', async () => {
    const path = h.listenUnix();
    const { socket, id } = await h.accepted(path);
    assert.equal(h.seen[0]?.peer?.family, 1);
    const ours = h.transport.connectUnix(path);
    await h.next(Event.CONNECTED, ours);
    const second = (await h.next(Event.ACCEPTED)).connection;
    h.send(ours, 'over a path');
    await h.until('data', () => h.received(second).toString() === 'over a path');
    h.send(id, 'hello');
    assert.equal((await readBytes(socket, 5)).toString(), 'hello');
    assert.deepEqual(h.transport.localAddress(ours), { address: '', port: 0 });
  });

  it('stops at unlisten while accepted connections live on', async () => {
    const port = h.listen(9);
    const { socket, id } = await h.accepted(port);
    h.transport.unlisten(9, true);
    await assert.rejects(h.client(port), { code: 'ECONNREFUSED' });
    h.send(id, 'still here');
    assert.equal((await readBytes(socket, 10)).toString(), 'still here');
    assert.throws(() => h.transport.unlisten(9, true), { code: 'ENOENT' });
    h.run((t) => t.reset(id));
    assert.equal(h.transport.connectionCount, 0);
  });

  it('refuses what is no listening descriptor and tags in use', async () => {
    h.listen(4);
    assert.throws(() => h.transport.listen(999_999, 5), { code: 'EBADF' });
    const plainFile = openSync('/dev/null', 'r');
    assert.throws(() => h.transport.listen(plainFile, 5), { code: 'ENOTSOCK' });
    closeSync(plainFile);
    assert.throws(() => h.listen(4), { code: 'EEXIST' });
    assert.throws(() => h.transport.listen(1, 0), RangeError);
    assert.throws(() => h.transport.listen(1, 65_536), RangeError);
    assert.throws(() => h.transport.listen(1, 1.5), RangeError);
  });
});

describe('connecting', () => {
  it('sends what was queued before the connection stood', async () => {
    const sockets: net.Socket[] = [];
    const port = await h.server((socket) => sockets.push(socket));
    const id = h.transport.connect('127.0.0.1', port);
    h.send(id, 'early ');
    h.send(id, 'bird');
    assert.equal(h.transport.queuedBytes[id & INDEX_MASK], 10);
    await h.next(Event.CONNECTED, id);
    await h.next(Event.DRAINED, id);
    assert.equal(h.transport.queuedBytes[id & INDEX_MASK], 0);
    const peer = await h.until('the server side', () => sockets[0]);
    assert.equal((await readBytes(peer, 10)).toString(), 'early bird');
  });

  it('shuts down and closes what is still connecting, after its bytes', async () => {
    const texts: Promise<Buffer>[] = [];
    const port = await h.server((socket) => texts.push(readAll(socket)));
    const first = h.transport.connect('127.0.0.1', port);
    h.send(first, 'half');
    h.run((t) => t.shutdown(first));
    const second = h.transport.connect('127.0.0.1', port);
    h.send(second, 'whole');
    h.run((t) => t.close(second, 1000));
    await h.until('both', () => texts.length === 2);
    assert.deepEqual((await Promise.all(texts)).map(String).sort(), ['half', 'whole']);
    assert.deepEqual(h.names(second), []);
  });

  it('reports a refused connection once and frees its seat', async () => {
    const port = h.listen(1);
    h.transport.unlisten(1, true);
    for (let round = 0; round < 50; round++) {
      const id = h.transport.connect('127.0.0.1', port);
      h.send(id, 'lost');
      const event = await h.next(Event.CONNECT_FAILED, id);
      assert.equal(event.a, ECONNREFUSED);
      assert.equal(h.transport.queuedBytes[id & INDEX_MASK], 0);
    }
    assert.equal(h.transport.connectionCount, 0);
    assert.ok(h.names().every((name) => name === 'CONNECT_FAILED'));
  });

  it('reports failures of Unix sockets as events', async () => {
    const id = h.transport.connectUnix(join(h.directory(), 'nobody'));
    assert.equal((await h.next(Event.CONNECT_FAILED, id)).a, ENOENT);
  });

  it('refuses names, bad ports and long paths', () => {
    for (const address of ['localhost', '', '1.2.3', '::1%', '::1%no-such-interface', '127.0.0.1\0', '[::1]']) {
      assert.throws(() => h.transport.connect(address, 80), { code: 'EINVAL' }, address);
    }
    for (const port of [0, 65_536, -1, 1.5, Number.NaN])
      assert.throws(() => h.transport.connect('::1', port), RangeError);
    assert.throws(() => h.transport.connectUnix('x'.repeat(108)), { code: 'ENAMETOOLONG' });
    assert.throws(() => h.transport.connectUnix(''), { code: 'ENAMETOOLONG' });
    assert.equal(h.transport.connectionCount, 0);
  });

  it('gives up a connection that JavaScript resets while connecting', async () => {
    const port = await h.server(() => {});
    const id = h.transport.connect('127.0.0.1', port);
    h.run((t) => t.reset(id));
    assert.equal(h.transport.connectionCount, 0);
    await delay(30);
    assert.deepEqual(h.names(id), []);
  });
});

describe('bytes', () => {
  it('echoes one byte at a time', async () => {
    h.reaction = (event, transport) => {
      if (event.kind === Event.DATA) transport.send(event.connection, event.a, event.b);
    };
    const { socket } = await h.accepted(h.listen());
    socket.setNoDelay(true);
    const text = 'byte by byte';
    for (const letter of text) {
      socket.write(letter);
      assert.equal((await readBytes(socket, 1)).toString(), letter);
    }
  });

  it('echoes megabytes in order through a queue', async () => {
    h.close();
    h = new TransportHarness({ queueMaxBytes: 32 << 20 });
    h.reaction = (event, transport) => {
      if (event.kind === Event.DATA) transport.send(event.connection, event.a, event.b);
      if (event.kind === Event.END) transport.shutdown(event.connection);
    };
    const { socket, id } = await h.accepted(h.listen());
    const bytes = seededBytes(12 << 20, 7);
    socket.pause();
    socket.end(bytes);
    await h.next(Event.END, id);
    assert.ok((h.transport.queuedBytes[id & INDEX_MASK] ?? 0) > 0, 'a stalled reader leaves a queue');
    assert.ok(bytes.equals(await readAll(socket)));
    assert.equal((await h.next(Event.CLOSED, id)).a, 0);
    assert.equal(h.count(Event.DRAINED, id), 1);
  });

  it('gathers consecutive sends, also many, empty and adjacent ones', async () => {
    const { socket, id } = await h.accepted(h.listen());
    const expected: Buffer[] = [];
    for (let i = 0; i < 300; i++) {
      const piece = seededBytes(i % 17, i + 1);
      const offset = h.transport.reserve(piece.length);
      piece.copy(h.transport.memory, offset);
      h.transport.send(id, offset, piece.length);
      expected.push(piece);
    }
    h.transport.flush();
    const all = Buffer.concat(expected);
    assert.ok(all.equals(await readBytes(socket, all.length)));
  });

  it('never puts two DATA of one connection, or DATA and END, into one batch', async () => {
    h.close();
    h = new TransportHarness({ receiveMaxBytes: 1024, receivePoolBytes: 4096 });
    const { socket, id } = await h.accepted(h.listen());
    const bytes = seededBytes(200_000, 3);
    socket.end(bytes);
    await h.next(Event.END, id);
    assert.ok(bytes.equals(h.received(id)));
    const batches = h.seen.filter((e) => e.kind === Event.DATA || e.kind === Event.END).map((e) => e.batch);
    assert.equal(new Set(batches).size, batches.length);
  });

  it('holds input back while paused and loses none of it', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.pause(id));
    socket.end('first');
    await delay(40);
    assert.deepEqual(h.names(id), ['ACCEPTED']);
    h.run((t) => t.resume(id));
    await h.next(Event.END, id);
    assert.equal(h.received(id).toString(), 'first');
  });

  it('aborts a connection whose reader stalls beyond queueMaxBytes', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.pause();
    const bytes = seededBytes(1 << 20, 5);
    for (let i = 0; i < 64 && h.count(Event.CLOSED) === 0; i++) {
      h.send(id, bytes);
      await delay(1);
    }
    assert.equal((await h.next(Event.CLOSED, id)).a, ENOBUFS);
    // Node may present a reset behind unread bytes as an end.
    socket.resume();
    await Promise.race([once(socket, 'end'), once(socket, 'close')]);
    assert.equal(h.transport.queuedBytes[id & INDEX_MASK], 0);
  });
});

describe('ending', () => {
  it('lives half-open after END and closes in order after SHUTDOWN', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.end('question');
    await h.next(Event.END, id);
    h.send(id, 'answer');
    h.run((t) => t.shutdown(id));
    assert.equal((await readAll(socket)).toString(), 'answer');
    assert.equal((await h.next(Event.CLOSED, id)).a, 0);
    assert.deepEqual(h.names(id), ['ACCEPTED', 'DATA', 'END', 'CLOSED']);
    assert.equal(h.transport.connectionCount, 0);
  });

  it('closes in order when our side ends first', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.shutdown(id));
    assert.equal((await readAll(socket)).length, 0);
    socket.end('late');
    assert.equal((await h.next(Event.CLOSED, id)).a, 0);
    assert.deepEqual(h.names(id), ['ACCEPTED', 'DATA', 'END', 'CLOSED']);
  });

  it('refuses SEND after SHUTDOWN', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.shutdown(id));
    h.send(id, 'no');
    assert.equal(h.transport.refusedCommands, 1);
    assert.equal((await readAll(socket)).length, 0);
  });

  it('reports a reset by the peer exactly once: idle, paused, and after END', async () => {
    const port = h.listen();
    const idle = await h.accepted(port);
    const paused = await h.accepted(port);
    h.run((t) => t.pause(paused.id));
    idle.socket.resetAndDestroy();
    paused.socket.resetAndDestroy();
    assert.equal((await h.next(Event.CLOSED, idle.id)).a, ECONNRESET);
    assert.equal((await h.next(Event.CLOSED, paused.id)).a, ECONNRESET);
    const ended = await h.accepted(port);
    ended.socket.end();
    await h.next(Event.END, ended.id);
    // Unread bytes at the client turn its close into a reset.
    h.send(ended.id, 'unread');
    await delay(20);
    ended.socket.resetAndDestroy();
    assert.ok([EPIPE, ECONNRESET].includes((await h.next(Event.CLOSED, ended.id)).a));
    await delay(30);
    for (const { id } of [idle, paused, ended]) assert.equal(h.count(Event.CLOSED, id), 1);
    assert.equal(h.transport.connectionCount, 0);
  });

  it('keeps bytes from before a reset for a paused connection', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.pause(id));
    socket.write('kept');
    await delay(20);
    socket.resetAndDestroy();
    await delay(40);
    assert.equal(h.count(Event.CLOSED, id), 0);
    h.run((t) => t.resume(id));
    assert.equal((await h.next(Event.CLOSED, id)).a, ECONNRESET);
    assert.equal(h.received(id).toString(), 'kept');
  });

  it('delivers what the peer sent before it stopped taking ours', async () => {
    const { socket, id } = await h.connected();
    h.run((t) => t.pause(id));
    socket.write('early answer');
    await delay(20);
    h.send(id, seededBytes(100, 1));
    await delay(20);
    // Closing with unread input resets the connection; our next send fails.
    socket.destroy();
    await delay(20);
    h.run((t) => t.resume(id));
    h.send(id, 'fails');
    const closed = await h.next(Event.CLOSED, id);
    assert.ok([EPIPE, ECONNRESET].includes(closed.a));
    assert.equal(h.received(id).toString(), 'early answer');
    assert.equal(h.count(Event.END, id), 0);
  });

  it('reports a failing send of a paused connection at once', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.write('never read');
    await h.next(Event.DATA, id);
    h.run((t) => t.pause(id));
    socket.write('still unread');
    await delay(20);
    socket.resetAndDestroy();
    await delay(20);
    h.send(id, 'fails');
    h.send(id, 'fails');
    await h.next(Event.CLOSED, id);
  });

  it('sees a fully closed peer when it writes', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.end();
    await h.next(Event.END, id);
    socket.destroy();
    await delay(10);
    h.send(id, 'one');
    await delay(20);
    h.send(id, 'two');
    assert.ok([EPIPE, ECONNRESET].includes((await h.next(Event.CLOSED, id)).a));
  });

  it('resets with RST and never speaks of the connection again', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.write('to be dropped');
    h.run((t) => t.reset(id));
    const [error] = (await once(socket.resume(), 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.ok(!h.names(id).includes('CLOSED'));
    assert.equal(h.transport.connectionCount, 0);
  });

  it('ignores and counts commands with dead ids, also when the seat is taken again', async () => {
    h.close();
    h = new TransportHarness({ connectionsMax: 1 });
    const port = h.listen();
    const first = await h.accepted(port);
    h.run((t) => t.reset(first.id));
    const second = await h.accepted(port);
    assert.equal(second.id & INDEX_MASK, first.id & INDEX_MASK);
    assert.notEqual(second.id, first.id);
    h.run((t) => {
      t.send(first.id, 0, 4);
      t.reset(first.id);
      t.close(first.id, 10);
      t.shutdown(first.id);
      t.relay(first.id, second.id, -1, 0);
      t.deadline(first.id, 1);
    });
    assert.equal(h.transport.staleCommands, 6);
    h.run((t) => {
      for (const id of [0, -1, 1, 2 ** 31 - 1]) t.reset(id);
    });
    assert.equal(h.transport.staleCommands, 10);
    h.send(second.id, 'alive');
    assert.equal((await readBytes(second.socket, 5)).toString(), 'alive');
  });
});
