// How many clients an entry point takes: what is beyond is closed at once, what is there goes on, and every place comes back
// however a connection ends. Over two workers as over one.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

const proxies: ProxyUnderTest[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const proxy of proxies.splice(0)) await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const ROW = 0;

async function start(...[handler, options]: Parameters<typeof startProxy>): Promise<ProxyUnderTest> {
  const proxy = await startProxy(handler, options);
  proxies.push(proxy);
  return proxy;
}

/** Asks once on a new connection from that address; the connection stays open when it was answered. */
async function ask(proxy: ProxyUnderTest, from = '127.0.0.1'): Promise<'served' | 'closed'> {
  const socket = connect({ port: proxy.port, host: '127.0.0.1', localAddress: from });
  sockets.push(socket);
  const answered = once(socket, 'data').then(() => 'served' as const);
  const closed = new Promise<'closed'>((resolve) => socket.on('error', () => resolve('closed')));
  socket.write(GET);
  return Promise.race([answered, closed]);
}

const inUse = (proxy: ProxyUnderTest) => proxy.limits.entryPoints.sum(ROW);
const settled = (proxy: ProxyUnderTest, connections: number) =>
  proxy.server.until(() => inUse(proxy) === connections, `${connections} counted connections`);

describe('maxConnections', () => {
  it('closes what is beyond at once and leaves the others alone', async () => {
    const proxy = await start(answerHeads(OK), { limits: { maxConnections: 2 } });
    const [first, second] = [await proxy.client(), await proxy.client()];
    for (const client of [first, second]) {
      client.write(GET);
      await client.untilText('ok');
    }
    for (let i = 0; i < 5; i++) assert.equal(await ask(proxy), 'closed');
    assert.equal(proxy.server.connections.length, 1);
    first.received = '';
    first.write(GET);
    await first.untilText('ok');
    second.close();
    await settled(proxy, 1);
    assert.equal(await ask(proxy), 'served');
    assert.equal(await ask(proxy), 'closed');
    // A flood of clients is one line, with the number of those since in the next.
    assert.deepEqual(
      proxy.warnings.map(({ code }) => code),
      ['DOWNSTREAM_CONNECTIONS_EXCEEDED'],
    );
  });

  it('gets every place back, however the connections end', async () => {
    const proxy = await start(
      (connection, chunk) => {
        if (chunk.includes('/cut')) connection.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nc');
        else answerHeads(OK)(connection, chunk);
      },
      { limits: { maxConnections: 4 }, respondingTimeouts: { readTimeout: 250, idleTimeout: 250 } },
    );
    const texts = ['', GET, 'GET / HT', 'nonsense\r\n\r\n', 'GET /cut HTTP/1.1\r\nHost: h\r\n\r\n', `${GET}${GET}`];
    const ends: ((socket: Socket) => unknown)[] = [
      (socket) => socket.end(),
      (socket) => socket.resetAndDestroy(),
      () => {}, // a timeout ends it
    ];
    for (const text of texts) {
      for (const end of ends) {
        const socket = connect(proxy.port, '127.0.0.1').on('error', () => {});
        sockets.push(socket);
        await once(socket, 'connect');
        socket.resume();
        if (text !== '') socket.write(text);
        await new Promise((resolve) => setTimeout(resolve, 5));
        end(socket);
        await settled(proxy, 0);
      }
    }
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => ask(proxy))), ['served', 'served', 'served', 'served']);
  });

  it('holds over all workers', async () => {
    const options = { limits: { maxConnections: 3 } };
    const proxy = await start(answerHeads(OK), options);
    const other = new ProxyUnderTest(proxy.server, options, proxy);
    proxies.push(other);
    assert.deepEqual([await ask(proxy), await ask(other), await ask(proxy)], ['served', 'served', 'served']);
    assert.deepEqual([await ask(proxy), await ask(other)], ['closed', 'closed']);
    // A worker that is gone leaves nothing behind.
    proxy.limits.clearSlot(0, []);
    assert.deepEqual([await ask(other), await ask(other), await ask(other)], ['served', 'served', 'closed']);
  });
});

describe('maxConnectionsPerClient', () => {
  it('counts each address on its own, over all workers', async () => {
    const options = { limits: { maxConnectionsPerClient: 2 } };
    const proxy = await start(answerHeads(OK), options);
    const other = new ProxyUnderTest(proxy.server, options, proxy);
    proxies.push(other);
    assert.deepEqual([await ask(proxy), await ask(other)], ['served', 'served']);
    assert.deepEqual([await ask(proxy), await ask(other)], ['closed', 'closed']);
    assert.deepEqual([await ask(proxy, '127.0.0.2'), await ask(proxy, '127.0.0.2')], ['served', 'served']);
    assert.equal(await ask(other, '127.0.0.2'), 'closed');
    sockets[0]!.destroy();
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]);
    await proxy.server.until(() => proxy.limits.clients.count(ROW, mapped) === 1, 'the place of the first client');
    assert.equal(await ask(other), 'served');
    assert.equal(proxy.warnings[0]!.code, 'DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED');
  });

  it('together with maxConnections: who is kept out by one takes no place of the other', async () => {
    const proxy = await start(answerHeads(OK), { limits: { maxConnections: 3, maxConnectionsPerClient: 2 } });
    assert.deepEqual([await ask(proxy), await ask(proxy), await ask(proxy)], ['served', 'served', 'closed']);
    assert.equal(inUse(proxy), 2);
    assert.equal(await ask(proxy, '127.0.0.2'), 'served');
    assert.equal(await ask(proxy, '127.0.0.3'), 'closed');
    sockets[0]!.destroy();
    await settled(proxy, 2);
    assert.equal(await ask(proxy, '127.0.0.3'), 'served');
  });
});
