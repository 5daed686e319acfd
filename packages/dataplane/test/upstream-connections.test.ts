// Pools, replays on stale connections, and what happens when servers are gone, slow or wrong.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads, type RawConnection } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

async function exchange(text: string, bodyBytes = 2): Promise<string> {
  const client = await proxy!.client();
  client.write(text);
  return client.untilBody(bodyBytes);
}

describe('pools', () => {
  it('shares one connection between clients', async () => {
    proxy = await startProxy(answerHeads(OK));
    for (let i = 0; i < 5; i++) await exchange(GET);
    assert.equal(proxy.server.connections.length, 1);
  });

  it('never reuses with maxIdleConnsPerHost below zero', async () => {
    proxy = await startProxy(answerHeads(OK), { transport: { maxIdleConnsPerHost: -1 } });
    for (let i = 0; i < 3; i++) await exchange(GET);
    assert.equal(proxy.server.connections.length, 3);
  });

  it('keeps those beyond maxIdleConnsPerHost for a moment, and no more than as many again', async () => {
    proxy = await startProxy(answerHeads(OK), { transport: { maxIdleConnsPerHost: 1 } });
    await Promise.all([exchange(GET), exchange(GET), exchange(GET)]);
    const { server } = proxy;
    assert.equal(server.connections.length, 3);
    await server.until(({ connections }) => connections.filter(({ ended }) => ended).length >= 1, 'the third to end');
    await server.until(({ connections }) => connections.filter(({ ended }) => ended).length === 2, 'the second to end');
    await exchange(GET);
    assert.equal(server.connections.length, 3);
  });

  it('closes idle connections after idleConnTimeout', async () => {
    proxy = await startProxy(answerHeads(OK), { transport: { forwardingTimeouts: { idleConnTimeout: 50 } } });
    await exchange(GET);
    await proxy.server.until(({ connections }) => connections[0].ended, 'the end of the idle connection');
  });

  it('does not outstay the keep-alive time that the server announces', async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'));
    await exchange(GET);
    await proxy.server.until(({ connections }) => connections[0].ended, 'the end of the idle connection');
  });

  it('notices that an idle connection was closed', async () => {
    proxy = await startProxy(answerHeads(OK));
    await exchange(GET);
    proxy.server.connections[0].socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
    assert.equal(proxy.server.connections.length, 2);
  });
});

describe('idle connections', () => {
  const POST = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n';

  for (const [how, end] of [
    ['that has been closed', (socket: Socket) => socket.destroy()],
    ['that has been reset', (socket: Socket) => socket.resetAndDestroy()],
    ['with bytes nobody asked for', (socket: Socket) => socket.write(OK)],
  ] as const) {
    it(`one ${how} is not picked, even if the next request has come before the news of it`, async () => {
      proxy = await startProxy(answerHeads(OK));
      const client = await proxy.client();
      client.write(POST);
      await client.untilBody(2);
      for (let connections = 1; connections <= 5; connections++) {
        client.received = '';
        // Both are done before the data path looks again, and the request comes first.
        client.write(POST);
        end(proxy.server.connections.at(-1)!.socket);
        await client.untilBody(2);
        assert.match(client.received, /^HTTP\/1\.1 200 /);
        assert.equal(proxy.server.connections.length, connections + 1);
      }
    });
  }

  it('are used last in, first out', async () => {
    let hold = true;
    const waiting: RawConnection[] = [];
    proxy = await startProxy((connection) => {
      if (hold) waiting.push(connection);
      else connection.socket.write(OK);
    });
    const clients = await Promise.all([1, 2, 3].map(() => proxy!.client()));
    for (const client of clients) client.write(GET);
    await proxy.server.until(() => waiting.length === 3);
    hold = false;
    // The one that is answered last has been used last.
    for (const connection of waiting) {
      const before = clients.filter(({ received }) => received !== '').length;
      connection.socket.write(OK);
      await proxy.server.until(() => clients.filter(({ received }) => received !== '').length > before);
    }
    const last = waiting.at(-1)!;
    for (let i = 0; i < 4; i++) {
      const heads = last.received.split('\r\n\r\n').length;
      await exchange(GET);
      assert.equal(last.received.split('\r\n\r\n').length, heads + 1);
    }
  });
});

describe('replays', () => {
  /** Closes a connection when its second request arrives. */
  function closeOnSecond(): Parameters<typeof startProxy>[0] {
    return (connection, chunk) => {
      if (connection.received.split('\r\n\r\n').length > 2) connection.socket.destroy();
      else answerHeads(OK)(connection, chunk);
    };
  }

  it('sends a safe request again when its pooled connection turns out to be closed', async () => {
    proxy = await startProxy(closeOnSecond());
    await exchange(GET);
    assert.match(await exchange(GET), /^HTTP\/1\.1 200 /);
    assert.equal(proxy.server.connections.length, 2);
    const [first] = proxy.server.connections[0].received.split('\r\n\r\n');
    assert.equal(proxy.server.connections[1].received, `${first}\r\n\r\n`, 'the same head again');
  });

  it('does not send a POST again', async () => {
    proxy = await startProxy(closeOnSecond());
    await exchange(GET);
    assert.match(
      await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n', 11),
      /^HTTP\/1\.1 502 Bad Gateway/,
    );
  });

  it('sends a POST with an idempotency key again', async () => {
    proxy = await startProxy(closeOnSecond());
    await exchange(GET);
    const answer = await exchange('POST / HTTP/1.1\r\nHost: h\r\nIdempotency-Key: 1\r\nContent-Length: 0\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  it('does not send again once a byte of an answer has come', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (connection.received.split('\r\n\r\n').length > 2) connection.socket.end('HTTP/1.1 2');
      else answerHeads(OK)(connection, chunk);
    });
    await exchange(GET);
    assert.match(await exchange(GET, 11), /^HTTP\/1\.1 502 /);
  });

  it('does not send again on a connection that was new', async () => {
    proxy = await startProxy((connection) => connection.socket.destroy());
    assert.match(await exchange(GET, 11), /^HTTP\/1\.1 502 /);
    assert.equal(proxy.server.connections.length, 1);
  });
});

describe('errors', () => {
  it('answers 502 when nobody listens, and keeps the client', async () => {
    proxy = await startProxy(answerHeads(OK));
    await proxy.server.close();
    const client = await proxy.client();
    client.write(GET);
    await client.untilBody(11);
    assert.match(client.received, /^HTTP\/1\.1 502 Bad Gateway\r\n/);
    assert.match(client.received, /Bad Gateway$/);
    client.received = '';
    client.write(GET);
    await client.untilBody(11);
  });

  it('answers 503 when no server is up', async () => {
    proxy = await startProxy(answerHeads(OK));
    proxy.status.setHealth(0, 0);
    assert.match(await exchange(GET, 20), /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*no available server\n$/);
  });

  it('answers 504 when the head of the answer does not come in time', async () => {
    proxy = await startProxy(() => {}, { transport: { forwardingTimeouts: { responseHeaderTimeout: 50 } } });
    assert.match(await exchange(GET, 15), /^HTTP\/1\.1 504 Gateway Timeout\r\n/);
  });

  it('answers 500 to an answer that is no HTTP', async () => {
    proxy = await startProxy(answerHeads('SSH-2.0-OpenSSH\r\n\r\n'));
    assert.match(await exchange(GET, 21), /^HTTP\/1\.1 500 /);
  });

  it('answers 404 where no rule matches', async () => {
    proxy = await startProxy(answerHeads(OK), { rule: 'Host(`elsewhere`)' });
    assert.match(await exchange(GET, 19), /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*404 page not found\n$/);
  });

  it('answers 431 to a head that is too large, however slowly it comes', async () => {
    proxy = await startProxy(answerHeads(OK), { http: { maxHeaderBytes: 2000 } });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n');
    for (let i = 0; i < 30 && !client.ended; i++) {
      client.write(`X-${i}: ${'a'.repeat(100)}\r\n`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 431 /);
  });

  it('answers 408 when a head does not come in time and closes idle connections', async () => {
    proxy = await startProxy(answerHeads(OK), { respondingTimeouts: { readTimeout: 300, idleTimeout: 300 } });
    const slow = await proxy.client();
    slow.write('GET / HTT');
    await slow.untilEnd();
    assert.match(slow.received, /^HTTP\/1\.1 408 /);
    const idle = await proxy.client();
    idle.write(GET);
    await idle.untilBody(2);
    idle.received = '';
    await idle.untilEnd();
    assert.equal(idle.received, '');
  });

  it('stops the server when the client leaves', async () => {
    proxy = await startProxy(() => {});
    const client = await proxy.client();
    client.write(GET);
    await proxy.server.untilText('\r\n\r\n');
    client.close();
    await proxy.server.until(({ connections }) => connections[0].ended, 'the end of the server connection');
    assert.equal(proxy.exchangeCount, 0);
    assert.equal(proxy.status.inFlight(0), 0);
  });

  it('limits requests per connection', async () => {
    proxy = await startProxy(answerHeads(OK), { keepAliveMaxRequests: 2 });
    const client = await proxy.client();
    client.write(GET);
    await client.untilBody(2);
    client.received = '';
    client.write(GET);
    await client.untilBody(2);
    client.received = '';
    client.write(GET);
    await client.untilEnd();
    assert.match(client.received, /\r\nConnection: close\r\n/);
  });
});
