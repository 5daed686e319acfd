// Flows of UDP through one worker: to servers in turn or by the client's address, with names, through reloads, and when servers fail.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { UdpPeers, until } from '../../src/testing/udp-peers.ts';
import { type UdpOptions, UdpUnderTest } from '../../src/testing/udp-under-test.ts';
import { NameResolver } from '../../src/upstream/name-resolver.ts';

/** One router for everything, to one service. */
function everythingTo(addresses: readonly string[], strategy = 'wrr'): string {
  const servers = addresses.map((address) => `{ address: "${address}" }`).join(', ');
  return `{ routers: { all: { service: s } }, services: { s: { loadBalancer: { strategy: ${strategy}, servers: [${servers}] } } } }`;
}

let peers: UdpPeers;
let worker: UdpUnderTest | undefined;

beforeEach(() => {
  peers = new UdpPeers();
});
afterEach(async () => {
  worker?.close();
  worker = undefined;
  await peers.close();
});

function start(udp: string, options?: UdpOptions): UdpUnderTest {
  worker = new UdpUnderTest(udp, options);
  return worker;
}

/** How often each server answered that many clients. */
async function sharesOf(port: number, clients: number): Promise<Map<string, number>> {
  const shares = new Map<string, number>();
  for (let i = 0; i < clients; i++) {
    const [name] = (await (await peers.open()).ask('x', port)).split(':');
    shares.set(name!, (shares.get(name!) ?? 0) + 1);
  }
  return shares;
}

describe('flows', () => {
  it('go to servers in turn, each stays with its own', async () => {
    const servers = [await peers.server('a'), await peers.server('b')];
    const { port, status, rowOf } = boundTo(start(everythingTo(servers.map(({ address }) => address))));
    const client = await peers.open();
    const first = await client.ask('1', port);
    for (let i = 2; i < 6; i++) assert.equal(await client.ask(`${i}`, port), `${first[0]}:${i}`);
    assert.deepEqual([...(await sharesOf(port, 9)).values()].sort(), [4, 5]);
    assert.equal(
      servers.reduce((sum, { address }) => sum + status.inFlight(rowOf('s', address)), 0),
      10,
    );
  });

  it('of one client address go to one server where it is hashed', async () => {
    const servers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => peers.server(name)));
    const { port } = start(
      everythingTo(
        servers.map(({ address }) => address),
        'hash',
      ),
    );
    assert.deepEqual([...(await sharesOf(port, 8)).values()], [8]);
  });

  it('wait for a name, which several share', async () => {
    const server = await peers.server('a');
    const resolver = new NameResolver((_name, done) => setTimeout(() => done(null, ['127.0.0.1']), 20));
    const { port } = start(everythingTo([`dns.example:${server.port}`]), { resolver });
    const clients = [await peers.open(), await peers.open()];
    assert.deepEqual(await Promise.all(clients.map((client) => client.ask('x', port))), ['a:x', 'a:x']);
  });

  it('without a router, or without a server that is up, are dropped with one line in the log', async () => {
    const server = await peers.server('a');
    const { port, lines, setHealth, install } = boundTo(start('{ services: {} }'));
    const client = await peers.open();
    client.send('x', port);
    await until('a line', () => lines.length === 1);
    install(everythingTo([server.address]));
    setHealth('s', server.address, false);
    client.send('y', port);
    await until('another', () => lines.length === 2);
    assert.deepEqual(
      lines.map(({ code }) => code),
      ['FLOW_WITHOUT_ROUTER', 'FLOW_WITHOUT_SERVER'],
    );
    setHealth('s', server.address, true);
    assert.equal(await client.ask('z', port), 'a:z');
    assert.equal(lines.length, 2);
  });

  it('end after the time without a datagram, and give everything back', async () => {
    const server = await peers.server('a');
    const { port, status, rowOf, dataplane } = boundTo(
      start(everythingTo([server.address]), { entryPoint: 'udp: { timeout: 1s }' }),
    );
    const client = await peers.open();
    await client.ask('x', port);
    const row = rowOf('s', server.address);
    assert.equal(status.inFlight(row), 1);
    await until('its end', () => status.inFlight(row) === 0);
    assert.equal(dataplane.flowCount, 0);
    await client.ask('y', port);
    assert.notEqual(server.seen[0]!.port, server.seen[1]!.port, 'a new flow has a port of its own');
  });

  it('come to another server when theirs is gone', async () => {
    const gone = await peers.open();
    const { address } = gone;
    gone.socket.close();
    const server = await peers.server('a');
    const { port } = start(everythingTo([address, server.address]));
    const client = await peers.open();
    for (let i = 0; i < 100 && client.seen.length === 0; i++) {
      client.send(`${i}`, port);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.match(client.texts[0] ?? '', /^a:/);
  });

  it('come to another server when theirs goes down', async () => {
    const servers = [await peers.server('a'), await peers.server('b')];
    const { port, setHealth, status, rowOf } = boundTo(start(everythingTo(servers.map(({ address }) => address))));
    const client = await peers.open();
    const own = (await client.ask('x', port))[0] === 'a' ? 0 : 1;
    setHealth('s', servers[own]!.address, false);
    await until('the end of its flow', () => status.inFlight(rowOf('s', servers[own]!.address)) === 0);
    assert.equal(await client.ask('y', port), own === 0 ? 'b:y' : 'a:y');
  });

  it('stay with their server through reloads, also when it is not configured any more', async () => {
    const servers = [await peers.server('a'), await peers.server('b')];
    const { port, install, released, status, rowOf } = boundTo(start(everythingTo([servers[0]!.address])));
    const client = await peers.open();
    assert.equal(await client.ask('1', port), 'a:1');
    install(everythingTo(servers.map(({ address }) => address)));
    await until('the first revision to go', () => released.includes(1));
    install(everythingTo([servers[1]!.address]));
    assert.equal(await client.ask('2', port), 'a:2');
    assert.equal(await (await peers.open()).ask('3', port), 'b:3');
    install(everythingTo([servers[1]!.address]));
    assert.equal(await client.ask('4', port), 'a:4');
    assert.deepEqual(released, [1, 3], 'the revision that has the server is kept for its flow');
    assert.equal(status.inFlight(rowOf('s', servers[0]!.address)), 1);
  });

  it('let go of their revision when they end', async () => {
    const servers = [await peers.server('a'), await peers.server('b')];
    const { port, install, released } = boundTo(
      start(everythingTo([servers[0]!.address]), { entryPoint: 'udp: { timeout: 1s }' }),
    );
    await (await peers.open()).ask('1', port);
    install(everythingTo([servers[1]!.address]));
    assert.deepEqual(released, []);
    await until('the end of the flow', () => released.length === 1);
  });
});

describe('limits', () => {
  it('of flows: for each client and in all', async () => {
    const server = await peers.server('a');
    const { port, lines } = start(everythingTo([server.address]), {
      entryPoint: 'transport: { limits: { maxConnectionsPerClient: 2 } }',
    });
    for (const text of ['1', '2']) await (await peers.open()).ask(text, port);
    const third = await peers.open();
    third.send('3', port);
    await until('a line', () => lines.length === 1);
    assert.equal(lines[0]!.code, 'DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED');
    assert.equal(server.seen.length, 2);
  });

  it('of the worker: the flow that was idle for the longest time makes room', async () => {
    const server = await peers.server('a');
    const { port, dataplane } = start(everythingTo([server.address]), { flowsMax: 3 });
    for (let i = 0; i < 10; i++) await (await peers.open()).ask(`${i}`, port);
    assert.equal(dataplane.flowCount, 3);
  });
});

describe('leaving', () => {
  it('unknown clients are dropped, known ones go on until they are silent', async () => {
    const server = await peers.server('a');
    const { port, dataplane } = start(everythingTo([server.address]), { entryPoint: 'udp: { timeout: 2s }' });
    const [known, unknown] = [await peers.open(), await peers.open()];
    await known.ask('1', port);
    const drained = dataplane.drainDatagrams(0, 30_000);
    unknown.send('x', port);
    for (const text of ['2', '3', '4']) assert.equal(await known.ask(text, port), `a:${text}`);
    assert.deepEqual([unknown.seen.length, server.texts.includes('x')], [0, false]);
    await drained;
    assert.equal(dataplane.flowCount, 0);
  });

  it('sockets that another process receives on now are left at once, with flows in them', async () => {
    const server = await peers.server('a');
    const { port, dataplane } = start(everythingTo([server.address]));
    await (await peers.open()).ask('1', port);
    // Both in one turn, as a worker is told that has lost its supervisor.
    dataplane.releaseDatagrams();
    await dataplane.drainDatagrams(0, 30_000);
    assert.equal(dataplane.flowCount, 0);
  });

  it('the time for it ends', async () => {
    const server = await peers.server('a');
    const { port, dataplane } = start(everythingTo([server.address]), {
      entryPoint: 'transport: { lifeCycle: { graceTimeOut: 50ms } }',
    });
    await (await peers.open()).ask('1', port);
    await dataplane.drainDatagrams(0, 30_000);
    assert.equal(dataplane.flowCount, 0, 'what was left is cut off');
  });
});

/** Methods that can be taken out of it. */
function boundTo(under: UdpUnderTest) {
  const { port, status, lines, released, dataplane } = under;
  return {
    port,
    status,
    lines,
    released,
    dataplane,
    rowOf: (service: string, address: string) => under.rowOf(service, address),
    setHealth: (service: string, address: string, isUp: boolean) => under.setHealth(service, address, isUp),
    install: (udp: string) => under.install(udp),
  };
}
