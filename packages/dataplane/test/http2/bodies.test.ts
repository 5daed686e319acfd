// Bodies over HTTP/2, both ways, with Node's client: large ones, slow readers, tiny windows, cancelled ones. Memory goes back to nothing.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { FrameType, Http2ErrorCode } from '@sluice/protocols';
import { FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';

const MIB = 1024 * 1024;
const PIECE = randomBytes(MIB);

let proxy: ProxyUnderTest | undefined;
let server: Server | undefined;
let session: ClientHttp2Session | undefined;
let frames: FrameClient | undefined;

afterEach(async () => {
  session?.destroy();
  frames?.close();
  await proxy?.close();
  server?.closeAllConnections();
  server?.close();
  session = undefined;
  frames = undefined;
  proxy = undefined;
  server = undefined;
});

async function start(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<ProxyUnderTest> {
  server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy = await startProxy(() => {}, {
    dynamic: `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ url: "${url}" }] } } }`,
  });
  return proxy;
}

async function client(): Promise<ClientHttp2Session> {
  session = connect(`http://127.0.0.1:${proxy!.port}`, { maxSessionMemory: 1_000 });
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

/** Sends that many pieces as the transport takes them. */
async function sendPieces(stream: ServerResponse | ClientHttp2Stream, pieces: number): Promise<void> {
  for (let i = 0; i < pieces; i++) if (!stream.write(PIECE)) await once(stream, 'drain');
  stream.end();
}

function hashOfPieces(pieces: number): string {
  const hash = createHash('sha256');
  for (let i = 0; i < pieces; i++) hash.update(PIECE);
  return hash.digest('hex');
}

async function hashOf(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
}

async function quiet(): Promise<void> {
  await proxy!.untilQuiet();
  await proxy!.server.until(() => proxy!.dataplane.bufferedBytes === 0, 'the end of all buffers');
  assert.equal(proxy!.dataplane.refusedCommands, 0);
}

describe('bodies over HTTP/2', () => {
  for (const framing of ['with a length', 'in chunks']) {
    it(`come down, 100 MiB ${framing}`, async () => {
      await start((_, response) => {
        if (framing === 'with a length') response.setHeader('Content-Length', 100 * MIB);
        void sendPieces(response, 100);
      });
      const stream = (await client()).request({ ':path': '/' });
      assert.equal(await hashOf(stream), hashOfPieces(100));
      await quiet();
    });

    it(`go up, 100 MiB ${framing}`, async () => {
      await start(async (request, response) => response.end(await hashOf(request)));
      const headers = framing === 'with a length' ? { 'content-length': 100 * MIB } : {};
      const stream = (await client()).request({ ':path': '/', ':method': 'POST', ...headers });
      void sendPieces(stream, 100);
      stream.setEncoding('latin1');
      const [answer] = await once(stream, 'data');
      assert.equal(answer, hashOfPieces(100));
      await quiet();
    });
  }

  it('pass each other on twenty streams', async () => {
    await start((request, response) => request.pipe(response));
    const connection = await client();
    const echoes = Array.from({ length: 20 }, async () => {
      const stream = connection.request({ ':path': '/', ':method': 'POST' });
      const sent = sendPieces(stream, 3);
      assert.equal(await hashOf(stream), hashOfPieces(3));
      await sent;
    });
    await Promise.all(echoes);
    await quiet();
  });

  it('wait for a reader that pauses, and hold the server up', async () => {
    let written = 0;
    await start(async (_, response) => {
      for (let i = 0; i < 30; i++) {
        if (!response.write(PIECE)) await once(response, 'drain');
        written++;
      }
      response.end();
    });
    const stream = (await client()).request({ ':path': '/' });
    await once(stream, 'response');
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(written < 25, `${written} MiB were taken off the server`);
    assert.ok(proxy!.dataplane.bufferedBytes < 2 * MIB, `${proxy!.dataplane.bufferedBytes} bytes are kept`);
    assert.equal(await hashOf(stream), hashOfPieces(30));
    await quiet();
  });

  it('wait for a server that does not read, within the window', async () => {
    let read = () => {};
    await start(async (request, response) => {
      await new Promise<void>((resolve) => {
        read = resolve;
      });
      response.end(await hashOf(request));
    });
    const stream = (await client()).request({ ':path': '/', ':method': 'POST' });
    void sendPieces(stream, 20);
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(proxy!.dataplane.bufferedBytes < 4 * MIB, `${proxy!.dataplane.bufferedBytes} bytes are kept`);
    read();
    stream.setEncoding('latin1');
    const [answer] = await once(stream, 'data');
    assert.equal(answer, hashOfPieces(20));
    await quiet();
  });

  it('fit through windows that open byte by byte', async () => {
    await start((_, response) => response.end('a body of some bytes'));
    // SETTINGS_INITIAL_WINDOW_SIZE
    frames = await FrameClient.open(proxy!.port, [4, 0]);
    frames.headers(1, requestFields());
    for (let bytes = 1; bytes <= 20; bytes++) {
      frames.windowUpdate(1, 1);
      await frames.until(() => frames!.body(1).length === bytes, `byte ${bytes}`);
    }
    await frames.untilOver(1);
    assert.equal(frames.body(1), 'a body of some bytes');
    const lengths = frames.of(1, FrameType.DATA).map(({ payload }) => payload.length);
    assert.deepEqual(lengths.slice(0, 20), new Array(20).fill(1));
    await quiet();
  });

  it('of other streams are not held up by one without a window', async () => {
    await start((request, response) => {
      response.setHeader('X-Path', request.url!);
      void sendPieces(response, 1);
    });
    frames = await FrameClient.open(proxy!.port, [4, 0]);
    frames.windowUpdate(0, 11 * MIB).headers(1, requestFields({ ':path': '/stuck' }));
    for (let id = 3; id <= 21; id += 2) frames.headers(id, requestFields()).windowUpdate(id, MIB);
    for (let id = 3; id <= 21; id += 2) {
      await frames.untilOver(id);
      assert.ok(frames.body(id) === PIECE.toString('latin1'), `stream ${id}`);
    }
    assert.equal(frames.body(1), '');
    frames.windowUpdate(1, MIB);
    await frames.untilOver(1);
    await quiet();
  });

  it('share a connection window fairly', async () => {
    await start((_, response) => void sendPieces(response, 2));
    frames = await FrameClient.open(proxy!.port, [4, 4 * MIB]);
    for (let id = 1; id <= 7; id += 2) frames.headers(id, requestFields());
    const taken = () => [1, 3, 5, 7].map((id) => frames!.body(id).length);
    let granted = 65_535;
    while (granted < MIB) {
      await frames.until(() => taken().reduce((sum, bytes) => sum + bytes) >= granted, `${granted} bytes`);
      granted += 65_536;
      frames.windowUpdate(0, 65_536);
    }
    assert.ok(Math.min(...taken()) > MIB / 16, `they got ${taken()}`);
    frames.windowUpdate(0, 16 * MIB);
    for (let id = 1; id <= 7; id += 2) await frames.untilOver(id);
    await quiet();
  });

  it('end with the stream when the client cancels a download', async () => {
    let gone = false;
    await start((_, response) => {
      response.on('close', () => {
        gone = true;
      });
      void sendPieces(response, 200);
    });
    const stream = (await client()).request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'data');
    stream.close(Http2ErrorCode.CANCEL);
    await proxy!.server.until(() => gone, 'the end of the connection to the server');
    await quiet();
    assert.equal(await statusOf('/'), 200, 'the connection goes on');
  });

  it('end with the stream when the client cancels an upload', async () => {
    let cut = false;
    let received = 0;
    await start((request, response) => {
      request.on('error', () => {
        cut = true;
      });
      request.on('data', (bytes) => {
        received += bytes.length;
      });
      if (request.method === 'GET') response.end();
    });
    frames = await FrameClient.open(proxy!.port);
    frames.headers(1, requestFields({ ':method': 'POST' }), false).data(1, PIECE.subarray(0, 16_384));
    await proxy!.server.until(() => received > 0, 'the beginning');
    frames.reset(1, Http2ErrorCode.CANCEL);
    await proxy!.server.until(() => cut, 'the end of the connection to the server');
    await quiet();
    frames.headers(3, requestFields());
    await frames.untilOver(3);
    assert.equal(frames.status(3), '200', 'the connection goes on');
  });

  it('that a server breaks off are reset', async () => {
    await start((_, response) => {
      response.writeHead(200, { 'Content-Length': 10 * MIB });
      response.write(PIECE, () => response.destroy());
    });
    frames = await FrameClient.open(proxy!.port, [4, 16 * MIB]);
    frames.windowUpdate(0, 16 * MIB).headers(1, requestFields());
    await frames.untilOver(1);
    assert.equal(frames.status(1), '200');
    assert.equal(frames.resetCode(1), Http2ErrorCode.INTERNAL_ERROR);
    assert.ok(PIECE.toString('latin1').startsWith(frames.body(1)));
    await quiet();
  });

  it('are dropped with the connection', async () => {
    await start((request, response) => {
      request.resume();
      void sendPieces(response, 100);
    });
    const connection = await client();
    const streams = Array.from({ length: 50 }, () => connection.request({ ':path': '/', ':method': 'POST' }));
    for (const stream of streams) {
      stream.on('error', () => {});
      stream.write(PIECE);
    }
    await once(streams[0]!, 'data');
    connection.destroy();
    await quiet();
  });
});

async function statusOf(path: string): Promise<number> {
  const stream = session!.request({ ':path': path });
  stream.on('error', () => {});
  const [headers] = await once(stream, 'response');
  stream.close();
  return headers[':status'];
}
