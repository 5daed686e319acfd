// HTTP/2 to servers: what is sent and received, streams on few connections, limits of the server, bodies both ways, ends.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { startProxy } from '../../src/testing/proxy-under-test.ts';
import {
  answerTo,
  closeAll,
  type Http2Handler,
  h2cServer,
  h2Server,
  materialOf,
  proxyTo,
  serve,
  serverCertificate,
  TRANSPORT,
  transportTls,
} from '../support/secure-servers.ts';

afterEach(closeAll);

const ok: Http2Handler = (stream) => {
  stream.respond({ ':status': 200, 'content-length': '2' });
  stream.end('ok');
};

describe('HTTP/2 to servers', () => {
  for (const [name, start] of [
    ['h2c', h2cServer],
    ['https', h2Server],
  ] as const) {
    it(`is spoken with ${name}, on one connection`, async () => {
      const seen: Record<string, unknown>[] = [];
      const { url, sessions } = await start((stream, headers) => {
        seen.push(headers);
        ok(stream, headers);
      });
      const proxy = await proxyTo(url);
      for (let i = 0; i < 3; i++) {
        const head =
          'GET /p?q=1 HTTP/1.1\r\nHost: example.test\r\nTE: trailers\r\nX-Own: 1\r\nKeep-Alive: x\r\nCookie: a=b; c=d';
        const answer = await answerTo(proxy, head);
        assert.match(answer, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*content-length: 2\r\n(.*\r\n)*\r\nok$/);
      }
      assert.equal(sessions.length, 1);
      for (const headers of seen) {
        assert.deepEqual(
          [headers[':method'], headers[':path'], headers[':authority'], headers[':scheme']],
          ['GET', '/p?q=1', 'example.test', name === 'h2c' ? 'http' : 'https'],
        );
        assert.equal(headers['x-own'], '1');
        assert.equal(headers.te, 'trailers');
        assert.equal(headers.cookie, 'a=b; c=d');
        assert.equal(headers['x-forwarded-for'], '127.0.0.1');
        assert.equal(headers['x-forwarded-host'], 'example.test');
        for (const absent of ['host', 'connection', 'keep-alive', 'upgrade']) assert.equal(headers[absent], undefined);
      }
      await proxy.untilQuiet();
    });
  }

  it('is not spoken with disableHTTP2', async () => {
    const versions: string[] = [];
    const server = http2.createSecureServer({
      cert: serverCertificate.chain,
      key: serverCertificate.key,
      allowHTTP1: true,
    });
    server.on('request', (request, response) => {
      versions.push(request.httpVersion);
      response.end('ok');
    });
    const url = `https://127.0.0.1:${await serve(server)}`;
    await answerTo(await proxyTo(url, undefined, { transport: { disableHTTP2: true } }));
    await answerTo(await proxyTo(url));
    assert.deepEqual(versions, ['1.1', '2.0']);
  });

  it('carries WebSockets on connections of HTTP/1', async () => {
    const { server, url } = await h2Server(ok);
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    const proxy = await proxyTo(url);
    assert.match(await answerTo(proxy), /\r\n\r\nok$/);
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.untilText('101 Switching');
    client.write('ping');
    await client.untilText('ping');
  });

  it('verifies servers as with HTTP/1', async () => {
    const { url } = await h2Server(ok);
    const tls = transportTls({ serverName: 'other.test' });
    const proxy = await proxyTo(url, tls, { faultsExpected: true });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(JSON.parse(proxy.faults[0]).code, 'UPSTREAM_CERTIFICATE_NAME');
    proxy.dataplane.installTls(materialOf({}));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(JSON.parse(proxy.faults.at(-1)!).code, 'UPSTREAM_TLS_SETTINGS');
    const unwanted = transportTls({ peerNames: [{ type: 'DNSName', value: 'db.test' }] });
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: unwanted }));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.match(JSON.parse(proxy.faults.at(-1)!).detail, /peerCertSANs/);
  });
});

describe('messages of HTTP/2 servers', () => {
  it('forwards interim heads, trailers, and heads that are all', async () => {
    const { url } = await h2cServer((stream, headers) => {
      if (headers[':path'] === '/only') {
        stream.respond({ ':status': 200, 'grpc-status': '12' }, { endStream: true });
        return;
      }
      stream.additionalHeaders({ ':status': 103, link: '</a>; rel=preload' });
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'set-cookie': 'no' }));
      stream.end('body');
    });
    const proxy = await proxyTo(url);
    const answer = await answerTo(proxy);
    assert.match(answer, /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\n4\r\nbody\r\n0\r\ngrpc-status: 0\r\n\r\n$/);
    const only = await answerTo(proxy, 'GET /only HTTP/1.1\r\nHost: h');
    assert.match(
      only,
      /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*grpc-status: 12\r\n(.*\r\n)*Content-Length: 0\r\n(.*\r\n)*\r\n$/,
    );
    await proxy.untilQuiet();
  });

  it('answers HEAD, 204 and 304 without a body', async () => {
    const { url, sessions } = await h2cServer((stream, headers) => {
      const status = Number(headers[':path']!.slice(1));
      stream.respond({ ':status': status, ...(status === 204 ? {} : { 'content-length': '9' }) });
      stream.end();
    });
    const proxy = await proxyTo(url);
    for (const [method, status] of [
      ['HEAD', 200],
      ['GET', 204],
      ['GET', 304],
    ]) {
      const answer = await answerTo(proxy, `${method} /${status} HTTP/1.1\r\nHost: h`);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} (.*\r\n)*\r\n$`));
      assert.equal(answer.includes('content-length: 9'), status !== 204);
    }
    assert.equal(sessions.length, 1);
  });

  it('sends bodies of both framings', async () => {
    const { url } = await h2cServer((stream, headers) => {
      stream.respond({ ':status': 200, 'x-length': headers['content-length'] ?? 'none' });
      stream.pipe(stream);
    });
    const proxy = await proxyTo(url);
    const post = 'POST / HTTP/1.1\r\nHost: h\r\n';
    assert.match(await answerTo(proxy, `${post}Content-Length: 5`, 'hello'), /x-length: 5\r\n(.*\r\n)*\r\n5\r\nhello/);
    const chunked = await answerTo(proxy, `${post}Transfer-Encoding: chunked`, '5\r\nhello\r\n0\r\nx: y\r\n\r\n');
    assert.match(chunked, /x-length: none\r\n(.*\r\n)*\r\n5\r\nhello/);
    await proxy.untilQuiet();
  });

  it('lets a body wait for the 100 of the server', async () => {
    const server = http2.createServer(() => {});
    server.on('checkContinue', (request, response) => {
      response.writeContinue();
      request.pipe(response);
    });
    const proxy = await proxyTo(`h2c://127.0.0.1:${await serve(server)}`);
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n');
    await client.untilText('HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hello');
    await client.untilText('5\r\nhello\r\n');
    await proxy.untilQuiet();
  });

  it('goes both ways at the same time', async () => {
    const { url } = await h2cServer((stream) => {
      stream.respond({ ':status': 200 });
      stream.on('data', (data) => stream.write(`<${data}>`));
      stream.on('end', () => stream.end());
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const word of ['one', 'two', 'three']) {
      client.write(`${word.length}\r\n${word}\r\n`);
      await client.untilText(`<${word}>`);
    }
    client.write('0\r\n\r\n');
    await client.until((received) => received.endsWith('0\r\n\r\n'));
    await proxy.untilQuiet();
  });

  it('cancels what nobody waits for any more', async () => {
    const codes: number[] = [];
    const { url, sessions } = await h2cServer((stream) => {
      stream.on('close', () => codes.push(stream.rstCode));
      stream.respond({ ':status': 200 });
      stream.write('x');
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('\r\nx');
    client.close();
    await proxy.server.until(() => codes.length === 1, 'the reset');
    assert.deepEqual(codes, [http2.constants.NGHTTP2_CANCEL]);
    assert.equal(sessions[0].destroyed, false);
    await proxy.untilQuiet();
  });
});

describe('HTTP/2 servers that fail', () => {
  it('a stream that is reset before or in the middle of its answer', async () => {
    const { url, sessions } = await h2cServer((stream, headers) => {
      if (headers[':path'] === '/middle') {
        stream.respond({ ':status': 200 });
        stream.write('x', () => stream.destroy(new Error('broken')));
      } else stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    });
    const proxy = await proxyTo(url);
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    const cut = await answerTo(proxy, 'GET /middle HTTP/1.1\r\nHost: h');
    assert.ok(!cut.endsWith('0\r\n\r\n'), cut);
    assert.equal(sessions.length, 1);
    await proxy.untilQuiet();
  });

  it('a refused stream goes once more, whatever its method', async () => {
    let streams = 0;
    const { url } = await h2cServer((stream, headers) => {
      if (streams++ === 0) stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      else ok(stream, headers);
    });
    const proxy = await proxyTo(url);
    assert.match(await answerTo(proxy, 'DELETE / HTTP/1.1\r\nHost: h'), /200 OK/);
    assert.equal(streams, 2);
    streams = -100_000;
    const refusing = await h2cServer((stream) => stream.close(http2.constants.NGHTTP2_REFUSED_STREAM));
    const other = await proxyTo(refusing.url);
    assert.match(await answerTo(other), /^HTTP\/1\.1 502 /);
    await proxy.untilQuiet();
  });

  it('GOAWAY: streams under way finish, the next ones go elsewhere', async () => {
    const held: http2.ServerHttp2Stream[] = [];
    const { url, sessions } = await h2cServer((stream, headers) => {
      if (headers[':path'] === '/held') held.push(stream);
      else ok(stream, headers);
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('GET /held HTTP/1.1\r\nHost: h\r\n\r\n');
    await proxy.server.until(() => held.length === 1, 'the stream');
    sessions[0].goaway(0, held[0].id);
    // Until it has come, for which nothing can be seen here.
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.match(await answerTo(proxy), /200 OK/);
    assert.equal(sessions.length, 2);
    ok(held[0], {});
    await client.untilText('ok');
    await proxy.server.until(() => proxy.dataplane.connectionCount === 2, 'the end of the first connection');
    await proxy.untilQuiet();
  });

  it('a connection that is lost: what may be repeated is, the rest is told', async () => {
    let streams = 0;
    const sockets: Socket[] = [];
    const { server, url } = await h2cServer((stream, headers) => {
      if (headers[':path'] === '/lost' && streams++ < 2) {
        if (streams === 2) sockets[0].destroy();
      } else ok(stream, headers);
    });
    server.on('connection', (socket: Socket) => sockets.push(socket));
    const proxy = await proxyTo(url);
    await answerTo(proxy);
    const [get, post] = await Promise.all([
      answerTo(proxy, 'GET /lost HTTP/1.1\r\nHost: h'),
      answerTo(proxy, 'POST /lost HTTP/1.1\r\nHost: h\r\nContent-Length: 1', 'x'),
    ]);
    assert.match(get, /200 OK/);
    assert.match(post, /^HTTP\/1\.1 502 /);
    await proxy.untilQuiet();
  });

  it('a server that speaks something else', async () => {
    const raw = await startProxy((connection) => connection.socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    try {
      const proxy = await proxyTo(raw.server.url.replace('http:', 'h2c:'));
      assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
      assert.equal(proxy.warnings.at(-1)?.code, 'UPSTREAM_HTTP2_FAULT');
      await proxy.untilQuiet();
    } finally {
      await raw.close();
    }
  });

  it('a server that is not there', async () => {
    const { url, server } = await h2cServer(ok);
    await new Promise((resolve) => server.close(resolve));
    const proxy = await proxyTo(url);
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    const transport = { forwardingTimeouts: { responseHeaderTimeout: 50 } };
    const silent = await h2cServer(() => {});
    const slow = await proxyTo(silent.url, undefined, { transport });
    assert.match(await answerTo(slow), /^HTTP\/1\.1 504 /);
    await slow.untilQuiet();
  });
});
