// Bodies through middlewares in both directions, and framing when middlewares change heads: what a client or server is
// told about a body is always true.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import { type BodyTransform, emptyAnswer, type Middleware, plainAnswer, Verdict } from '@sluice/middlewares';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

async function start(
  handler: RawHandler,
  hooks: Record<string, Middleware>,
  options: ProxyOptions = {},
): Promise<ProxyUnderTest> {
  proxy = await startProxy(handler, { ...options, ...probes(hooks) });
  return proxy;
}

const bodyOf = (received: string) => received.slice(received.indexOf('\r\n\r\n') + 4);

/** Data of a complete chunked body; undefined while it is not complete. */
function dechunked(body: string): string | undefined {
  let data = '';
  for (let at = 0; ; ) {
    const line = body.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(body.slice(at, line), 16);
    if (size === 0) return body.length >= line + 4 ? data : undefined;
    if (body.length < line + 4 + size) return undefined;
    data += body.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

const sha = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex');

const IDENTITY = (): BodyTransform => ({ push: (chunk) => chunk });
const DOUBLING = (): BodyTransform => ({ push: (chunk) => Buffer.concat([chunk, chunk]) });
const HOLDING = (): BodyTransform => {
  const held: Buffer[] = [];
  return {
    push(chunk, last) {
      held.push(Buffer.from(chunk));
      return last ? Buffer.concat(held) : undefined;
    },
  };
};

describe('transforms', () => {
  const body = randomBytes(200_000).toString('latin1');
  const chunks = (text: string, size: number) => {
    let out = '';
    for (let at = 0; at < text.length; at += size) {
      const piece = text.slice(at, at + size);
      out += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    }
    return `${out}0\r\n\r\n`;
  };
  const framings: readonly (readonly [string, string])[] = [
    ['a length', `Content-Length: ${body.length}\r\n\r\n${body}`],
    ['chunks', `Transfer-Encoding: chunked\r\n\r\n${chunks(body, 777)}`],
  ];

  for (const [transformName, make, expected] of [
    ['identity', IDENTITY, body],
    ['holding', HOLDING, body],
  ] as const) {
    for (const [framing, message] of framings) {
      it(`${transformName} of a request with ${framing} arrives whole, in chunks`, async () => {
        await start(
          (connection) => {
            if (dechunked(bodyOf(connection.received)) !== undefined) connection.socket.write(OK);
          },
          { body: { requestBody: make } },
        );
        const client = await proxy!.client();
        client.write(`POST / HTTP/1.1\r\nHost: h\r\n${message}`);
        await client.untilText('\r\n\r\nok');
        const { received } = proxy!.server;
        assert.doesNotMatch(received.slice(0, 500), /Content-Length/);
        assert.equal(sha(dechunked(bodyOf(received))!), sha(expected));
        client.received = '';
        client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
        await proxy!.server.untilText('3\r\nabc\r\n0\r\n\r\n');
      });

      it(`${transformName} of a response with ${framing} arrives whole, in chunks`, async () => {
        await start(answerHeads(`HTTP/1.1 200 OK\r\n${message}`), { body: { responseBody: make } });
        const client = await proxy!.client();
        for (let i = 0; i < 2; i++) {
          client.received = '';
          client.write(GET);
          await client.until((received) => dechunked(bodyOf(received)) !== undefined);
          assert.doesNotMatch(client.received.slice(0, 500), /Content-Length/);
          assert.equal(sha(dechunked(bodyOf(client.received))!), sha(expected));
        }
        assert.equal(proxy!.server.connections.length, 1);
      });
    }
  }

  it('close-delimited and for HTTP/1.0 clients too', async () => {
    await start((connection) => void connection.socket.end(Buffer.from(`HTTP/1.1 200 OK\r\n\r\n${body}`, 'latin1')), {
      a: { responseBody: HOLDING },
      b: { responseBody: DOUBLING },
    });
    const client = await proxy!.client();
    client.write('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    await client.untilEnd();
    assert.equal(bodyOf(client.received).length, 2 * body.length);
    assert.equal(client.errorCode, undefined);
  });

  it('runs the transform nearest to the sender first', async () => {
    const tag = (text: string) => (): BodyTransform => ({
      push: (chunk, last) => (last ? undefined : Buffer.concat([chunk, Buffer.from(text)])),
    });
    await start(
      (connection, chunk) => {
        if (chunk.includes('0\r\n\r\n')) connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx');
      },
      {
        outer: { requestBody: tag('<'), responseBody: tag('<') },
        inner: { requestBody: tag('>'), responseBody: tag('>') },
      },
    );
    const client = await proxy!.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx');
    await client.untilText('0\r\n\r\n');
    assert.equal(dechunked(bodyOf(proxy!.server.received)), 'x<>');
    assert.equal(dechunked(bodyOf(client.received)), 'x><');
  });

  it('sends more than one queue may hold, to a reader that is slow', async () => {
    const bytes = 12 << 20;
    await start(answerHeads(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n${'z'.repeat(bytes)}`), {
      outer: { responseBody: DOUBLING },
      inner: { responseBody: HOLDING },
    });
    const client = await proxy!.client();
    client.socket.removeAllListeners('data');
    let received = 0;
    let tail = '';
    client.socket.pause();
    client.write(GET);
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.on('data', (chunk) => {
      received += chunk.length;
      tail = (tail + chunk.toString('latin1')).slice(-20);
    });
    client.socket.resume();
    await client.until(() => tail.endsWith('\r\n0\r\n\r\n'), 'the last chunk');
    assert.ok(received > 2 * bytes && received < 2 * bytes + 1_000, `${received}`);
    await proxy!.untilQuiet();
    await client.until(() => !client.ended);
  });

  it('sends a held request to a server that is slow, and the next one on the same connection', async () => {
    const bytes = 20 << 20;
    await start(
      (connection) => {
        connection.socket.pause();
        setTimeout(() => connection.socket.resume(), 5);
        if (connection.received.endsWith('\r\n0\r\n\r\n')) connection.socket.write(OK);
      },
      { body: { requestBody: HOLDING } },
    );
    const client = await proxy!.client();
    client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${bytes}\r\n\r\n`);
    client.socket.write(Buffer.alloc(bytes, 'z'));
    client.write('POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
    await client.until((received) => received.split('\r\n\r\nok').length === 3, 'two answers');
    assert.equal(proxy!.server.connections.length, 1);
    assert.ok(proxy!.server.received.length > bytes);
  });

  for (const [name, first] of [
    ['at the first bytes', true],
    ['at the end', false],
  ] as const) {
    it(`a request transform that throws ${name} is a 500, and the server gets no complete request`, async () => {
      const push = (_: Uint8Array, last: boolean): undefined => {
        if (first || last) throw new Error('on purpose');
      };
      await start(answerHeads(''), { body: { requestBody: () => ({ push }) } }, { faultsExpected: true });
      const client = await proxy!.client();
      client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc');
      await client.untilEnd();
      assert.match(client.received, /^HTTP\/1\.1 500 /);
      assert.ok(!proxy!.server.received.includes('0\r\n\r\n'));
      await proxy!.untilQuiet();
    });

    it(`a response transform that throws ${name} does not look complete`, async () => {
      const push = (chunk: Uint8Array, last: boolean): Uint8Array => {
        if (first || last) throw new Error('on purpose');
        return chunk;
      };
      await start(
        (connection) => void connection.socket.end('HTTP/1.1 200 OK\r\n\r\nabc'),
        { body: { responseBody: () => ({ push }) } },
        { faultsExpected: true },
      );
      const client = await proxy!.client();
      client.write(GET);
      await client.untilEnd();
      assert.ok(!client.received.includes('\r\n0\r\n'), client.received);
      assert.match(proxy!.faults[0], /MIDDLEWARE_FAULT/);
      await proxy!.untilQuiet();
    });
  }
});

describe('framing that middlewares touch', () => {
  const field = (name: string, value: string): Middleware => ({
    onRequest({ request }) {
      request.set(name, value);
      return Verdict.NEXT;
    },
    onResponse: ({ response }) => response.set(name, value),
  });

  for (const [name, value] of [
    ['Content-Length', '1'],
    ['content-length', '1000'],
    ['Transfer-Encoding', 'chunked'],
    ['Connection', 'x-other'],
    ['Keep-Alive', 'timeout=1'],
  ]) {
    it(`is ours whatever ${name} they set`, async () => {
      await start(
        (connection) => {
          if (connection.received.endsWith('hello')) connection.socket.write(OK);
        },
        { field: field(name, value) },
      );
      const client = await proxy!.client();
      client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
      await client.untilText('\r\n\r\nok');
      for (const received of [proxy!.server.received, client.received]) {
        assert.match(received, /^content-length: (5|2)\r\n/im);
        assert.equal(received.split(/^content-length/im).length, 2);
        if (name.toLowerCase() !== 'content-length') assert.ok(!received.includes(`${name}: ${value}`), received);
      }
      client.received = '';
      client.write(GET.replace('GET', 'HEAD'));
      proxy!.server.handler = (connection) =>
        void connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n');
      await client.untilText('\r\n\r\n');
    });
  }

  it('survives the removal of a length', async () => {
    const remove: Middleware = {
      onRequest({ request }) {
        request.remove('content-length');
        return Verdict.NEXT;
      },
      onResponse: ({ response }) => response.remove('content-length'),
    };
    await start(
      (connection) => {
        if (connection.received.endsWith('hello')) connection.socket.write(OK);
      },
      { remove },
    );
    const client = await proxy!.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
    await client.untilText('\r\n\r\nok');
    assert.match(client.received, /\r\nContent-Length: 2\r\n/);
    assert.match(proxy!.server.received, /\r\nContent-Length: 5\r\n/);
  });

  it('replaces Host when a middleware sets it like any field', async () => {
    const setHost: Middleware = {
      onRequest({ request }) {
        request.set('host', 'other:81');
        return Verdict.NEXT;
      },
    };
    await start(answerHeads(OK), { setHost });
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('ok');
    assert.deepEqual(proxy!.server.received.match(/^host: .*$/gim), ['Host: other:81']);
  });

  for (const [from, to, body] of [
    ['200 OK\r\nContent-Length: 5', 204, 'hello'],
    ['200 OK\r\nContent-Length: 5', 304, 'hello'],
    ['200 OK\r\nTransfer-Encoding: chunked', 204, '5\r\nhello\r\n0\r\n\r\n'],
    ['304 Not Modified\r\nContent-Length: 5', 200, ''],
    ['204 No Content', 200, ''],
  ] as const) {
    it(`is that of ${to} when a hook has made it of ${from.slice(0, 3)}`, async () => {
      await start(answerHeads(`HTTP/1.1 ${from}\r\n\r\n${body}`), {
        status: { onResponse: ({ response }) => response.setStatus(to) },
      });
      const client = await proxy!.client();
      client.write(GET + GET);
      await client.until((received) => received.split(`HTTP/1.1 ${to}`).length === 3 && received.endsWith('\r\n\r\n'));
      assert.ok(!client.received.includes('hello'));
      if (to === 200) assert.equal(client.received.split('\r\nContent-Length: 0\r\n').length, 3);
      else assert.ok(!client.received.includes('chunked'));
    });
  }

  for (const status of [204, 304]) {
    it(`of an answer with ${status} has no body and no length`, async () => {
      const onRequest: Middleware['onRequest'] = (exchange) => {
        exchange.answer({ ...emptyAnswer(status), body: 'never' });
        return Verdict.ANSWERED;
      };
      await start(answerHeads(OK), { answers: { onRequest } });
      const client = await proxy!.client();
      client.write(GET + GET);
      await client.until((received) => received.split(`HTTP/1.1 ${status}`).length === 3);
      assert.doesNotMatch(client.received, /never|Content-Length/);
    });
  }

  it('of an answer to HEAD says how long it would be', async () => {
    const onRequest: Middleware['onRequest'] = (exchange) => {
      exchange.answer(plainAnswer(200, 'hello'));
      return Verdict.ANSWERED;
    };
    await start(answerHeads(OK), { answers: { onRequest } });
    const client = await proxy!.client();
    client.write(GET.replace('GET', 'HEAD') + GET);
    await client.untilText('hello\n');
    assert.equal(client.received.split('Content-Length: 6\r\n').length, 3);
    assert.equal(client.received.split('hello').length, 2);
  });

  it('of a very large answer is kept to a client that is slow', async () => {
    const text = 'y'.repeat(20 << 20);
    const onRequest: Middleware['onRequest'] = (exchange) => {
      exchange.answer(plainAnswer(200, text));
      return Verdict.ANSWERED;
    };
    await start(answerHeads(OK), { answers: { onRequest } });
    const client = await proxy!.client();
    client.socket.pause();
    client.write(GET + GET);
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.until((received) => received.length > 2 * text.length && received.endsWith('y\n'));
    await proxy!.untilQuiet();
  });
});

describe('built-in middlewares', () => {
  it('headers: sets, adds and removes on both ways', async () => {
    proxy = await startProxy(
      answerHeads('HTTP/1.1 200 OK\r\nServer: s\r\nX-Powered-By: p\r\nContent-Length: 2\r\n\r\nok'),
      {
        middlewares: {
          h: 'headers:\n  customRequestHeaders: { X-New: "1", Cookie: "", Host: inner }\n  customResponseHeaders: { X-Powered-By: "", X-Out: "ü" }',
        },
      },
    );
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nCookie: secret\r\n\r\n');
    await client.untilBody(2);
    assert.match(proxy.server.received, /\r\nX-New: 1\r\n/);
    assert.match(proxy.server.received, /\r\nHost: inner\r\n/);
    assert.match(proxy.server.received, /\r\nX-Forwarded-Host: h\r\n/, 'what the client asked for');
    assert.doesNotMatch(proxy.server.received, /secret|\r\nHost: h\r/);
    assert.doesNotMatch(client.received, /Powered/);
    assert.match(client.received, /\r\nX-Out: \xc3\xbc\r\n/, 'UTF-8 bytes');
  });

  it('redirects without asking the server, and keeps the connection', async () => {
    proxy = await startProxy(answerHeads(OK), {
      middlewares: { r: 'redirectScheme: { scheme: https, port: "8443" }' },
    });
    const client = await proxy.client();
    client.write(
      'GET /a?b HTTP/1.1\r\nHost: example.com:80\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc',
    );
    await client.until((received) => received.split('HTTP/1.1 30').length === 3);
    assert.match(client.received, /^HTTP\/1\.1 302 [\s\S]*\r\nLocation: https:\/\/example\.com:8443\/a\?b\r\n/);
    assert.match(client.received, /HTTP\/1\.1 307 [\s\S]*\r\nLocation: https:\/\/x:8443\/\r\n/);
    assert.equal(proxy.server.connections.length, 0);
    assert.equal(client.ended, false);
  });

  it('rewrites paths in order', async () => {
    proxy = await startProxy(answerHeads(OK), {
      middlewares: { a: 'stripPrefix: { prefixes: [/api] }', b: 'addPrefix: { prefix: /v1 }' },
    });
    const client = await proxy.client();
    client.write('GET /api/x%2Fy?q HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    assert.match(proxy.server.received, /^GET \/v1\/x%2Fy\?q HTTP\/1\.1\r\n/);
    assert.match(proxy.server.received, /\r\nX-Forwarded-Prefix: \/api\r\n/);
  });
});
