// Against an independent peer, over loopback: a client and a server of node:http2 talk through a tap, and all their bytes go
// through our readers; then our session is the server of one and the client of the other. Windows must add up in the end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { FrameHandler } from './frame-handler.ts';
import { FrameReader } from './frame-reader.ts';
import { Http2Role } from './session-options.ts';
import { SocketPeer } from './socket-peer.ts';
import { FrameLog, inPieces } from './test-support.ts';

const BODY = Buffer.alloc(700_000, 'body of some length. ');

/** Listens on a free port of loopback; closed with what hangs on it when the test ends. */
async function listen(t: TestContext, server: Server, sockets = new Set<Socket>()): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function connect(t: TestContext, port: number): ClientHttp2Session {
  const session = http2.connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 50_000 } });
  session.on('error', () => {});
  t.after(() => session.destroy());
  return session;
}

/** A server of node:http2 that sends every body back, with trailers. */
function echoServer(): Server {
  const server = http2.createServer({ settings: { initialWindowSize: 30_000, maxConcurrentStreams: 50 } });
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'x-long': 'v'.repeat(20_000) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-end': 'yes' }));
    stream.pipe(stream);
  });
  return server as unknown as Server;
}

async function bodyOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Follows the send windows of one direction as both ends must see them. */
class Windows {
  connection = 65_535;
  initial = 65_535;
  readonly streams = new Map<number, number>();
  data = 0;

  of(id: number): number {
    return this.streams.get(id) ?? this.initial;
  }

  spend(id: number, bytes: number): void {
    this.connection -= bytes;
    this.streams.set(id, this.of(id) - bytes);
    this.data += bytes;
    assert.ok(this.connection >= 0, 'the window of the connection is kept');
  }

  grow(id: number, increment: number): void {
    if (id === 0) this.connection += increment;
    else this.streams.set(id, this.of(id) + increment);
  }
}

/** A tap on one direction: `sends` is spent by its DATA, `receives` grows by its updates. */
class TapLog extends FrameLog implements FrameHandler {
  readonly sends: Windows;
  readonly receives: Windows;

  constructor(sends: Windows, receives: Windows) {
    super();
    this.sends = sends;
    this.receives = receives;
  }

  override onDataBegin(id: number, payloadBytes: number): void {
    super.onDataBegin(id, payloadBytes);
    this.sends.spend(id, payloadBytes);
  }

  override onWindowUpdate(id: number, increment: number): void {
    super.onWindowUpdate(id, increment);
    this.receives.grow(id, increment);
  }

  override onSetting(id: number, value: number): void {
    super.onSetting(id, value);
    if (id !== 4) return;
    for (const [stream, window] of this.receives.streams) {
      this.receives.streams.set(stream, window + value - this.receives.initial);
    }
    this.receives.initial = value;
  }
}

describe('frames of node:http2', () => {
  it('are all understood, at any split, and their windows add up', async (t) => {
    const serverPort = await listen(t, echoServer());
    const up = new Windows();
    const down = new Windows();
    const fromClient = new TapLog(up, down);
    const fromServer = new TapLog(down, up);
    const readers = [new FrameReader(fromClient, true), new FrameReader(fromServer, false)];
    const sockets = new Set<Socket>();
    const tap = net.createServer((client) => {
      const server = net.connect(serverPort, '127.0.0.1');
      sockets.add(server);
      const pass = (reader: FrameReader, from: Socket, to: Socket): void => {
        let size = 1;
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.on('data', (bytes: Buffer) => {
          const cuts: number[] = [];
          for (let at = 0; at < bytes.length; at += size) cuts.push(at);
          size = (size * 7) % 1009;
          inPieces(bytes, cuts, (piece, start, end) => reader.read(piece, start, end));
          to.write(bytes);
        });
      };
      pass(readers[0], client, server);
      pass(readers[1], server, client);
    });
    const session = connect(t, await listen(t, tap, sockets));
    const bodies = await Promise.all(
      [0, 1, 1000, 70_000, BODY.length].map(async (length) => {
        const request = session.request({ ':method': 'POST', 'x-long': 'w'.repeat(40_000) }, { endStream: false });
        request.end(BODY.subarray(0, length));
        return bodyOf(request);
      }),
    );
    assert.deepEqual(
      bodies.map((body) => body.length),
      [0, 1, 1000, 70_000, BODY.length],
    );
    const cancelled = session.request({ ':method': 'POST' }, { endStream: false });
    cancelled.on('error', () => {});
    await once(cancelled, 'response');
    cancelled.close(http2.constants.NGHTTP2_CANCEL);
    await new Promise<void>((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
    await new Promise<void>((resolve) => session.close(resolve));
    for (const log of [fromClient, fromServer]) {
      const kinds = new Set(log.events.map((event) => event.split(' ')[0]));
      assert.equal(kinds.has('fault') || kinds.has('unknown') || kinds.has('EMPTY'), false, [...kinds].join());
      for (const kind of ['setting', 'settings-ack', 'headers', 'data', 'window']) assert.ok(kinds.has(kind), kind);
      assert.equal(log.events.filter((event) => event.startsWith('settings-end')).length, 1);
    }
    assert.ok(fromClient.events.some((event) => event.startsWith('ping ')));
    assert.ok(fromServer.events.some((event) => event.startsWith('ping-ack ')));
    assert.ok(fromClient.events.includes('reset 11 8'));
    assert.equal(fromClient.events.filter((event) => event.startsWith('headers')).length, 6);
    // A head and trailers each; the sixth was given up behind its head.
    assert.equal(fromServer.events.filter((event) => event.startsWith('headers')).length, 11);
    const total = BODY.length + 71_001;
    assert.deepEqual([up.data, down.data], [total, total]);
    for (const windows of [up, down]) for (const window of windows.streams.values()) assert.ok(window >= 0);
    assert.ok(readers.every((reader) => !reader.isStopped && !reader.isInsideFrame));
  });
});

describe('a session with node:http2 at the other end', () => {
  it('as server: echoes bodies larger than all windows', async (t) => {
    let peer: SocketPeer | undefined;
    const server = net.createServer((socket) => {
      peer = SocketPeer.echo(socket);
    });
    const session = connect(t, await listen(t, server));
    const lengths = [0, 1, 1000, 70_000, BODY.length, BODY.length];
    const bodies = await Promise.all(
      lengths.map(async (length) => {
        const request = session.request({ ':method': 'POST', 'x-long': 'w'.repeat(40_000) }, { endStream: false });
        request.end(BODY.subarray(0, length));
        return bodyOf(request);
      }),
    );
    for (const [index, length] of lengths.entries()) assert.ok(bodies[index].equals(BODY.subarray(0, length)));
    const cancelled = session.request({ ':method': 'POST' }, { endStream: false });
    cancelled.on('error', () => {});
    await once(cancelled, 'response');
    cancelled.close(http2.constants.NGHTTP2_CANCEL);
    await new Promise<void>((resolve, reject) => session.ping((error) => (error === null ? resolve() : reject(error))));
    assert.equal(peer!.session.fault, 0);
    assert.equal(peer!.session.streamCount, 0);
    assert.equal(peer!.session.awaitsSettingsAck, false);
    assert.ok(peer!.events.some((event) => event.endsWith('CANCEL')));
    const closed = once(session, 'close');
    peer!.session.announceLeave();
    peer!.session.leave();
    peer!.flush();
    await closed;
  });

  it('as client: sends bodies larger than all windows and takes them back', async (t) => {
    const port = await listen(t, echoServer());
    const socket = net.connect(port, '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    const peer = new SocketPeer(socket, Http2Role.CLIENT);
    const lengths = [0, 1, 1000, 70_000, BODY.length];
    await peer.post(lengths.map((length) => BODY.subarray(0, length)));
    assert.deepEqual(
      lengths.map((_, index) => peer.received.get(2 * index + 1) ?? 0),
      lengths,
    );
    const trailers = peer.events.filter((event) => event.startsWith('trailers'));
    assert.equal(trailers.length, lengths.length);
    assert.deepEqual([peer.session.fault, peer.session.streamCount], [0, 0]);
    assert.equal(peer.session.peerSettings.concurrentStreamsMax, 50);
    assert.equal(peer.session.canOpenEver, true);
  });
});
