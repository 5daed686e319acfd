// TCP keep-alive of connections that the transport opened or accepted, as the kernel sees it: the timer runs, with the time that was
// wished for, or does not.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { keepAliveTimer } from '../test/kernel-view.ts';
import { readBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event } from './index.ts';

describe('keep-alive', () => {
  let h: TransportHarness;
  beforeEach(() => {
    h = new TransportHarness();
  });
  afterEach(() => h.close());

  it('begins with a connection, also while it connects, and can be changed and ended', async () => {
    const port = await h.server(() => {});
    const id = h.transport.connect('127.0.0.1', port);
    h.run((t) => t.keepAlive(id, 100, 5, 3));
    await h.next(Event.CONNECTED, id);
    const local = h.transport.localAddress(id)!.port;
    const first = await h.until('a timer', () => {
      const left = keepAliveTimer(local, port);
      return left > 0 && left;
    });
    assert.ok(first > 8000 && first <= 10_000, `${first}`);
    h.run((t) => t.keepAlive(id, 1000, 5, 3));
    assert.ok(keepAliveTimer(local, port) > 50_000);
    h.run((t) => t.keepAlive(id, 0, 0, 0));
    assert.equal(keepAliveTimer(local, port), -1);
  });

  it('is set on accepted connections, and nothing on Unix sockets', async () => {
    const port = h.listen();
    const { id, socket } = await h.accepted(port);
    assert.equal(keepAliveTimer(port, socket.localPort!), -1);
    h.run((t) => t.keepAlive(id, 60, 60, 9));
    assert.ok(keepAliveTimer(port, socket.localPort!) > 4000);
    const unix = await h.accepted(h.listenUnix(2));
    h.run((t) => t.keepAlive(unix.id, 60, 60, 9));
    h.send(unix.id, 'alive');
    assert.equal((await readBytes(unix.socket, 5)).toString(), 'alive');
    assert.equal(h.transport.refusedCommands, 0);
  });

  it('is refused with numbers that the kernel does not take', async () => {
    const { id } = await h.connected();
    for (const [idle, interval, count] of [
      [-1, 1, 1],
      [32_768, 1, 1],
      [1, 0, 1],
      [1, 32_768, 1],
      [1, 1, 0],
      [1, 1, 128],
    ] as const) {
      h.run((t) => t.keepAlive(id, idle, interval, count));
    }
    assert.equal(h.transport.refusedCommands, 6);
    assert.equal(h.transport.connectionCount, 1);
  });
});
