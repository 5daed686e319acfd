// Relays with TLS on one side or on both: byte for byte, with back-pressure, and with ends that stay what they were.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { credentials, NAME, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { delay, readBytes, seededBytes } from '../test/transport-harness.ts';
import { createTlsClientContext, Event, INDEX_MASK, RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from './index.ts';

type Kind = 'plain' | 'TLS';

interface End {
  readonly socket: Duplex;
  readonly id: number;
}

let h: TlsHarness;
const context = serverContext();
const client = createTlsClientContext({ authorities: [credentials().authority.chain] });

beforeEach(() => {
  h = new TlsHarness({ queueMaxBytes: 4 << 20 });
});
afterEach(() => h.close());

/** A client of ours. */
async function left(kind: Kind): Promise<End> {
  h.choose = kind === 'TLS' ? () => context : undefined;
  const port = h.listen(h.batches + 1);
  return kind === 'TLS' ? h.tlsAccepted(port) : h.accepted(port);
}

/** A server that we are connected to. */
async function right(kind: Kind): Promise<End> {
  if (kind === 'plain') return h.connected();
  const sockets: tls.TLSSocket[] = [];
  const port = await h.tlsServer({}, (socket) => sockets.push(socket));
  const id = h.transport.connect('127.0.0.1', port);
  assert.equal(h.transport.startTlsClient(id, client, NAME), 0);
  await h.next(Event.TLS_READY, id);
  return { socket: await h.until('the server side', () => sockets[0]), id };
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Digest of everything until the end, in bites with rests in between. */
function sip(socket: Duplex, rest: number): Promise<string> {
  const hash = createHash('sha256');
  let sinceRest = 0;
  return new Promise((resolve, reject) => {
    socket.on('data', (part: Buffer) => {
      hash.update(part);
      sinceRest += part.length;
      if (rest === 0 || sinceRest < 1 << 20) return;
      sinceRest = 0;
      socket.pause();
      setTimeout(() => socket.resume(), rest);
    });
    socket.on('end', () => resolve(hash.digest('hex')));
    socket.on('error', reject);
    socket.resume();
  });
}

describe('a relay with TLS', () => {
  for (const [from, to] of [
    ['plain', 'TLS'],
    ['TLS', 'plain'],
    ['TLS', 'TLS'],
  ] as const) {
    it(`moves many MiB both ways between slow readers, ${from} and ${to}`, async () => {
      const a = await left(from);
      const b = await right(to);
      h.run((t) => {
        t.relay(a.id, b.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
        t.relay(b.id, a.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
      });
      const up = seededBytes(20 << 20, 21);
      const down = seededBytes(12 << 20, 22);
      const atRight = sip(b.socket, 3);
      const atLeft = sip(a.socket, 2);
      a.socket.end(up);
      b.socket.end(down);
      assert.equal(await atRight, digest(up));
      assert.equal(await atLeft, digest(down));
      for (const [id, length] of [
        [a.id, up.length],
        [b.id, down.length],
      ] as const) {
        const event = await h.next(Event.RELAYED, id);
        assert.deepEqual([event.a, event.c], [length, RelayEnd.SOURCE_END]);
        assert.equal((await h.next(Event.CLOSED, id)).a, 0);
      }
      assert.equal(h.transport.connectionCount, 0);
    });

    it(`does not read a source whose destination stalls, ${from} and ${to}`, async () => {
      const a = await left(from);
      const b = await right(to);
      h.run((t) => t.relay(a.id, b.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
      const bytes = seededBytes(40 << 20, 9);
      b.socket.pause();
      a.socket.end(bytes);
      await delay(300);
      const queued = h.transport.queuedBytes[b.id & INDEX_MASK]!;
      assert.ok(queued <= 64 * 1024, `${queued} bytes in flight`);
      assert.equal(h.count(Event.RELAYED), 0);
      // How long it takes to fill what the kernels keep depends on the machine.
      let taken = -1;
      while (h.transport.receivedBytes(a.id) !== taken) {
        taken = h.transport.receivedBytes(a.id);
        await delay(150);
      }
      assert.ok(taken < bytes.length, `${taken} bytes`);
      assert.equal(await sip(b.socket, 0), digest(bytes));
    });
  }

  it('moves exactly the count, then hands later bytes to JavaScript, also those inside the session', async () => {
    const a = await left('TLS');
    const b = await right('TLS');
    h.run((t) => t.relay(a.id, b.id, 10, 0));
    a.socket.write('0123456789after');
    const event = await h.next(Event.RELAYED, a.id);
    assert.deepEqual([event.a, event.c], [10, RelayEnd.COUNT]);
    assert.equal((await readBytes(b.socket as tls.TLSSocket, 10)).toString(), '0123456789');
    await h.until('the rest', () => h.decrypted(a.id).toString() === 'after');
  });

  it('waits for a destination whose handshake is under way', async () => {
    const a = await left('plain');
    const sockets: tls.TLSSocket[] = [];
    const port = await h.tlsServer({}, (socket) => sockets.push(socket));
    a.socket.write('patient');
    await h.next(Event.DATA, a.id);
    const id = h.transport.connect('127.0.0.1', port);
    h.transport.startTlsClient(id, client, NAME);
    h.run((t) => {
      t.relay(a.id, id, 4, 0);
      t.relay(id, a.id, 4, 0);
    });
    a.socket.write('more');
    const socket = await h.until('the server side', () => sockets[0]);
    assert.equal((await readBytes(socket, 4)).toString(), 'more');
    socket.write('back');
    assert.equal((await readBytes(a.socket as tls.TLSSocket, 4)).toString(), 'back');
  });

  it('reports a handshake that fails to the other side', async () => {
    const a = await left('plain');
    const port = await h.server((socket) => socket.end('no TLS here'));
    const id = h.transport.connect('127.0.0.1', port);
    h.transport.startTlsClient(id, client, NAME);
    h.run((t) => {
      t.relay(a.id, id, RELAY_UNTIL_END, 0);
      t.relay(id, a.id, RELAY_UNTIL_END, 0);
    });
    await h.next(Event.CLOSED, id);
    assert.deepEqual(h.names(id), ['CONNECTED', 'RELAYED', 'CLOSED']);
    assert.equal((await h.next(Event.RELAYED, a.id)).c, RelayEnd.DESTINATION_BROKEN);
  });

  it('ends a truncated source as broken and does not half-close the destination', async () => {
    const raw = await h.client(await tlsPort());
    const { connection: id } = await h.next(Event.ACCEPTED);
    const socket = h.secure(raw, {});
    await Promise.all([once(socket, 'secureConnect'), h.next(Event.TLS_READY, id)]);
    const b = await right('plain');
    h.run((t) => t.relay(id, b.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
    socket.write('half');
    assert.equal((await readBytes(b.socket as tls.TLSSocket, 4)).toString(), 'half');
    raw.end();
    assert.equal((await h.next(Event.RELAYED, id)).c, RelayEnd.SOURCE_BROKEN);
    h.send(b.id, 'still open');
    assert.equal((await readBytes(b.socket as tls.TLSSocket, 10)).toString(), 'still open');
  });

  it('stops on request and obeys PAUSE', async () => {
    const a = await left('TLS');
    const b = await right('TLS');
    h.run((t) => t.relay(a.id, b.id, RELAY_UNTIL_END, 0));
    a.socket.write('one');
    assert.equal((await readBytes(b.socket as tls.TLSSocket, 3)).toString(), 'one');
    h.run((t) => t.pause(a.id));
    a.socket.write('two');
    await delay(30);
    assert.equal((b.socket as tls.TLSSocket).read(), null);
    h.run((t) => t.resume(a.id));
    assert.equal((await readBytes(b.socket as tls.TLSSocket, 3)).toString(), 'two');
    h.run((t) => t.stopRelay(a.id));
    assert.equal((await h.next(Event.RELAYED, a.id)).c, RelayEnd.STOPPED);
    a.socket.write('three');
    await h.until('data', () => h.decrypted(a.id).toString() === 'three');
  });

  async function tlsPort(): Promise<number> {
    h.choose = () => context;
    return h.listen(900);
  }
});
