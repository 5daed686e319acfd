// Which server a TCP connection gets: in turn, by address, the next one when one is down or refuses, none; limits of servers; TLS to
// servers.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerHealth } from '@sluice/shared-state';
import { eventually } from '../../../../test/support/eventually.ts';
import { freePort } from '../../../../test/support/free-port.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawClient } from '../../src/testing/raw-client.ts';
import { RawServer } from '../../src/testing/raw-server.ts';

/** Accepts while it runs. */
const DEAF =
  "require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () { console.log(this.address().port); })";
/** How often sessions are looked at. */
const LOOK_MS = 1_000;
/** Without an answer for so long, on loopback: there is no room. */
const FULL_MS = 1_000;

let proxy: ProxyUnderTest | undefined;
const servers: RawServer[] = [];
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  for (const server of servers.splice(0)) await server.close();
});

/** Says its name at once. */
async function named(name: string): Promise<RawServer> {
  const server = await RawServer.start(() => {});
  server.onConnection = ({ socket }) => socket.write(name);
  servers.push(server);
  return server;
}

/** A port whose backlog is full: who dials it waits. */
async function fullListener(context: TestContext): Promise<number> {
  const child = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text);
  child.kill('SIGSTOP');
  const sockets: Socket[] = [];
  context.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (let connected = 1; connected === sockets.length + 1; connected++) {
    const socket = connect(port, '127.0.0.1');
    await Promise.race([once(socket, 'connect').then(() => sockets.push(socket)), sleep(FULL_MS)]);
    if (sockets.length < connected) socket.destroy();
  }
  return port;
}

const list = (ports: readonly number[], more = '') =>
  `[${ports.map((port) => `{ address: "127.0.0.1:${port}" ${more} }`).join(', ')}]`;
const service = (ports: readonly number[], further = '', more = '') => `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app } }
  services: { app: { loadBalancer: { servers: ${list(ports, more)} ${further} } } }`;

async function start(dynamic: string, options: ProxyOptions = {}): Promise<ProxyUnderTest> {
  proxy = await startProxy(() => {}, { dynamic, ...options });
  return proxy;
}

/** What a client gets; a reset may come before it knows that it is connected. */
async function ask(): Promise<string> {
  const client = await proxy!.client().catch(() => undefined);
  if (client === undefined) return '';
  await client.until((received) => received !== '' || client.ended);
  const { received } = client;
  client.close();
  return received;
}

/** Until the keep-alive timer of an IPv4 connection fires, as the kernel says; undefined: it does not run. */
function keepAliveSeconds(localPort: number, remotePort: number): number | undefined {
  const portOf = (address = '') => Number.parseInt(address.split(':')[1] ?? '', 16);
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const found = fields.find(([, local, remote]) => portOf(local) === localPort && portOf(remote) === remotePort);
  const [kind, hundredths] = found?.[5]?.split(':') ?? [];
  return kind === '02' ? Number.parseInt(hundredths!, 16) / 100 : undefined;
}

describe('servers of TCP services', () => {
  it('take turns', async () => {
    const ports = [(await named('a')).port, (await named('b')).port];
    await start(service(ports));
    const seen = [await ask(), await ask(), await ask(), await ask()];
    assert.equal(seen.filter((name) => name === 'a').length, 2, seen.join());
  });

  it('are chosen by the address of the client', async () => {
    const ports = [(await named('a')).port, (await named('b')).port, (await named('c')).port];
    await start(service(ports, ', strategy: hash'));
    const first = await ask();
    for (let i = 0; i < 5; i++) assert.equal(await ask(), first);
  });

  it('that refuse are passed over, within the attempts there are', async () => {
    const good = await named('good');
    const bad = await freePort();
    await start(service([bad, good.port], ', retry: { attempts: 1 }'));
    for (let i = 0; i < 4; i++) assert.equal(await ask(), 'good');
    proxy!.install(service([bad, good.port], ', retry: { attempts: 0 }'));
    const seen = [await ask(), await ask()].sort();
    assert.deepEqual(seen, ['', 'good']);
  });

  it('that nobody comes to are told of once in a while, with what kept the last one tried from it', async () => {
    const bad = [await freePort(), await freePort()];
    await start(service(bad));
    const refused = async () => {
      assert.equal(await ask(), '');
      return proxy!.warnings.map(({ code, reason }) => [code, reason]);
    };
    await refused();
    assert.deepEqual(await refused(), [['SESSION_WITHOUT_SERVER', 'UPSTREAM_CONNECT_REFUSED']]);
  });

  it('that are none are told of, too', async () => {
    await start(service([]));
    assert.equal(await ask(), '');
    assert.deepEqual(
      proxy!.warnings.map(({ code, reason }) => [code, reason]),
      [['SESSION_WITHOUT_SERVER', 'NO_SERVER_AVAILABLE']],
    );
  });

  it('that are down get nothing; without any the connection is reset', async () => {
    const [a, b] = [await named('a'), await named('b')];
    await start(service([a.port, b.port]));
    await ask();
    proxy!.status.setHealth(proxy!.rowOf(`\ntcp\napp@file\n127.0.0.1:${a.port}`), ServerHealth.DOWN);
    assert.deepEqual([await ask(), await ask()], ['b', 'b']);
    proxy!.status.setHealth(proxy!.rowOf(`\ntcp\napp@file\n127.0.0.1:${b.port}`), ServerHealth.DOWN);
    assert.equal(await ask(), '');
  });

  it('have names with several addresses', async () => {
    const good = await named('good');
    const { NameResolver } = await import('../../src/upstream/name-resolver.ts');
    const resolver = new NameResolver((_name, done) => setImmediate(() => done(null, ['127.0.0.9', '127.0.0.1'])));
    await start(service([good.port]).replace('127.0.0.1:', 'db.test:'), { resolver });
    for (let i = 0; i < 3; i++) assert.equal(await ask(), 'good');
  });

  it('with names that are not resolved end the connection', async () => {
    const { NameResolver } = await import('../../src/upstream/name-resolver.ts');
    const failure = Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    const resolver = new NameResolver((_name, done) => setImmediate(() => done(failure, [])));
    await start(service([1]).replace('127.0.0.1:', 'db.test:'), { resolver });
    assert.equal(await ask(), '');
    assert.equal(proxy!.dataplane.connectionCount, 0);
  });

  it('are parts of weighted and failover services', async () => {
    const [main, spare] = [await named('main'), await named('spare')];
    await start(`
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: both } }
  services:
    both: { failover: { service: weighted, fallback: spare } }
    weighted: { weighted: { services: [{ name: main, weight: 2 }, { name: spare, weight: 0 }], healthCheck: {} } }
    main: { loadBalancer: { servers: ${list([main.port])}, healthCheck: {} } }
    spare: { loadBalancer: { servers: ${list([spare.port])}, healthCheck: {} } }`);
    assert.deepEqual([await ask(), await ask()], ['main', 'main']);
    proxy!.status.setHealth(proxy!.rowOf(`\ntcp\nmain@file\n127.0.0.1:${main.port}`), ServerHealth.DOWN);
    assert.equal(await ask(), 'spare');
  });

  it('have their turns in weighted services, also where the configuration changes all the time', async () => {
    const [main, spare] = [await named('main'), await named('spare')];
    const dynamic = `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: both } }
  services:
    both: { weighted: { services: [{ name: main, weight: 3 }, { name: spare, weight: 1 }] } }
    main: { loadBalancer: { servers: ${list([main.port])} } }
    spare: { loadBalancer: { servers: ${list([spare.port])} } }`;
    await start(dynamic);
    const seen: string[] = [];
    for (let reload = 0; reload < 8; reload++) {
      seen.push(await ask());
      proxy!.install(dynamic);
    }
    assert.equal(seen.filter((name) => name === 'spare').length, 2, seen.join());
  });

  it('have so many connections at a time; others wait in line, or for too long', async () => {
    const server = await named('in');
    await start(service([server.port], ', queueTimeout: 3s, maxQueued: 1', ', maxConnections: 1'));
    const first = await proxy!.client();
    await first.untilText('in');
    const second = await proxy!.client();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await ask(), '');
    assert.equal(proxy!.warnings[0]?.reason, 'UPSTREAM_QUEUE_FULL');
    assert.equal(server.connections.length, 1);
    first.close();
    await second.untilText('in');
    const fourth = await proxy!.client();
    await fourth.untilEnd();
    assert.equal(fourth.received, '');
    assert.equal(server.connections.length, 2);
    second.close();
    await server.until(() => proxy!.limits.serverConnections.sum(0) === 0, 'all places back');
  });

  it('that go down while they are dialled, asked or waited for are given up for the next one', async (context) => {
    const row = (port: number) => proxy!.rowOf(`\ntcp\napp@file\n127.0.0.1:${port}`);
    const good = await named('good');
    /** The first connection tries `bad`, which is told to be down once it does. */
    const passesOver = async (bad: number, dynamic: string, first: () => Promise<RawClient>) => {
      await start(dynamic);
      proxy!.status.setHealth(row(good.port), ServerHealth.DOWN);
      const client = await first();
      await good.until(() => proxy!.status.inFlight(row(bad)) > 0, 'an attempt');
      assert.equal(client.received, '');
      proxy!.status.setHealth(row(bad), ServerHealth.DOWN);
      await sleep(LOOK_MS + 200);
      assert.equal(client.ended, false, 'there is no other one to go to');
      proxy!.status.setHealth(row(good.port), ServerHealth.UP);
      await client.untilText('good');
      client.close();
      await proxy!.close();
    };
    const full = await fullListener(context);
    await passesOver(full, service([full, good.port]), () => proxy!.client());
    const taken = await named('taken');
    await passesOver(
      taken.port,
      service([taken.port, good.port], ', queueTimeout: 0s', ', maxConnections: 1'),
      async () => {
        await (await proxy!.client()).untilText('taken');
        return proxy!.client();
      },
    );
  });

  it('are probed while nothing is said, as their transport wants it, once a session has lasted for a while', async () => {
    const server = await named('in');
    const secondsUntilProbe = async (transport: string, isProbed = true) => {
      await start(`${service([server.port], ', serversTransport: t')}
  serversTransports: { t: { ${transport} } }`);
      const client = await proxy!.client();
      await client.untilText('in');
      const { remotePort } = server.connections.at(-1)!.socket;
      const secondsLeft = () => keepAliveSeconds(remotePort!, server.port);
      if (isProbed) await eventually('probes', () => secondsLeft() !== undefined);
      else await sleep(1500);
      const seconds = secondsLeft();
      await proxy!.close();
      // It runs down from the moment of connecting.
      return seconds === undefined ? undefined : Math.ceil(seconds / 5) * 5;
    };
    assert.equal(await secondsUntilProbe(''), 15);
    assert.equal(await secondsUntilProbe('dialKeepAlive: 0'), 15);
    assert.equal(await secondsUntilProbe('dialKeepAlive: 100s'), 100);
    assert.equal(await secondsUntilProbe('dialKeepAlive: -1', false), undefined);
  });

  it('count their connections for the least busy one', async () => {
    const [a, b] = [await named('a'), await named('b')];
    await start(service([a.port, b.port], ', strategy: leastconn'));
    const clients = [];
    for (let i = 0; i < 6; i++) {
      const client = await proxy!.client();
      await client.until((received) => received !== '');
      clients.push(client);
    }
    assert.equal(clients.filter(({ received }) => received === 'a').length, 3);
    for (const client of clients) client.close();
    await a.until(() => proxy!.status.inFlight(0) + proxy!.status.inFlight(1) === 0, 'nothing in flight');
  });

  it('limit the connections of a client', async () => {
    const server = await named('in');
    await start(`
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app, middlewares: [few] } }
  middlewares: { few: { inFlightConn: { amount: 2 } } }
  services: { app: { loadBalancer: { servers: ${list([server.port])} } } }`);
    const clients = [await proxy!.client(), await proxy!.client()];
    for (const client of clients) await client.untilText('in');
    assert.equal(await ask(), '');
    clients[0]!.close();
    await server.until(() => proxy!.dataplane.connectionCount === 2, 'the end of the first one');
    assert.equal(await ask(), 'in');
  });
});
