// Bytes over TLS: whole, in order, bounded, and with ends that cannot be mistaken for each other.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { knowsConnection } from '../test/kernel-view.ts';
import { serverContext, TlsHarness } from '../test/tls-harness.ts';
import { delay, readAll, seededBytes } from '../test/transport-harness.ts';
import { Event, INDEX_MASK, TlsFailure } from './index.ts';

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

let h: TlsHarness;
let port: number;

beforeEach(() => {
  h = new TlsHarness({ queueMaxBytes: 64 << 20 }, serverContext());
  port = h.listen();
});
afterEach(() => h.close());

describe('bytes over TLS', () => {
  for (const version of VERSIONS) {
    it(`arrive whole in both directions, ${version}`, async () => {
      const { socket, id } = await h.tlsAccepted(port, { maxVersion: version });
      const up = seededBytes(24 << 20, 1);
      const down = seededBytes(24 << 20, 2);
      const arrived = readAll(socket);
      socket.end(up);
      h.send(id, down);
      h.run((t) => t.shutdown(id));
      assert.equal(digest(await arrived), digest(down));
      assert.equal((await h.next(Event.CLOSED, id)).a, 0);
      assert.equal(digest(h.decrypted(id)), digest(up));
      assert.equal(h.count(Event.END, id), 1);
      await h.until('the seat', () => h.transport.connectionCount === 0);
    });
  }

  it('are read in full although several records wait inside', async () => {
    const { socket, id } = await h.tlsAccepted(port);
    h.run((t) => t.pause(id));
    for (let i = 0; i < 500; i++) socket.write(`record ${i};`);
    await delay(50);
    assert.equal(h.decrypted(id).length, 0);
    h.run((t) => t.resume(id));
    await h.until('the last', () => h.decrypted(id).toString().endsWith('record 499;'));
  });

  it('come in pieces of the wanted size, one for each batch', async () => {
    h.close();
    h = new TlsHarness({ receiveMaxBytes: 1000 }, serverContext());
    const { socket, id } = await h.tlsAccepted(h.listen());
    const bytes = seededBytes(300_000, 5);
    socket.write(bytes);
    await h.until('all', () => h.decrypted(id).length === bytes.length);
    assert.ok(bytes.equals(h.decrypted(id)));
    const data = h.seen.filter((event) => event.kind === Event.DATA && event.connection === id);
    assert.ok(data.every((event) => event.b <= 1000));
    assert.equal(new Set(data.map((event) => event.batch)).size, data.length);
  });

  it('wait for a slow reader in the queue, are counted there, and DRAINED follows', async () => {
    const { socket, id } = await h.tlsAccepted(port);
    const bytes = seededBytes(16 << 20, 3);
    h.send(id, bytes);
    assert.ok(h.transport.queuedBytes[id & INDEX_MASK]! > 1 << 20);
    assert.equal(h.transport.sentBytes(id), bytes.length);
    const hash = createHash('sha256');
    let total = 0;
    socket.on('data', (part: Buffer) => {
      hash.update(part);
      total += part.length;
    });
    await h.next(Event.DRAINED, id);
    await h.until('all', () => total === bytes.length);
    assert.equal(hash.digest('hex'), digest(bytes));
    assert.equal(h.transport.queuedMemoryBytes, 0);
  });

  it('reset a connection whose queue has no room', async () => {
    h.close();
    h = new TlsHarness({ queueMaxBytes: 100_000 }, serverContext());
    const { id } = await h.tlsAccepted(h.listen());
    h.send(id, seededBytes(16 << 20, 3));
    const closed = await h.next(Event.CLOSED, id);
    assert.deepEqual([closed.a, closed.b], [constants.errno.ENOBUFS, TlsFailure.NONE]);
  });

  it('are joined to one record when they are sent together', async () => {
    const { socket, id } = await h.tlsAccepted(port);
    const parts: string[] = [];
    socket.on('data', (part: Buffer) => parts.push(part.toString()));
    h.run((t) => {
      for (const word of ['head', '', 'body', 'tail']) {
        const at = t.reserve(word.length);
        t.memory.write(word, at);
        t.send(id, at, word.length);
      }
    });
    await h.until('all', () => parts.join('') === 'headbodytail');
    assert.equal(parts.length, 1);
  });
});

describe('the end of TLS', () => {
  for (const version of VERSIONS) {
    it(`is END after close_notify, and we may still send, ${version}`, async () => {
      const { socket, id } = await h.tlsAccepted(port, { maxVersion: version });
      const arrived = readAll(socket);
      socket.end('question');
      await h.next(Event.END, id);
      assert.equal(h.decrypted(id).toString(), 'question');
      h.send(id, 'late answer');
      h.run((t) => t.shutdown(id));
      assert.equal((await arrived).toString(), 'late answer');
      assert.equal((await h.next(Event.CLOSED, id)).a, 0);
    });

    it(`sends close_notify and FIN on SHUTDOWN, and still reads, ${version}`, async () => {
      const { socket, id } = await h.tlsAccepted(port, { maxVersion: version });
      socket.allowHalfOpen = true;
      h.send(id, 'bye');
      h.run((t) => t.shutdown(id));
      assert.equal((await readAll(socket)).toString(), 'bye');
      socket.end('last words');
      await h.next(Event.CLOSED, id);
      assert.equal(h.decrypted(id).toString(), 'last words');
    });

    it(`is truncation without close_notify, not END, ${version}`, async () => {
      const { socket, raw, id } = await rawAccepted({ maxVersion: version });
      socket.write('half of it');
      await h.until('bytes', () => h.decrypted(id).length === 10);
      raw.end();
      const closed = await h.next(Event.CLOSED, id);
      assert.deepEqual([closed.a, closed.b], [constants.errno.ECONNRESET, TlsFailure.TRUNCATED]);
      assert.match(h.reasons.get(id)!, /without close_notify/);
      assert.equal(h.count(Event.END, id), 0);
    });
  }

  it('delivers what came before a truncation in the same breath', async () => {
    const { socket, raw, id } = await rawAccepted({});
    h.run((t) => t.pause(id));
    socket.write(seededBytes(100_000, 1));
    await delay(30);
    raw.end();
    await delay(10);
    h.run((t) => t.resume(id));
    await h.next(Event.CLOSED, id);
    assert.equal(h.decrypted(id).length, 100_000);
  });

  it('is a protocol failure for a broken record', async () => {
    const { raw, id } = await rawAccepted({});
    raw.write(Buffer.concat([Buffer.from([0x17, 3, 3, 0, 100]), seededBytes(100, 7)]));
    const closed = await h.next(Event.CLOSED, id);
    assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.PROTOCOL]);
    assert.match(h.reasons.get(id)!, /decryption|bad record/i);
  });

  it('is a plain reset after RESET of either side', async () => {
    const one = await rawAccepted({});
    h.run((t) => t.reset(one.id));
    assert.ok(!knowsConnection(port, one.raw.localPort!), 'nothing is left of it');
    const { raw, id } = await rawAccepted({});
    raw.resetAndDestroy();
    const closed = await h.next(Event.CLOSED, id);
    assert.deepEqual([closed.a, closed.b], [constants.errno.ECONNRESET, TlsFailure.NONE]);
  });

  it('delivers the queue and close_notify on CLOSE, also with input nobody reads', async () => {
    for (const linger of [0, 500]) {
      const { socket, id } = await h.tlsAccepted(port);
      const bytes = seededBytes(8 << 20, 9);
      h.run((t) => t.pause(id));
      socket.write(seededBytes(100_000, 4));
      h.send(id, bytes);
      h.run((t) => t.close(id, linger));
      assert.equal(digest(await readAll(socket)), digest(bytes));
      socket.end();
      await h.until('the seat', () => h.transport.connectionCount === 0);
    }
    assert.equal(h.count(Event.CLOSED), 0);
  });

  it('delivers what was sent before the handshake was done and the connection closed', async () => {
    h.onEvent = (event, t) => {
      if (event.kind !== Event.DATA || h.count(Event.DATA, event.connection) !== 1) return;
      const at = t.reserve(7);
      t.memory.write('refused', at);
      t.send(event.connection, at, 7);
      t.close(event.connection, 1000);
    };
    h.choose = undefined;
    const context = serverContext();
    const before = h.onEvent;
    h.onEvent = (event, t) => {
      if (event.kind === Event.DATA) assert.equal(t.startTls(event.connection, context, event.a, event.b), 0);
      before(event, t);
    };
    const { socket } = await h.tlsClient(port);
    assert.equal((await readAll(socket)).toString(), 'refused');
    socket.end();
    await h.until('the seat', () => h.transport.connectionCount === 0);
  });

  it('refuses to renegotiate', async () => {
    const { socket, id } = await h.tlsAccepted(port, { maxVersion: 'TLSv1.2' });
    const outcome = new Promise<string>((resolve) => {
      socket.on('error', (error) => resolve(error.message));
      socket.renegotiate({}, (error) => resolve(error?.message ?? 'renegotiated'));
    });
    assert.match(await outcome, /no.renegotiation/i);
    await h.next(Event.CLOSED, id);
  });
});

/** With the TCP socket below, to do what no TLS library does. */
async function rawAccepted(options: tls.ConnectionOptions): Promise<{
  socket: tls.TLSSocket;
  raw: import('node:net').Socket;
  id: number;
}> {
  const raw = await h.client(port);
  const { connection: id } = await h.next(Event.ACCEPTED);
  const socket = h.secure(raw, options);
  await Promise.all([once(socket, 'secureConnect'), h.next(Event.TLS_READY, id)]);
  await new Promise(setImmediate);
  return { socket, raw, id };
}
