// HTTP/2 on both sides, as gRPC needs it: both directions at their own pace, trailers, heads that are all, ends of either side.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http2 from 'node:http2';
import { afterEach, describe, it } from 'node:test';
import type { ProxyUnderTest } from '../../src/testing/proxy-under-test.ts';
import { closeAll, type Http2Handler, h2cServer, h2Server, proxyTo } from '../support/secure-servers.ts';

const clients: http2.ClientHttp2Session[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await closeAll();
});

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;
const GRPC = { ':method': 'POST', ':path': '/service/Method', 'content-type': 'application/grpc', te: 'trailers' };

function connectTo(proxy: ProxyUnderTest): http2.ClientHttp2Session {
  // Node counts what it has to send, and gives up at 10 MB otherwise.
  const client = http2.connect(`http://127.0.0.1:${proxy.port}`, { maxSessionMemory: 1_000 });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

interface Received {
  readonly status: unknown;
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: http2.IncomingHttpHeaders | undefined;
  readonly code: number;
}

async function receive(stream: http2.ClientHttp2Stream): Promise<Received> {
  const pieces: Buffer[] = [];
  let headers: http2.IncomingHttpHeaders = {};
  let trailers: http2.IncomingHttpHeaders | undefined;
  stream.on('response', (fields) => {
    headers = fields;
  });
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  stream.on('data', (data) => pieces.push(data));
  stream.on('error', () => {});
  await once(stream, 'close').catch(() => {});
  return { status: headers[':status'], headers, body: Buffer.concat(pieces), trailers, code: stream.rstCode ?? 0 };
}

/** Sends everything back, then a status in trailers. */
const echo: Http2Handler = (stream) => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'fine' }));
  stream.pipe(stream);
};

describe('HTTP/2 on both sides', () => {
  for (const [name, start] of [
    ['h2c', h2cServer],
    ['https', h2Server],
  ] as const) {
    it(`messages, and the status in trailers, ${name}`, async () => {
      const { url } = await start(echo);
      const proxy = await proxyTo(url);
      const stream = connectTo(proxy).request(GRPC);
      stream.end('message');
      const { status, body, trailers, code } = await receive(stream);
      assert.deepEqual([status, body.toString(), code], [200, 'message', NGHTTP2_NO_ERROR]);
      assert.equal(trailers?.['grpc-status'], '0');
      assert.equal(trailers?.['grpc-message'], 'fine');
      await proxy.untilQuiet();
    });
  }

  it('a head that is all', async () => {
    const { url } = await h2cServer((stream) => {
      stream.respond({ ':status': 200, 'grpc-status': '5' }, { endStream: true });
    });
    const proxy = await proxyTo(url);
    const stream = connectTo(proxy).request(GRPC);
    stream.end('message');
    const { headers, body } = await receive(stream);
    assert.equal(headers['grpc-status'], '5');
    assert.equal(body.length, 0);
    await proxy.untilQuiet();
  });

  it('both directions at their own pace: the answer begins before the request ends, and ends after it', async () => {
    const { url } = await h2cServer((stream) => {
      stream.respond({ ':status': 200 });
      stream.on('data', (data) => stream.write(`<${data}>`));
      stream.on('end', () => setTimeout(() => stream.end('last'), 20));
    });
    const proxy = await proxyTo(url);
    const stream = connectTo(proxy).request(GRPC);
    stream.setEncoding('utf8');
    await once(stream, 'response');
    for (const word of ['one', 'two', 'three']) {
      stream.write(word);
      const [answer] = await once(stream, 'data');
      assert.equal(answer, `<${word}>`);
    }
    stream.end();
    const [last] = await once(stream, 'data');
    assert.equal(last, 'last');
    await once(stream, 'close');
    await proxy.untilQuiet();
  });

  it('large bodies both ways at the same time, many of them', async () => {
    const { url, sessions } = await h2cServer(echo);
    const proxy = await proxyTo(url);
    const client = connectTo(proxy);
    const body = randomBytes(5 * 1024 * 1024);
    const expected = createHash('sha1').update(body).digest('hex');
    await Promise.all(
      Array.from({ length: 12 }, async () => {
        const stream = client.request(GRPC);
        stream.end(body);
        const received = await receive(stream);
        assert.equal(createHash('sha1').update(received.body).digest('hex'), expected);
        assert.equal(received.trailers?.['grpc-status'], '0');
      }),
    );
    assert.ok(sessions.length <= 2);
    await proxy.untilQuiet();
  });

  it('an answer that needs no more of the request', async () => {
    const { url } = await h2cServer((stream) => {
      stream.respond({ ':status': 413 });
      stream.end('too large', () => stream.close(NGHTTP2_NO_ERROR));
    });
    const proxy = await proxyTo(url);
    const stream = connectTo(proxy).request(GRPC);
    stream.write('some');
    const { status, body } = await receive(stream);
    assert.deepEqual([status, body.toString()], [413, 'too large']);
    await proxy.untilQuiet();
  });

  it('a client that cancels is told to the server, a server that resets to the client', async () => {
    const codes: (number | undefined)[] = [];
    const { url, sessions } = await h2cServer((stream, headers) => {
      stream.on('close', () => codes.push(stream.rstCode));
      stream.respond({ ':status': 200 });
      stream.write('x');
      if (headers[':path'] === '/reset') stream.destroy(new Error('broken'));
    });
    const proxy = await proxyTo(url);
    const client = connectTo(proxy);
    const stream = client.request(GRPC);
    await once(stream, 'data');
    stream.close(NGHTTP2_CANCEL);
    await proxy.server.until(() => codes.length === 1, 'the reset');
    assert.deepEqual(codes, [NGHTTP2_CANCEL]);
    const reset = await receive(client.request({ ...GRPC, ':path': '/reset' }, { endStream: true }));
    assert.notEqual(reset.code, NGHTTP2_NO_ERROR);
    assert.equal(sessions.length, 1);
    assert.equal(client.destroyed, false);
    await proxy.untilQuiet();
  });

  it('hundreds of calls of several clients share one connection to the server', async () => {
    const { url, sessions } = await h2Server(echo);
    const proxy = await proxyTo(url);
    const sessionsOfClients = Array.from({ length: 4 }, () => connectTo(proxy));
    const statuses = await Promise.all(
      Array.from({ length: 400 }, async (_, index) => {
        const stream = sessionsOfClients[index % 4].request(GRPC);
        stream.end(`message ${index}`);
        const { body, trailers } = await receive(stream);
        return body.toString() === `message ${index}` && trailers?.['grpc-status'] === '0';
      }),
    );
    assert.equal(statuses.filter(Boolean).length, 400);
    assert.ok(sessions.length <= 2, `${sessions.length} connections`);
    await proxy.untilQuiet();
  });
});
