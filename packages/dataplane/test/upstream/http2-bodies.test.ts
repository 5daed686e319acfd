// Bodies to and from HTTP/2 servers: large ones whole, slow readers on either side without piling up, lengths that are wrong.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import http2 from 'node:http2';
import { afterEach, describe, it } from 'node:test';
import type { ProxyUnderTest } from '../../src/testing/proxy-under-test.ts';
import { answerTo, closeAll, h2cServer, h2Server, httpsServer, proxyTo } from '../support/secure-servers.ts';

afterEach(closeAll);

const MIB = 1024 * 1024;
const LARGE_BYTES = 100 * MIB;

/** Pieces that differ, so that none can be missing or twice. */
function* pieces(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += 64 * 1024) {
    const piece = Buffer.alloc(Math.min(64 * 1024, bytes - at), at / 65_536);
    piece.writeUInt32BE(at, 0);
    yield piece;
  }
}

function hashOf(bytes: number): string {
  const hash = createHash('sha1');
  for (const piece of pieces(bytes)) hash.update(piece);
  return hash.digest('hex');
}

async function writePieces(to: NodeJS.WritableStream, bytes: number): Promise<void> {
  for (const piece of pieces(bytes)) {
    if (!to.write(piece)) await new Promise((resolve) => to.once('drain', resolve));
  }
  to.end();
}

/** Sends and receives at the same time. @returns the hash of the answer's body. */
async function exchangeBodies(proxy: ProxyUnderTest, bytes: number, headers = {}): Promise<string> {
  const hash = createHash('sha1');
  const outgoing = request({
    port: proxy.port,
    method: bytes > 0 ? 'POST' : 'GET',
    headers: { host: 'h', ...headers },
  });
  const over = new Promise<void>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.on('data', (data) => hash.update(data));
      response.on('end', resolve);
      response.on('error', reject);
    });
  });
  if (bytes > 0) await writePieces(outgoing, bytes);
  else outgoing.end();
  await over;
  return hash.digest('hex');
}

describe('bodies of HTTP/2 servers', () => {
  for (const [name, start] of [
    ['h2c', h2cServer],
    ['https', h2Server],
  ] as const) {
    it(`100 MiB there, ${name}`, async () => {
      const { url } = await start((stream) => {
        const hash = createHash('sha1');
        stream.on('data', (data) => hash.update(data));
        stream.on('end', () => {
          stream.respond({ ':status': 200 });
          stream.end(hash.digest('hex'));
        });
      });
      const proxy = await proxyTo(url);
      const expected = createHash('sha1').update(hashOf(LARGE_BYTES)).digest('hex');
      assert.equal(await exchangeBodies(proxy, LARGE_BYTES, { 'content-length': LARGE_BYTES }), expected);
      await proxy.untilQuiet();
    });

    it(`100 MiB back, ${name}`, async () => {
      const { url } = await start((stream) => {
        stream.respond({ ':status': 200, 'content-length': String(LARGE_BYTES) });
        void writePieces(stream, LARGE_BYTES);
      });
      const proxy = await proxyTo(url);
      assert.equal(await exchangeBodies(proxy, 0), hashOf(LARGE_BYTES));
      await proxy.untilQuiet();
    });
  }

  it('several both ways at the same time, on one connection', async () => {
    const { url, sessions } = await h2cServer((stream) => {
      stream.respond({ ':status': 200 });
      stream.pipe(stream);
    });
    const proxy = await proxyTo(url);
    await answerTo(proxy);
    const all = await Promise.all(Array.from({ length: 8 }, () => exchangeBodies(proxy, 4 * MIB)));
    for (const hash of all) assert.equal(hash, hashOf(4 * MIB));
    assert.equal(sessions.length, 1);
    await proxy.untilQuiet();
  });

  it('100 MiB there and back over TLS with HTTP/1', async () => {
    const { url } = await httpsServer((incoming, response) => incoming.pipe(response));
    const proxy = await proxyTo(url);
    assert.equal(await exchangeBodies(proxy, LARGE_BYTES), hashOf(LARGE_BYTES));
  });
});

describe('peers that do not read', () => {
  it('a server that does not keeps its clients from sending', async () => {
    const streams: http2.ServerHttp2Stream[] = [];
    const { url } = await h2cServer((stream) => streams.push(stream));
    const proxy = await proxyTo(url);
    const clients = await Promise.all(Array.from({ length: 10 }, () => proxy.client()));
    let most = 0;
    for (const client of clients) {
      client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${8 * MIB}\r\n\r\n`);
      client.write('x'.repeat(8 * MIB));
    }
    for (let i = 0; i < 30 || (most === 0 && i < 2_000); i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      most = Math.max(most, proxy.dataplane.bufferedBytes);
    }
    assert.ok(most > 0 && most < 10 * MIB, `${most} bytes were kept`);
    for (const stream of streams) stream.close(http2.constants.NGHTTP2_CANCEL);
    await proxy.untilQuiet();
    for (const client of clients) client.close();
    await proxy.server.until(() => proxy.dataplane.bufferedBytes === 0, 'the end of what is kept');
  });

  it('a server that does not is not taken for a client that is too slow', async () => {
    const { url } = await h2cServer((stream) => {
      setTimeout(() => {
        stream.on('data', () => {});
        stream.on('end', () => {
          stream.respond({ ':status': 200 });
          stream.end('late');
        });
      }, 1_500);
    });
    const limits = { minReceiveBytesPerSecond: 500_000, minSendBytesPerSecond: 0, slowClientGrace: 200 };
    const proxy = await proxyTo(url, undefined, { slowClientsEveryMs: 20, limits });
    const client = await proxy.client();
    client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${2 * MIB}\r\n\r\n${'x'.repeat(2 * MIB)}`);
    await client.untilText('\r\n\r\n');
    assert.match(client.received, /^HTTP\/1\.1 200 OK/);
  });

  it('clients that do not keep a server from sending, and hold up nobody else', async () => {
    let sent = 0;
    const { url, sessions } = await h2cServer((stream, headers) => {
      if (headers[':path'] === '/small') {
        stream.respond({ ':status': 200 });
        stream.end('small');
        return;
      }
      stream.respond({ ':status': 200 });
      const more = (): void => {
        while (!stream.destroyed && sent < 200 * MIB && stream.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      stream.on('drain', more);
      more();
    });
    const proxy = await proxyTo(url);
    const clients = await Promise.all(Array.from({ length: 10 }, () => proxy.client()));
    for (const client of clients) {
      client.socket.pause();
      client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.match(await answerTo(proxy, 'GET /small HTTP/1.1\r\nHost: h'), /small/);
    assert.ok(sent < 150 * MIB, `${sent} bytes were sent`);
    assert.ok(proxy.dataplane.bufferedBytes < 10 * MIB, `${proxy.dataplane.bufferedBytes} bytes are kept`);
    assert.equal(sessions.length, 1);
    for (const client of clients) client.close();
    await proxy.untilQuiet();
  });
});

describe('lengths that are wrong', () => {
  it('a body that is shorter or longer than its Content-Length is cut off', async () => {
    const { url } = await h2cServer((stream, headers) => {
      stream.respond({ ':status': 200, 'content-length': headers[':path']!.slice(1) });
      stream.end('hello');
    });
    const proxy = await proxyTo(url);
    for (const length of [4, 6]) {
      const client = await proxy.client();
      client.write(`GET /${length} HTTP/1.1\r\nHost: h\r\n\r\n`);
      await client.untilEnd();
      const body = client.received.split('\r\n\r\n')[1] ?? '';
      assert.ok(body.length < length, client.received);
    }
    assert.match(await answerTo(proxy, 'GET /5 HTTP/1.1\r\nHost: h'), /hello$/);
    await proxy.untilQuiet();
  });

  it('a client that leaves in the middle of its body is told to the server', async () => {
    const codes: number[] = [];
    let bytes = 0;
    const { url } = await h2cServer((stream) => {
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.on('close', () => codes.push(stream.rstCode));
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhello');
    await proxy.server.until(() => bytes === 5, 'the beginning of the body');
    client.close();
    await proxy.server.until(() => codes.length === 1, 'the reset');
    assert.deepEqual(codes, [http2.constants.NGHTTP2_CANCEL]);
    await proxy.untilQuiet();
  });
});
