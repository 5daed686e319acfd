// Upgrades: a real WebSocket server and client through the proxy, and the corners of the switch in bytes (RFC 9110 §7.8).

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import WebSocket, { WebSocketServer } from 'ws';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: Echo\r\n\r\n';

describe('tunnels', () => {
  it('carries WebSocket messages of any size both ways', async () => {
    const http = createServer();
    const server = new WebSocketServer({ server: http });
    server.on('connection', (socket) => socket.on('message', (data, binary) => socket.send(data, { binary })));
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    proxy = await startProxy(() => {}, {
      dynamic: `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ url: "${url}" }] } } }`,
    });
    const client = new WebSocket(`ws://127.0.0.1:${proxy.port}/chat`);
    try {
      await once(client, 'open');
      for (const bytes of [0, 1, 125, 126, 70_000, 3_000_000]) {
        const sent = Buffer.alloc(bytes, bytes % 251);
        client.send(sent);
        const [received] = (await once(client, 'message')) as [Buffer];
        assert.ok(sent.equals(received), `${bytes} bytes`);
      }
      client.close(1000);
      const [code] = await once(client, 'close');
      assert.equal(code, 1000);
    } finally {
      client.terminate();
      server.close();
      http.closeAllConnections();
      http.close();
    }
  });

  it('passes on what both sides sent with their heads', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('\r\n\r\n')) connection.socket.write(`${SWITCH}hello`);
      else connection.socket.write(chunk.toUpperCase());
    });
    const client = await proxy.client();
    client.write(`${UPGRADE}early`);
    await client.untilText('helloEARLY');
    assert.match(client.received, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assert.match(client.received, /\r\nConnection: Upgrade\r\nUpgrade: Echo\r\n/);
    assert.match(proxy.server.received, /\r\nConnection: Upgrade\r\nUpgrade: echo\r\n/);
    client.write('late');
    await client.untilText('LATE');
  });

  it('half-closes each direction on its own', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (!chunk.includes('\r\n\r\n')) return;
      connection.socket.write(SWITCH);
      connection.socket.once('end', () => connection.socket.end('bye'));
    });
    const client = await proxy.client();
    client.write(UPGRADE);
    await client.untilText('101');
    client.socket.end('last');
    await client.untilText('bye');
    await client.untilEnd();
    assert.ok(proxy.server.received.endsWith('last'));
    assert.equal(client.errorCode, undefined);
    await proxy.server.until(() => proxy!.exchangeCount === 0, 'the end of the exchange');
  });

  it('resets the client when the server breaks the tunnel', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('\r\n\r\n')) connection.socket.write(SWITCH);
      else connection.socket.resetAndDestroy();
    });
    const client = await proxy.client();
    client.write(UPGRADE);
    await client.untilText('101');
    client.write('boom');
    await client.untilEnd();
    assert.equal(proxy.exchangeCount, 0);
  });

  it('releases its revision when it starts, and outlives the next ones', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('\r\n\r\n')) connection.socket.write(SWITCH);
      else connection.socket.write(chunk);
    });
    const client = await proxy.client();
    client.write(UPGRADE);
    await client.untilText('101');
    proxy.install(
      'http: { routers: { other: { rule: "Host(`nowhere`)", service: app } }, services: { app: { loadBalancer: { servers: [{ url: "SERVER" }] } } } }',
    );
    assert.deepEqual(proxy.released, [1]);
    client.write('still here');
    await client.untilText('still here');
  });

  it('answers 500 to a switch nobody asked for', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.write(SWITCH);
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('500');
  });

  it('answers 500 to a switch to something else', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.write(SWITCH.replace('Echo', 'other'));
    });
    const client = await proxy.client();
    client.write(UPGRADE);
    await client.untilText('500');
  });

  it('passes a refusal on as an ordinary response', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.write('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno');
    });
    const client = await proxy.client();
    client.write(UPGRADE);
    await client.untilBody(2);
    client.received = '';
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
  });
});
