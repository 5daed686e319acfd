// Connections of HTTP/2 to servers as a pool: few for many requests, more when the server allows few streams, limits over all of
// them, idle ones.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { ProxyUnderTest } from '../../src/testing/proxy-under-test.ts';
import {
  answerTo,
  closeAll,
  type Http2Handler,
  h2cServer,
  h2Server,
  materialOf,
  proxyTo,
  serve,
  TRANSPORT,
  transportTls,
} from '../support/secure-servers.ts';

afterEach(closeAll);

const ok: Http2Handler = (stream) => {
  stream.respond({ ':status': 200, 'content-length': '2' });
  stream.end('ok');
};

/** So many requests at a time, each of a client of its own. @returns the number of good answers. */
async function atOnce(proxy: ProxyUnderTest, count: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, () => answerTo(proxy)));
  return answers.filter((answer) => answer.startsWith('HTTP/1.1 200 ') && answer.endsWith('ok')).length;
}

/** Answers when as many streams as that are open, so that they are open at the same time. */
function together(count: number): { handler: Http2Handler; most: () => number } {
  const waiting: Parameters<Http2Handler>[] = [];
  let most = 0;
  return {
    handler: (stream, headers) => {
      waiting.push([stream, headers]);
      most = Math.max(most, waiting.length);
      if (waiting.length < count) return;
      for (const [one, fields] of waiting.splice(0)) ok(one, fields);
    },
    most: () => most,
  };
}

/**
 * Answers after `ms`. From `begin` on not before as many as `wanted` have been open at the same time, however slowly they come.
 */
function overlapping(wanted: number, ms: number): { handler: Http2Handler; most: () => number; begin: () => void } {
  const waiting: (() => void)[] = [];
  let open = 0;
  let most = 0;
  let hasBegun = false;
  return {
    handler: (stream, headers) => {
      most = Math.max(most, ++open);
      waiting.push(() => {
        open--;
        ok(stream, headers);
      });
      if (!hasBegun || most >= wanted) for (const answer of waiting.splice(0)) setTimeout(answer, ms);
    },
    most: () => most,
    begin: () => {
      hasBegun = true;
    },
  };
}

describe('streams on few connections', () => {
  for (const [name, start] of [
    ['h2c', h2cServer],
    ['https', h2Server],
  ] as const) {
    it(`1,000 requests at a time go on one or two, ${name}`, async () => {
      const { handler, most } = together(1_000);
      const { url, sessions } = await start(handler);
      const proxy = await proxyTo(url);
      assert.equal(await atOnce(proxy, 1_000), 1_000);
      assert.equal(most(), 1_000);
      assert.ok(sessions.length <= 2, `${sessions.length} connections`);
      await proxy.untilQuiet();
    });
  }

  for (const allowed of [1, 3, 50]) {
    it(`as many as are needed where the server allows ${allowed} streams`, async () => {
      const { handler, most, begin } = overlapping(allowed + 1, 20);
      const { url, sessions } = await h2cServer(handler, { maxConcurrentStreams: allowed });
      const proxy = await proxyTo(url);
      await answerTo(proxy);
      begin();
      assert.equal(await atOnce(proxy, 100), 100);
      assert.ok(sessions.length <= Math.ceil(100 / allowed) + 1, `${sessions.length} connections`);
      assert.ok(most() > allowed);
      await proxy.untilQuiet();
    });
  }

  it('a server that allows none is not asked again and again', async () => {
    const { url, sessions } = await h2cServer(ok, { maxConcurrentStreams: 0 });
    const proxy = await proxyTo(url);
    for (let i = 0; i < 3; i++) assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    assert.ok(sessions.length <= 6, `${sessions.length} connections`);
    await proxy.untilQuiet();
  });

  it('refused streams before the settings came go once more', async () => {
    const { url } = await h2cServer(ok, { maxConcurrentStreams: 2 });
    const proxy = await proxyTo(url);
    assert.ok((await atOnce(proxy, 30)) >= 28);
    await proxy.untilQuiet();
  });
});

describe('limited connections', () => {
  it('streams share them, the rest waits in line', async () => {
    const { handler, most, begin } = overlapping(5, 5);
    const { url, sessions } = await h2cServer(handler, { maxConcurrentStreams: 4 });
    const proxy = await proxyTo(url, undefined, { transport: { maxConnsPerServer: 2 } });
    await answerTo(proxy);
    begin();
    assert.equal(await atOnce(proxy, 60), 60);
    assert.ok(sessions.length <= 2, `${sessions.length} connections`);
    assert.ok(most() <= 8 && most() > 4, `${most()} streams`);
    await proxy.untilQuiet();
  });

  it('places come back when the server cannot be reached', async () => {
    const port = await serve(createServer((socket) => socket.destroy()));
    const proxy = await proxyTo(`https://127.0.0.1:${port}`, undefined, { transport: { maxConnsPerServer: 1 } });
    for (let i = 0; i < 3; i++) assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    await proxy.untilQuiet();
  });
});

describe('idle connections of HTTP/2', () => {
  it('end after idleConnTimeout', async () => {
    const { url } = await h2cServer(ok);
    const proxy = await proxyTo(url, undefined, { transport: { forwardingTimeouts: { idleConnTimeout: 500 } } });
    await answerTo(proxy);
    assert.equal(proxy.dataplane.connectionCount, 1);
    await proxy.server.until(() => proxy.dataplane.connectionCount === 0, 'the end of the connection');
  });

  it('are not kept with maxIdleConnsPerHost below zero', async () => {
    const { url, sessions } = await h2cServer(ok);
    const proxy = await proxyTo(url, undefined, { transport: { maxIdleConnsPerHost: -1 } });
    for (let i = 0; i < 3; i++) await answerTo(proxy);
    assert.equal(sessions.length, 3);
  });

  it('are noticed when the server closes them', async () => {
    const sockets: Socket[] = [];
    const { url, server } = await h2cServer(ok);
    server.on('connection', (socket: Socket) => sockets.push(socket));
    const proxy = await proxyTo(url);
    for (let i = 1; i <= 3; i++) {
      assert.match(await answerTo(proxy, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0'), /200 OK/);
      assert.equal(sockets.length, i);
      sockets.at(-1)!.destroy();
      await proxy.server.until(() => proxy.dataplane.connectionCount === 0, 'the news of it');
    }
  });

  it('serve nothing new when TLS settings change, but finish what is under way', async () => {
    const held: Parameters<Http2Handler>[] = [];
    const { url, sessions } = await h2Server((stream, headers) => {
      if (headers[':path'] === '/held') held.push([stream, headers]);
      else ok(stream, headers);
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('GET /held HTTP/1.1\r\nHost: h\r\n\r\n');
    await proxy.server.until(() => held.length === 1, 'the stream');
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: transportTls({ maxVersion: 0x0303 }) }));
    assert.match(await answerTo(proxy), /200 OK/);
    assert.equal(sessions.length, 2);
    ok(...held[0]);
    await client.untilText('ok');
    client.close();
    await proxy.server.until(() => proxy.dataplane.connectionCount === 1, 'the end of the first connection');
  });

  it('and busy ones are asked for a sign of life when the server is silent', async () => {
    let pings = 0;
    const streams: Parameters<Http2Handler>[] = [];
    const { url, server, sessions } = await h2cServer((...stream) => streams.push(stream));
    server.on('session', (session) => session.on('ping', () => pings++));
    // An answered question is over: the next one does not wait for what an unanswered one would have had.
    const forwardingTimeouts = { readIdleTimeout: 20, pingTimeout: 600_000 };
    const proxy = await proxyTo(url, undefined, { transport: { forwardingTimeouts } });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await proxy.server.until(() => pings >= 3, 'the third question');
    ok(...streams[0]);
    await client.untilText('ok');
    assert.equal(sessions.length, 1);
  });

  it('are given up when it does not answer', async () => {
    const port = await serve(createServer((socket) => socket.resume()));
    const forwardingTimeouts = { readIdleTimeout: 20, pingTimeout: 30 };
    const proxy = await proxyTo(`h2c://127.0.0.1:${port}`, undefined, { transport: { forwardingTimeouts } });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    await proxy.untilQuiet();
    assert.equal(proxy.dataplane.connectionCount, 0);
  });

  it('are closed when the worker drains', async () => {
    const { url } = await h2Server(ok);
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('ok');
    client.close();
    await proxy.dataplane.drain(0, 2_000);
    assert.equal(proxy.dataplane.connectionCount, 0);
    assert.equal(proxy.dataplane.descriptorCount, 0);
  });
});
