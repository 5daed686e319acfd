// What a peer cannot do with TLS: keep the loop busy, starve others, hide the end, or wake a process that has nothing to do.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { credentials, NAME, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { Tls13Sealer } from '../test/tls13-records.ts';
import { delay, readBytes, seededBytes } from '../test/transport-harness.ts';
import { Event, TlsFailure } from './index.ts';

let h: TlsHarness;
let port: number;

beforeEach(() => {
  h = new TlsHarness({ queueMaxBytes: 64 << 20 }, serverContext());
  port = h.listen();
});
afterEach(() => h.close());

interface Raw {
  readonly raw: net.Socket;
  readonly id: number;
  readonly sealer: Tls13Sealer;
}

/** After the handshake with Node's TLS, records of our own go out on the socket below. */
async function sealing(): Promise<Raw> {
  const { socket: raw, id } = await h.accepted(port);
  const socket = h.secure(raw, { ciphers: 'TLS_AES_128_GCM_SHA256' });
  let secret = '';
  socket.on('keylog', (line: Buffer) => {
    const [label, , value] = line.toString().trim().split(' ');
    if (label === 'CLIENT_TRAFFIC_SECRET_0') secret = value!;
  });
  await Promise.all([once(socket, 'secureConnect'), h.next(Event.TLS_READY, id)]);
  await new Promise(setImmediate);
  return { raw, id, sealer: new Tls13Sealer(Buffer.from(secret, 'hex')) };
}

/** The first flight of a client. */
async function clientHello(): Promise<Buffer> {
  const sockets: net.Socket[] = [];
  const listening = await h.server((socket) => sockets.push(socket));
  const client = tls.connect({ port: listening, host: '127.0.0.1', servername: NAME });
  client.on('error', () => {});
  const peer = await h.until('a client', () => sockets[0]);
  // All of it comes in one piece, as it was sent.
  const hello = await readBytes(peer, 100);
  client.destroy();
  return hello;
}

describe('messages of the protocol itself', () => {
  it('are answered as long as they are few', async () => {
    const { raw, id, sealer } = await sealing();
    for (let i = 0; i < 50; i++) raw.write(sealer.keyUpdate(i % 2 === 0));
    raw.write(sealer.data('still here'));
    await h.until('data', () => h.decrypted(id).toString() === 'still here');
    raw.write(sealer.closeNotify());
    await h.next(Event.END, id);
  });

  it('end the connection when they go on without data', async () => {
    const { raw, id, sealer } = await sealing();
    raw.write(Buffer.concat(Array.from({ length: 100 }, () => sealer.keyUpdate(false))));
    const closed = await h.next(Event.CLOSED, id);
    assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.PROTOCOL]);
    assert.match(h.reasons.get(id)!, /too many messages/);
  });
});

describe('handshakes', () => {
  it('leave room for a running connection in between', async () => {
    h.choose = undefined;
    const hello = await clientHello();
    const context = serverContext({ certificates: [credentials().rsa] });
    const ALERT = Buffer.from([21, 3, 3, 0, 2, 2, 40]);
    const sockets: net.Socket[] = [];
    const COUNT = 60;
    for (let i = 0; i < COUNT; i++) {
      const { socket, id } = await h.accepted(port);
      assert.equal(h.transport.startTls(id, context, 0, 0), 0);
      sockets.push(socket);
    }
    const running = await h.accepted(port);
    assert.equal(h.transport.handshakes, COUNT);
    // Each full handshake ends with the alert right behind, so that CLOSED tells how far they are.
    for (const socket of sockets) socket.write(Buffer.concat([hello, ALERT]));
    running.socket.write('me too');
    const { batch } = await h.next(Event.DATA, running.id);
    const done = h.seen.filter((event) => event.kind === Event.CLOSED && event.batch <= batch).length;
    assert.ok(done < COUNT / 2, `${done} handshakes came first`);
    await h.until('the others', () => h.count(Event.CLOSED) === COUNT);
    assert.equal(h.transport.handshakes, 0);
  });

  it('may begin with what JavaScript has gathered in the arena', async () => {
    const context = serverContext();
    h.choose = undefined;
    let gathered = Buffer.alloc(0);
    h.onEvent = (event, t) => {
      if (event.kind !== Event.DATA) return;
      gathered = Buffer.concat([gathered, event.bytes]);
      if (gathered.length < 1000) return;
      const at = t.reserve(gathered.length);
      gathered.copy(t.memory, at);
      assert.equal(t.startTls(event.connection, context, at, gathered.length), 0);
      h.onEvent = undefined;
    };
    const hello = await clientHello();
    const { socket, id } = await h.accepted(port);
    socket.write(hello.subarray(0, 300));
    await delay(10);
    socket.write(hello.subarray(300));
    const answer = await readBytes(socket, 100);
    assert.equal(answer[0], 22, 'a ServerHello');
    assert.equal(h.count(Event.CLOSED, id), 0);
  });
});

describe('a transport with TLS', () => {
  it('runs in several threads at once', async () => {
    const { chain, key } = credentials().server;
    const workerData = { certificate: { chain, key }, rounds: 30 };
    const program = new URL('../test/programs/worker-tls.ts', import.meta.url);
    const workers = Array.from({ length: 3 }, () => new Worker(program, { workerData }));
    try {
      const done = await Promise.all(workers.map((worker) => once(worker, 'message')));
      assert.deepEqual(done, [[30], [30], [30]]);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });

  it('keeps a context that nothing but its connections refers to', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    h.choose = () => serverContext();
    const { socket, id } = await h.tlsAccepted(port);
    h.choose = undefined;
    for (let i = 0; i < 4; i++) {
      collect();
      await delay(5);
    }
    socket.write('still there?');
    await h.until('data', () => h.decrypted(id).toString() === 'still there?');
    h.run((t) => t.shutdown(id));
    socket.end();
    await h.next(Event.CLOSED, id);
  });

  /** Nothing runs for a while, once kernels have done what they had to, such as to acknowledge. */
  async function assertIdle(what: string): Promise<void> {
    for (let looks = 0, before = -1; before !== h.transport.now; looks++) {
      assert.ok(looks < 100, `it does not come to rest: ${what}`);
      before = h.transport.now;
      await delay(50);
    }
    const before = h.transport.now;
    await delay(100);
    assert.equal(h.transport.now, before, `a turn ran: ${what}`);
  }

  it('sleeps when nothing is to be done', async () => {
    const { raw, id, sealer } = await sealing();
    await assertIdle('an open connection');
    raw.write(sealer.data('in two parts').subarray(0, 12));
    await assertIdle('half a record');
    const waiting = await h.accepted(port);
    waiting.socket.write(Buffer.from([0x16, 3, 1]));
    await h.until('a handshake', () => h.transport.handshakes === 1);
    await assertIdle('half a ClientHello');
    const stalled = await sealing();
    stalled.raw.pause();
    h.send(stalled.id, seededBytes(16 << 20, 1));
    await assertIdle('a reader that takes nothing');
    const paused = await sealing();
    h.run((t) => t.pause(paused.id));
    paused.raw.write(paused.sealer.data('unread'));
    paused.raw.write(paused.sealer.closeNotify());
    paused.raw.end();
    await assertIdle('input nobody wants');
    assert.equal(h.decrypted(paused.id).length, 0);
    h.run((t) => t.resume(paused.id));
    await h.next(Event.END, paused.id);
    assert.equal(h.decrypted(paused.id).toString(), 'unread');
    h.run((t) => t.relay(paused.id, id, 1, 0));
    await assertIdle('a half-closed connection');
  });

  it('delivers what the peer had sent before it took nothing more', async () => {
    const { raw, id, sealer } = await sealing();
    h.run((t) => t.pause(id));
    raw.write(sealer.data('an early answer'));
    await delay(20);
    raw.resetAndDestroy();
    await delay(20);
    h.run((t) => {
      t.resume(id);
      const at = t.reserve(1 << 20);
      t.send(id, at, 1 << 20);
    });
    const closed = await h.next(Event.CLOSED, id);
    assert.notEqual(closed.a, 0);
    assert.equal(h.decrypted(id).toString(), 'an early answer');
  });

  it('does not hand over a connection that TLS was started on', async () => {
    h.choose = undefined;
    let refused = 0;
    h.onEvent = (event, t) => {
      if (event.kind !== Event.ACCEPTED) return;
      assert.equal(t.startTls(event.connection, serverContext(), 0, 0), 0);
      refused = t.handOver(event.connection, 0, event.b, 1);
    };
    await h.accepted(port);
    assert.equal(refused, constants.errno.EBUSY);
  });
});
