// Relays: bytes between two connections without JavaScript, byte for byte, whatever either side does.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type net from 'node:net';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { delay, readAll, readBytes, type SeenEvent, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, INDEX_MASK, RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from './index.ts';

interface Pair {
  /** Client socket and our id of it. */
  readonly left: { socket: net.Socket; id: number };
  /** Server socket and our id of it. */
  readonly right: { socket: net.Socket; id: number };
}

let h: TransportHarness;
let port: number;

async function pair(): Promise<Pair> {
  return { left: await h.accepted(port), right: await h.connected() };
}

function moved(event: SeenEvent): number {
  return (event.b >>> 0) * 2 ** 32 + (event.a >>> 0);
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

beforeEach(() => {
  h = new TransportHarness({ queueMaxBytes: 1 << 20 });
  port = h.listen();
});
afterEach(() => h.close());

describe('RELAY', () => {
  it('moves exactly the count, then hands later bytes to JavaScript', async () => {
    const { left, right } = await pair();
    h.run((t) => t.relay(left.id, right.id, 10, 0));
    left.socket.write('0123456789after');
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [10, RelayEnd.COUNT]);
    assert.equal((await readBytes(right.socket, 10)).toString(), '0123456789');
    await h.until('the rest', () => h.received(left.id).toString() === 'after');
  });

  it('joins sends, relayed bytes and sends in order', async () => {
    const { left, right } = await pair();
    h.reaction = (event, t) => {
      if (event.kind === Event.DATA) {
        t.send(right.id, event.a, event.b);
        t.relay(left.id, right.id, 4, 0);
      }
    };
    left.socket.write('head');
    await h.next(Event.DATA, left.id);
    left.socket.write('body');
    await h.next(Event.RELAYED, left.id);
    h.send(right.id, 'tail');
    assert.equal((await readBytes(right.socket, 12)).toString(), 'headbodytail');
  });

  it('ends at once for a count of 0 and for a source that has ended', async () => {
    const { left, right } = await pair();
    h.run((t) => t.relay(left.id, right.id, 0, 0));
    assert.equal((await h.next(Event.RELAYED, left.id)).c, RelayEnd.COUNT);
    left.socket.end();
    await h.next(Event.END, left.id);
    h.run((t) => t.relay(left.id, right.id, 5, RELAY_SHUTDOWN));
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [0, RelayEnd.SOURCE_END]);
    assert.equal((await readAll(right.socket)).length, 0);
  });

  it('ends both ways in order when both sources had ended before', { timeout: 90_000 }, async () => {
    const { left, right } = await pair();
    const atRight = readAll(right.socket);
    const atLeft = readAll(left.socket);
    for (const { socket, id } of [left, right]) {
      socket.end('all of it');
      await h.next(Event.END, id);
    }
    h.send(right.id, h.received(left.id));
    h.send(left.id, h.received(right.id));
    h.run((t) => {
      t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
      t.relay(right.id, left.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    });
    assert.equal((await atRight).toString(), 'all of it');
    assert.equal((await atLeft).toString(), 'all of it');
    for (const { id } of [left, right]) {
      const event = await h.next(Event.RELAYED, id);
      assert.deepEqual([moved(event), event.c], [0, RelayEnd.SOURCE_END]);
      assert.equal((await h.next(Event.CLOSED, id)).a, 0);
    }
  });

  it('makes a two-way relay that ends in order on both sides', async () => {
    const { left, right } = await pair();
    h.run((t) => {
      t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
      t.relay(right.id, left.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    });
    const up = seededBytes(24 << 20, 21);
    const down = seededBytes(16 << 20, 22);
    const atRight = readAll(right.socket);
    const atLeft = readAll(left.socket);
    left.socket.end(up);
    right.socket.end(down);
    assert.equal(digest(await atRight), digest(up));
    assert.equal(digest(await atLeft), digest(down));
    for (const [id, length] of [
      [left.id, up.length],
      [right.id, down.length],
    ] as const) {
      const event = await h.next(Event.RELAYED, id);
      assert.deepEqual([moved(event), event.c], [length, RelayEnd.SOURCE_END]);
      assert.equal((await h.next(Event.CLOSED, id)).a, 0);
      assert.equal(h.count(Event.DATA, id) + h.count(Event.END, id), 0);
    }
    assert.equal(h.transport.connectionCount, 0);
  });

  it('does not read a source whose destination stalls', async () => {
    const { left, right } = await pair();
    h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
    const bytes = seededBytes(40 << 20, 9);
    left.socket.end(bytes);
    await delay(300);
    const queued = h.transport.queuedBytes[right.id & INDEX_MASK]!;
    assert.ok(queued <= 1024 * 1024, `${queued} bytes in flight`);
    assert.equal(h.count(Event.RELAYED), 0);
    assert.equal(digest(await readAll(right.socket)), digest(bytes));
    assert.equal(moved(await h.next(Event.RELAYED, left.id)), bytes.length);
  });

  it('survives a reader of small, slow pieces', async () => {
    const { left, right } = await pair();
    h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
    const bytes = seededBytes(3_000_000, 10);
    left.socket.end(bytes);
    const hash = createHash('sha256');
    let total = 0;
    while (total < bytes.length) {
      const piece = await readBytes(right.socket, 1);
      hash.update(piece);
      total += piece.length;
      if (total % 7 === 0) await delay(1);
    }
    assert.equal(hash.digest('hex'), digest(bytes));
  });

  it('waits for connections that are still connecting, and reports the ones that fail', async () => {
    const left = await h.accepted(port);
    left.socket.write('patient');
    const sockets: net.Socket[] = [];
    const target = await h.server((socket) => sockets.push(socket));
    await h.next(Event.DATA, left.id);
    const right = h.transport.connect('127.0.0.1', target);
    h.run((t) => {
      t.relay(left.id, right, 4, 0);
      t.relay(right, left.id, 4, 0);
    });
    left.socket.write('more');
    const peer = await h.until('the server side', () => sockets[0]);
    assert.equal((await readBytes(peer, 4)).toString(), 'more');
    peer.write('back');
    assert.equal((await readBytes(left.socket, 4)).toString(), 'back');

    const closedPort = h.listen(77);
    h.transport.unlisten(77, true);
    const failing = h.transport.connect('127.0.0.1', closedPort);
    h.run((t) => {
      t.relay(left.id, failing, 4, 0);
      t.relay(failing, left.id, 4, 0);
    });
    await h.next(Event.CONNECT_FAILED, failing);
    assert.deepEqual(h.names(failing), ['RELAYED', 'CONNECT_FAILED']);
    const events = await h.until('both ends', () => {
      const all = h.seen.filter((e) => e.kind === Event.RELAYED && e.connection === left.id);
      return all.length === 2 && all;
    });
    assert.equal(events[1]!.c, RelayEnd.DESTINATION_BROKEN);
    h.send(left.id, 'alive');
    assert.equal((await readBytes(left.socket, 5)).toString(), 'alive');
  });

  it('reports a broken source before its CLOSED', async () => {
    const { left, right } = await pair();
    h.run((t) => t.relay(left.id, right.id, 100, RELAY_SHUTDOWN));
    left.socket.write('abc');
    assert.equal((await readBytes(right.socket, 3)).toString(), 'abc');
    left.socket.resetAndDestroy();
    const closed = await h.next(Event.CLOSED, left.id);
    assert.equal(closed.a, constants.errno.ECONNRESET);
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [3, RelayEnd.SOURCE_BROKEN]);
    assert.deepEqual(h.names(left.id), ['ACCEPTED', 'RELAYED', 'CLOSED']);
    h.send(right.id, 'not half-closed');
    assert.equal((await readBytes(right.socket, 15)).toString(), 'not half-closed');
  });

  it('reports a destination that breaks, resets or was half-closed', async () => {
    const reset = await pair();
    h.run((t) => t.relay(reset.left.id, reset.right.id, RELAY_UNTIL_END, 0));
    reset.right.socket.resetAndDestroy();
    assert.equal((await h.next(Event.RELAYED, reset.left.id)).c, RelayEnd.DESTINATION_BROKEN);
    await h.next(Event.CLOSED, reset.right.id);
    const half = await pair();
    h.run((t) => {
      t.relay(half.left.id, half.right.id, RELAY_UNTIL_END, 0);
      t.shutdown(half.right.id);
    });
    assert.equal((await h.next(Event.RELAYED, half.left.id)).c, RelayEnd.DESTINATION_BROKEN);
    h.run((t) => t.relay(half.left.id, reset.right.id, 1, 0));
    assert.equal((await h.next(Event.RELAYED, half.left.id)).c, RelayEnd.DESTINATION_BROKEN);
    half.left.socket.write('to JavaScript');
    await h.until('data', () => h.received(half.left.id).toString() === 'to JavaScript');
  });

  for (const how of ['close', 'reset'] as const) {
    it(`ends when JavaScript ${how}s either side`, async () => {
      const { left, right } = await pair();
      h.run((t) => {
        t.relay(left.id, right.id, RELAY_UNTIL_END, 0);
        t.relay(right.id, left.id, RELAY_UNTIL_END, 0);
      });
      h.run((t) => (how === 'close' ? t.close(right.id, 20) : t.reset(right.id)));
      assert.equal((await h.next(Event.RELAYED, left.id)).c, RelayEnd.DESTINATION_BROKEN);
      left.socket.write('mine again');
      await h.until('data', () => h.received(left.id).toString() === 'mine again');
      await delay(20);
      assert.deepEqual(h.names(right.id), ['CONNECTED']);
    });
  }

  it('stops on request, refuses a second relay, and starts again in the same flush', async () => {
    const { left, right } = await pair();
    h.run((t) => {
      t.relay(left.id, right.id, RELAY_UNTIL_END, 0);
      t.relay(left.id, left.id, 1, 0);
    });
    assert.equal(h.transport.refusedCommands, 1);
    left.socket.write('one');
    assert.equal((await readBytes(right.socket, 3)).toString(), 'one');
    h.run((t) => {
      t.stopRelay(left.id);
      t.relay(left.id, right.id, 0, 0);
      t.stopRelay(left.id);
      t.stopRelay(right.id);
    });
    const stopped = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(stopped), stopped.c], [3, RelayEnd.STOPPED]);
    const second = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(second), second.c], [0, RelayEnd.STOPPED]);
    left.socket.write('two');
    await h.until('data', () => h.received(left.id).toString() === 'two');
  });

  it('obeys PAUSE and RESUME of its source', async () => {
    const { left, right } = await pair();
    h.run((t) => {
      t.relay(left.id, right.id, 5, 0);
      t.pause(left.id);
    });
    left.socket.write('12345');
    await delay(40);
    assert.equal(right.socket.read(), null);
    h.run((t) => t.resume(left.id));
    assert.equal((await readBytes(right.socket, 5)).toString(), '12345');
    assert.equal((await h.next(Event.RELAYED, left.id)).c, RelayEnd.COUNT);
  });

  it('reports DRAINED for what a relay that ended left in the queue', async () => {
    const { left, right } = await pair();
    const bytes = seededBytes(16 << 20, 4);
    h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, 0));
    left.socket.write(bytes);
    await h.until('a queue', () => h.transport.queuedBytes[right.id & INDEX_MASK]! > 0);
    await delay(50);
    h.run((t) => t.stopRelay(left.id));
    const event = await h.next(Event.RELAYED, left.id);
    h.run((t) => t.pause(left.id));
    assert.ok(h.transport.queuedBytes[right.id & INDEX_MASK]! > 0);
    const got = await readBytes(right.socket, moved(event));
    assert.ok(got.equals(bytes.subarray(0, moved(event))));
    await h.next(Event.DRAINED, right.id);
  });

  it('relays a connection to itself', async () => {
    const left = await h.accepted(port);
    h.run((t) => t.relay(left.id, left.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
    const bytes = seededBytes(4 << 20, 8);
    const echo = readAll(left.socket);
    left.socket.end(bytes);
    assert.equal(digest(await echo), digest(bytes));
    assert.equal((await h.next(Event.CLOSED, left.id)).a, 0);
    assert.deepEqual(h.names(left.id), ['ACCEPTED', 'RELAYED', 'CLOSED']);
  });

  it('feeds one destination from two sources', async () => {
    const a = await h.accepted(port);
    const b = await h.accepted(port);
    const right = await h.connected();
    h.run((t) => {
      t.relay(a.id, right.id, 300_000, 0);
      t.relay(b.id, right.id, 300_000, 0);
    });
    a.socket.write(Buffer.alloc(300_000, 'a'));
    b.socket.write(Buffer.alloc(300_000, 'b'));
    const all = await readBytes(right.socket, 600_000);
    assert.equal(all.filter((byte) => byte === 97).length, 300_000);
    assert.equal(all.filter((byte) => byte === 98).length, 300_000);
  });
});
