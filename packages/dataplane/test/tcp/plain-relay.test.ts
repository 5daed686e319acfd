// Plain TCP routers: bytes both ways, who speaks first, how connections end, and what becomes of HTTP beside them.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const SERVICE = 'services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] } } }';
const PLAIN = `tcp: { routers: { all: { rule: "HostSNI(\`*\`)", service: app } }, ${SERVICE} }`;
const withDelay = (delay: string) => `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app } }
  services: { app: { loadBalancer: { serversTransport: slow, servers: [{ address: "127.0.0.1:PORT" }] } } }
  serversTransports: { slow: { terminationDelay: ${delay} } }`;

describe('a plain TCP router', () => {
  it('passes bytes both ways, whatever they are', async () => {
    proxy = await startProxy(({ socket }, chunk) => socket.write(chunk.toUpperCase()), { dynamic: PLAIN });
    const client = await proxy.client();
    client.write('get / http/1.1\r\n\r\n');
    await client.untilText('GET / HTTP/1.1\r\n\r\n');
    client.write('\x16\x03\x01more');
    await client.untilText('MORE');
    assert.equal(proxy.server.received, 'get / http/1.1\r\n\r\n\x16\x03\x01more');
  });

  it('moves the same bytes by copying, by splicing, and by turns', async () => {
    const answer = randomBytes(3_000_000);
    for (const relay of ['auto', 'copy', 'splice'] as const) {
      proxy = await startProxy(({ socket }) => socket.end(answer), { dynamic: PLAIN, relay });
      const client = await proxy.client();
      client.write('go');
      await client.untilEnd();
      assert.ok(Buffer.from(client.received, 'latin1').equals(answer), relay);
      await proxy.close();
    }
  });

  it('lets the server speak first, and a client finish at once', async () => {
    proxy = await startProxy(() => {}, { dynamic: PLAIN });
    const client = await proxy.client();
    await proxy.server.until(({ connections }) => connections.length === 1, 'the connection');
    proxy.server.connections[0]!.socket.write('220 ready');
    await client.untilText('220 ready');
    const second = await proxy.client();
    second.socket.end();
    await proxy.server.until(({ connections }) => connections[1]?.ended === true, 'the end of the second one');
    await second.untilEnd();
  });

  it('half-closes each direction on its own, for as long as it is told to', async () => {
    proxy = await startProxy(() => {}, { dynamic: withDelay('-1') });
    const client = await proxy.client();
    client.socket.end('request');
    await proxy.server.until(({ connections }) => connections[0]?.ended === true, 'FIN at the server');
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.server.connections[0]!.socket.end('answer');
    await client.untilEnd();
    assert.equal(client.received, 'answer');
    assert.equal(client.errorCode, undefined);
    await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of both');
  });

  it('ends the other direction after terminationDelay, with FIN', async () => {
    proxy = await startProxy(() => {}, { dynamic: withDelay('"150ms"') });
    const client = await proxy.client();
    await proxy.server.until(({ connections }) => connections.length === 1, 'the connection');
    const startedAt = performance.now();
    proxy.server.connections[0]!.socket.end('answer');
    await client.untilEnd();
    assert.equal(client.received, 'answer');
    assert.equal(client.errorCode, undefined);
    await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of both');
    assert.ok(performance.now() - startedAt >= 149);
  });

  it('passes resets on in both directions', async () => {
    proxy = await startProxy(() => {}, { dynamic: PLAIN });
    const client = await proxy.client();
    client.write('x');
    await proxy.server.untilText('x');
    const errors: string[] = [];
    proxy.server.connections[0]!.socket.on('error', (error: NodeJS.ErrnoException) => errors.push(error.code!));
    client.socket.resetAndDestroy();
    await proxy.server.until(() => errors.includes('ECONNRESET'), 'the reset at the server');
    const second = await proxy.client();
    second.write('y');
    await proxy.server.untilText('y');
    proxy.server.connections[1]!.socket.resetAndDestroy();
    await second.untilEnd();
    assert.equal(second.errorCode, 'ECONNRESET');
    await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of all');
  });

  it('leaves other clients to HTTP when its rule is not theirs', async () => {
    proxy = await startProxy(({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), {
      dynamic: `
tcp: { routers: { few: { rule: "ClientIP(\`192.0.2.1\`)", service: app } }, ${SERVICE} }
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: web } }
  services: { web: { loadBalancer: { servers: [{ url: SERVER }] } } }`,
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\n');
    client.write('Host: h\r\n\r\n');
    await client.untilText('\r\n\r\nok');
    client.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until((received) => received.split('ok').length === 3);
  });

  it('takes all plain traffic of its entry point before HTTP', async () => {
    proxy = await startProxy(({ socket }) => socket.write('raw'), {
      dynamic: `
tcp: { routers: { all: { rule: "HostSNI(\`*\`)", service: app } }, ${SERVICE} }
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: web } }
  services: { web: { loadBalancer: { servers: [{ url: SERVER }] } } }`,
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('raw');
    assert.equal(proxy.server.received, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  });

  it('keeps its connections through a reload and ends them with the drain', async () => {
    proxy = await startProxy(({ socket }, chunk) => socket.write(chunk), {
      dynamic: PLAIN,
      lifeCycle: { graceTimeOut: 10_000, tunnelGraceTimeOut: 2_000 },
    });
    const client = await proxy.client();
    client.write('before');
    await client.untilText('before');
    proxy.install('http: {}');
    client.write('after');
    await client.untilText('after');
    assert.deepEqual(proxy.released, [1]);
    const drained = proxy.dataplane.drain(0, 10_000);
    client.write('draining');
    await client.untilText('draining');
    await drained;
    await client.untilEnd();
  });
});

describe('bytes of an entry point', () => {
  for (const relay of ['auto', 'copy', 'splice'] as const) {
    it(`are passed on in both directions: ${relay}`, async () => {
      proxy = await startProxy(({ socket }, chunk) => socket.write(Buffer.from(chunk, 'latin1')), {
        dynamic: PLAIN,
        relay,
      });
      const client = await proxy.client();
      const text = 'abcdefghij'.repeat(200_000);
      client.write(text);
      await client.until((received) => received.length === text.length, `${text.length} bytes`);
      assert.ok(client.received === text);
    });
  }
});
