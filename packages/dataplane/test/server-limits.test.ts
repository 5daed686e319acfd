// Connections to a server are limited: requests beyond wait in order, leave when their client does, and give up after a while. The
// limit is one for all workers and stays right through reloads.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyOptions, ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';
import { answerHeads, type RawConnection, type RawHandler, RawServer } from '../src/testing/raw-server.ts';

const proxies: ProxyUnderTest[] = [];
const servers: RawServer[] = [];
afterEach(async () => {
  for (const proxy of proxies.splice(0).reverse()) await proxy.close();
  for (const server of servers.splice(0)) await server.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers when the test says so. */
class SlowServer {
  readonly asked: { readonly path: string; readonly connection: RawConnection }[] = [];
  readonly handler: RawHandler = (connection, chunk) => {
    for (const [, path] of chunk.matchAll(/^GET (\S+) /gm)) this.asked.push({ path: path!, connection });
  };

  get paths(): string[] {
    return this.asked.map(({ path }) => path);
  }

  /** Answers the request that has been there for longest. */
  answer(text = OK): void {
    this.asked.shift()!.connection.socket.write(text);
  }

  /** One after the other, as they come, until each of them has its own. */
  async answerAll(clients: readonly RawClient[]): Promise<void> {
    for (const client of clients) {
      await client.until((received) => {
        if (this.asked.length > 0) this.answer();
        return received.includes('ok');
      });
    }
  }
}

async function start(handler: RawHandler, options: ProxyOptions): Promise<ProxyUnderTest> {
  const proxy = await startProxy(handler, options);
  proxies.push(proxy);
  return proxy;
}

function startBeside(proxy: ProxyUnderTest, options: ProxyOptions): ProxyUnderTest {
  const other = new ProxyUnderTest(proxy.server, options, proxy);
  proxies.push(other);
  return other;
}

async function ask(proxy: ProxyUnderTest, path: string): Promise<RawClient> {
  const client = await proxy.client();
  return client.write(get(path));
}

const open = ({ server }: ProxyUnderTest) => server.connections.filter(({ ended }) => !ended).length;
const counted = ({ limits }: ProxyUnderTest) => limits.serverConnections.sum(0);
const waiting = ({ limits }: ProxyUnderTest) => limits.serverQueues.sum(0);

describe('maxConnsPerServer', () => {
  it('makes requests wait, in order, and serves all of them', async () => {
    const slow = new SlowServer();
    const proxy = await start(slow.handler, { transport: { maxConnsPerServer: 2 } });
    const clients: RawClient[] = [];
    for (const path of ['/1', '/2', '/3', '/4', '/5']) {
      clients.push(await ask(proxy, path));
      await proxy.server.until(() => slow.paths.length + waiting(proxy) === clients.length, `the request ${path}`);
    }
    assert.deepEqual(slow.paths, ['/1', '/2']);
    slow.answer();
    await proxy.server.until(() => slow.paths.includes('/3'));
    assert.deepEqual(slow.paths, ['/2', '/3']);
    await slow.answerAll(clients);
    assert.equal(proxy.server.connections.length, 2);
    assert.equal(counted(proxy), 2, 'idle connections count');
    await proxy.untilQuiet();
  });

  it('counts connections that break, are refused or may not be used again only as long as they are', async () => {
    const answers = [
      '',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok',
      'nonsense and more of it\r\n\r\n',
      OK,
    ];
    let turn = 0;
    const proxy = await start(
      (connection) => {
        const answer = answers[turn++ % answers.length]!;
        if (answer === '') connection.socket.destroy();
        else connection.socket.write(answer);
      },
      { transport: { maxConnsPerServer: 1 } },
    );
    for (let i = 0; i < 12; i++) {
      const client = await ask(proxy, `/${i}`);
      await client.untilText('HTTP/1.1 ');
    }
    await proxy.untilQuiet();
    await proxy.server.close();
    for (let i = 0; i < 3; i++) {
      const client = await ask(proxy, '/nobody');
      await client.untilText('HTTP/1.1 502 ');
    }
    await proxy.server.until(() => counted(proxy) === 0, 'no connection');
  });

  it('lets a request go whose client has left, and passes its turn on', async () => {
    const slow = new SlowServer();
    const proxy = await start(slow.handler, { transport: { maxConnsPerServer: 1 } });
    await ask(proxy, '/1');
    await proxy.server.until(() => slow.paths.length === 1);
    const leaving = await ask(proxy, '/leaves');
    await proxy.server.until(() => waiting(proxy) === 1);
    const staying = await ask(proxy, '/stays');
    await proxy.server.until(() => waiting(proxy) === 2);
    leaving.close();
    await proxy.server.until(() => waiting(proxy) === 1);
    slow.answer();
    await proxy.server.until(() => slow.paths.includes('/stays'));
    slow.answer();
    await staying.untilText('ok');
    assert.ok(!proxy.server.received.includes('/leaves'));
  });

  it('sends a body that came while its request waited', async () => {
    const slow = new SlowServer();
    const proxy = await start(slow.handler, { transport: { maxConnsPerServer: 1 } });
    await ask(proxy, '/1');
    await proxy.server.until(() => slow.paths.length === 1);
    const client = await proxy.client();
    client.write('POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n').write('b'.repeat(100_000));
    await proxy.server.until(() => waiting(proxy) === 1);
    slow.answer();
    await proxy.server.until(({ received }) => received.endsWith('b'.repeat(100_000)), 'the body');
    proxy.server.connections[0]!.socket.write(OK);
    await client.untilText('ok');
  });

  it('answers 503 when the line is full, and when a request has waited for too long', async () => {
    const slow = new SlowServer();
    const proxy = await start(slow.handler, {
      transport: { maxConnsPerServer: 1, maxQueuedPerServer: 1, forwardingTimeouts: { queueTimeout: 1_500 } },
    });
    const first = await ask(proxy, '/1');
    await proxy.server.until(() => slow.paths.length === 1);
    const second = await ask(proxy, '/2');
    await proxy.server.until(() => waiting(proxy) === 1);
    const third = await ask(proxy, '/3');
    await third.untilText('HTTP/1.1 503 ');
    assert.equal(second.received, '');
    await second.untilText('HTTP/1.1 503 ');
    assert.equal(waiting(proxy), 0);
    slow.answer();
    await first.untilText('ok');
    // Both clients may go on.
    second.received = '';
    second.write(get('/again'));
    await proxy.server.until(() => slow.paths.includes('/again'));
    slow.answer();
    await second.untilText('ok');
  });

  it('prefers a server that has room', async () => {
    const slow = new SlowServer();
    const second = await RawServer.start(answerHeads(OK));
    servers.push(second);
    const proxy = await start(slow.handler, {
      transport: { maxConnsPerServer: 1 },
      dynamic: `
http:
  routers: { r: { rule: "PathPrefix(\`/\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ url: "SERVER" }, { url: "${second.url}" }] } } }`,
    });
    while (slow.paths.length === 0) {
      const client = await ask(proxy, '/first');
      await client.until(() => client.received !== '' || slow.paths.length > 0);
    }
    for (let i = 0; i < 10; i++) {
      const client = await ask(proxy, `/${i}`);
      await client.untilText('ok');
    }
    assert.equal(slow.paths.length, 1);
  });

  it('survives a request that is tried again on a new connection', async () => {
    let requests = 0;
    const proxy = await start(
      (connection, chunk) => {
        if (connection.received.split('\r\n\r\n').length > 2) connection.socket.destroy();
        else answerHeads(OK)(connection, chunk);
        requests++;
      },
      { transport: { maxConnsPerServer: 1 } },
    );
    for (let i = 0; i < 4; i++) {
      const client = await ask(proxy, '/');
      await client.untilText('ok');
    }
    assert.ok(requests > 4, 'some were sent twice');
    assert.ok(counted(proxy) <= 1);
  });

  it('counts tunnels for as long as they live', async () => {
    const proxy = await start(
      (connection, chunk) => {
        if (chunk.includes('Upgrade')) {
          connection.socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
        } else answerHeads(OK)(connection, chunk);
      },
      { transport: { maxConnsPerServer: 1 } },
    );
    const tunnel = await proxy.client();
    tunnel.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await tunnel.untilText('101');
    const client = await ask(proxy, '/');
    await proxy.server.until(() => waiting(proxy) === 1);
    tunnel.socket.resetAndDestroy();
    await client.untilText('ok');
  });
});

describe('over two workers', () => {
  const options: ProxyOptions = { transport: { maxConnsPerServer: 3 } };

  it('there are never more connections than the limit, and everybody is served', async () => {
    let most = 0;
    const proxy = await start(async (connection, chunk) => {
      most = Math.max(most, counted(proxy));
      await pause(3);
      answerHeads(OK)(connection, chunk);
    }, options);
    const both = [proxy, startBeside(proxy, options)];
    const clients = await Promise.all(Array.from({ length: 24 }, (_, i) => both[i % 2]!.client()));
    await Promise.all(
      clients.map(async (client) => {
        for (let i = 0; i < 10; i++) {
          client.received = '';
          client.write(get(`/${i}`));
          await client.untilText('ok');
        }
      }),
    );
    assert.ok(most <= 3, `${most} connections`);
    assert.equal(waiting(proxy), 0);
    for (const each of both) await each.untilQuiet();
  });

  it('idle connections of one give way to requests of the other', async () => {
    const proxy = await start(answerHeads(OK), options);
    const other = startBeside(proxy, options);
    const clients = await Promise.all([1, 2, 3].map(() => proxy.client()));
    for (const client of clients) client.write(get('/'));
    for (const client of clients) await client.untilText('ok');
    await proxy.server.until(() => counted(proxy) > 0);
    const late = await ask(other, '/late');
    await late.untilText('ok');
  });
});

describe('reloads', () => {
  const dynamic = (limit: number, rule = 'PathPrefix(`/`)') => `
http:
  routers: { r: { rule: "${rule}", service: app } }
  serversTransports: { t: { maxConnsPerServer: ${limit}, maxIdleConnsPerHost: 10 } }
  services: { app: { loadBalancer: { serversTransport: t, servers: [{ url: "SERVER" }] } } }`;

  it('keep lines and counts; a changed limit holds for old and new connections together', async () => {
    const slow = new SlowServer();
    const proxy = await start(slow.handler, { dynamic: dynamic(1) });
    const clients = [await ask(proxy, '/1')];
    await proxy.server.until(() => slow.paths.length === 1);
    clients.push(await ask(proxy, '/2'));
    await proxy.server.until(() => waiting(proxy) === 1);
    proxy.install(dynamic(1, 'Path(`/1`) || PathPrefix(`/`)'));
    clients.push(await ask(proxy, '/3'));
    await proxy.server.until(() => waiting(proxy) === 2);
    assert.deepEqual(slow.paths, ['/1']);
    proxy.install(dynamic(2));
    clients.push(await ask(proxy, '/4'));
    // One more place: for whoever has waited for longest.
    await proxy.server.until(() => slow.paths.includes('/2'));
    assert.equal(counted(proxy), 2);
    await slow.answerAll(clients);
    assert.ok(counted(proxy) <= 2);
    assert.ok(open(proxy) <= 2);
  });

  it('do not leave places to idle connections of the configuration before', async () => {
    const proxy = await start(answerHeads(OK), { dynamic: dynamic(1) });
    await (await ask(proxy, '/1')).untilText('ok');
    proxy.install(dynamic(1).replace('maxIdleConnsPerHost: 10', 'maxIdleConnsPerHost: 9'));
    await (await ask(proxy, '/2')).untilText('ok');
    assert.equal(proxy.server.connections.length, 2);
    assert.equal(counted(proxy), 1);
  });
});
