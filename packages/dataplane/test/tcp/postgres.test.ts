// PostgreSQL's way into TLS, in bytes: what clients are told, what servers are asked, and what is not to be mixed up.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { afterEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { tcpTransportKey } from '@sluice/routing';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../../src/testing/raw-server.ts';
import { authority, certificate, material, NAME } from '../support/made-tls.ts';
import { closeAll, serve, transportTls } from '../support/secure-servers.ts';
import { ask, closeClients, rawSocket, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
  await closeAll();
});

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');
const GSS_REQUEST = Buffer.from('0000000804d21630', 'hex');
const own = certificate([NAME, '127.0.0.1']);
const tcp = (routers: string, servers = '[{ address: "127.0.0.1:PORT" }]', further = '') => `
tcp:
  routers: { ${routers} }
  services: { app: { loadBalancer: { servers: ${servers} ${further} } } }`;
const router = (rule: string, tlsText: string) => `pg: { rule: "${rule}", service: app, tls: ${tlsText} }`;
const echo: RawHandler = ({ socket }, chunk) => socket.write(`echo ${chunk}`);

async function start(dynamic: string, handler: RawHandler = echo, options: ProxyOptions = {}): Promise<void> {
  proxy = await startProxy(handler, { tls: material(), dynamic, ...options });
}

/** As libpq: asks, wants `S`, goes on with TLS. */
async function pgClient(servername = NAME, ca = authority.chain): Promise<tls.TLSSocket> {
  const wire = await rawSocket(proxy.port);
  wire.write(SSL_REQUEST);
  const [answer] = (await once(wire, 'data')) as [Buffer];
  assert.equal(answer.toString('latin1'), 'S');
  const socket = tls.connect({ socket: wire, servername, ca });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** A server that is asked before TLS. Answers what it is sent inside; keeps what came before. */
async function pgServer(answer = 'S'): Promise<{ port: number; asked: Buffer[] }> {
  const asked: Buffer[] = [];
  const server = net.createServer((wire) => {
    wire.once('data', (chunk) => {
      asked.push(chunk);
      wire.write(answer);
      if (answer !== 'S') return;
      const socket = new tls.TLSSocket(wire, { isServer: true, cert: own.issued.chain, key: own.issued.key });
      socket.on('error', () => {});
      socket.on('data', (data) => socket.write(`server ${data}`));
    });
  });
  return { port: await serve(server), asked };
}

/** Takes TLS at once only, and PostgreSQL's protocol inside, as PostgreSQL 17 does. */
async function directServer(): Promise<{ port: number; first: () => number | undefined }> {
  let first: number | undefined;
  const server = net.createServer((wire) => {
    wire.once('readable', () => {
      const chunk = wire.read() as Buffer;
      first = chunk[0];
      wire.unshift(chunk);
      const options = { isServer: true, cert: own.issued.chain, key: own.issued.key, ALPNProtocols: ['postgresql'] };
      const socket = new tls.TLSSocket(wire, options);
      socket.on('error', () => {});
      socket.on('data', (data) => socket.write(`direct ${data}`));
    });
  });
  return { port: await serve(server), first: () => first };
}

describe('a client that asks for TLS as PostgreSQL has it', () => {
  it('gets it here, and its server sees neither', async () => {
    await start(tcp(router('HostSNI(`secure.test`)', '{}')));
    const socket = await pgClient();
    assert.equal(await ask(socket, 'startup', 'startup'), 'echo startup');
    assert.equal(proxy.server.received, 'startup');
  });

  it('gets it from the server, which is asked for it', async () => {
    const { port, asked } = await pgServer();
    await start(tcp(router('HostSNI(`secure.test`)', '{ passthrough: true }'), `[{ address: "127.0.0.1:${port}" }]`));
    const socket = await pgClient();
    assert.equal(await ask(socket, 'startup', 'startup'), 'server startup');
    assert.deepEqual(asked, [SSL_REQUEST]);
    assert.deepEqual(socket.getPeerX509Certificate()!.raw, own.issued.der);
  });

  it('gets it here, and its server speaks TLS of its own after it was asked', async () => {
    const { port, asked } = await pgServer();
    const transports = { [tcpTransportKey('secure@file')]: transportTls({ authorities: authority.chain }) };
    await start(
      `${tcp(router('HostSNI(`*`)', '{}'), `[{ address: "127.0.0.1:${port}", tls: true }]`, ', serversTransport: secure')}
  serversTransports: { secure: { tls: {} } }`,
      echo,
      { tls: { ...material(), transports } },
    );
    const socket = await pgClient();
    assert.equal(await ask(socket, 'startup', 'startup'), 'server startup');
    assert.deepEqual(asked, [SSL_REQUEST]);
  });

  it('or does not, and its server speaks TLS all the same where health checks say that it is one of PostgreSQL', async () => {
    const { port, asked } = await pgServer();
    const transports = { [tcpTransportKey('secure@file')]: transportTls({ authorities: authority.chain }) };
    const check = 'healthCheck: { mode: postgres }';
    await start(
      `${tcp('pg: { rule: "HostSNI(`*`)", service: app }', `[{ address: "127.0.0.1:${port}", tls: true }]`, `, serversTransport: secure, ${check}`)}
  serversTransports: { secure: { tls: {} } }`,
      echo,
      { tls: { ...material(), transports } },
    );
    const socket = await rawSocket(proxy.port);
    assert.equal(await ask(socket, 'startup', 'startup'), 'server startup');
    assert.deepEqual(asked, [SSL_REQUEST]);
  });

  it('may begin with TLS at once: a server that speaks TLS of its own is asked all the same', async () => {
    const { port, asked } = await pgServer();
    const transports = { [tcpTransportKey('secure@file')]: transportTls({ authorities: authority.chain }) };
    await start(
      `${tcp(router('HostSNI(`*`)', '{}'), `[{ address: "127.0.0.1:${port}", tls: true }]`, ', serversTransport: secure')}
  serversTransports: { secure: { tls: {} } }`,
      echo,
      { tls: { ...material(), transports } },
    );
    const socket = await secured(proxy.port, { ALPNProtocols: ['postgresql'] });
    assert.equal(socket.alpnProtocol, 'postgresql');
    assert.equal(await ask(socket, 'startup', 'startup'), 'server startup');
    assert.deepEqual(asked, [SSL_REQUEST]);
  });

  it('is passed through without a question when it begins with TLS at once', async () => {
    const { port, first } = await directServer();
    await start(tcp(router('HostSNI(`*`)', '{ passthrough: true }'), `[{ address: "127.0.0.1:${port}" }]`));
    const socket = await secured(proxy.port, { ALPNProtocols: ['postgresql'], ca: authority.chain });
    assert.equal(await ask(socket, 'startup', 'startup'), 'direct startup');
    assert.equal(first(), 0x16, 'its first byte is that of a ClientHello');
  });

  it('is closed when its server has not answered by the end of dialTimeout', async () => {
    const { port } = await pgServer('');
    await start(`${tcp(router('HostSNI(`*`)', '{ passthrough: true }'), `[{ address: "127.0.0.1:${port}" }]`, ', serversTransport: quick')}
  serversTransports: { quick: { dialTimeout: 200ms } }`);
    const wire = await rawSocket(proxy.port);
    wire.write(SSL_REQUEST);
    await once(wire, 'data');
    const socket = tls.connect({ socket: wire, servername: NAME, ca: authority.chain });
    socket.on('error', () => {});
    await once(wire, 'close', { signal: AbortSignal.timeout(30_000) });
    assert.equal(proxy.warnings[0]?.reason, 'UPSTREAM_TLS_TIMEOUT');
  });

  it('is closed when its server does not agree', async () => {
    for (const answer of ['N', 'SX', 'Eerror']) {
      const { port } = await pgServer(answer);
      const dynamic = tcp(router('HostSNI(`*`)', '{ passthrough: true }'), `[{ address: "127.0.0.1:${port}" }]`);
      await start(dynamic);
      const wire = await rawSocket(proxy.port);
      wire.write(SSL_REQUEST);
      await once(wire, 'data');
      const socket = tls.connect({ socket: wire, servername: NAME, ca: authority.chain });
      socket.on('error', () => {});
      await once(wire, 'close');
      if (answer !== 'Eerror') await proxy.close();
    }
  });

  it('is closed without a router, after it was told to go on', async () => {
    await start(tcp(router('HostSNI(`other.test`)', '{}')));
    const wire = await rawSocket(proxy.port);
    for (const byte of SSL_REQUEST) wire.write(Uint8Array.of(byte));
    const [answer] = (await once(wire, 'data')) as [Buffer];
    assert.equal(answer.toString('latin1'), 'S');
    const socket = tls.connect({ socket: wire, servername: NAME, ca: authority.chain });
    socket.on('error', () => {});
    await once(wire, 'close');
    assert.equal(proxy.server.connections.length, 0);
  });

  it('is closed when more comes with its question, or no TLS after it', async () => {
    await start(tcp(router('HostSNI(`*`)', '{}')));
    const eager = await rawSocket(proxy.port);
    eager.resume();
    eager.write(Buffer.concat([SSL_REQUEST, Buffer.from('injected')]));
    await once(eager, 'close');
    const plain = await rawSocket(proxy.port);
    plain.write(SSL_REQUEST);
    await once(plain, 'data');
    plain.write('no TLS');
    plain.resume();
    await once(plain, 'close');
    assert.equal(proxy.server.connections.length, 0);
  });

  it('may ask for GSSAPI first, and is told to go on without, once', async () => {
    await start(tcp(router('HostSNI(`secure.test`)', '{}')));
    const wire = await rawSocket(proxy.port);
    for (const byte of GSS_REQUEST) wire.write(Uint8Array.of(byte));
    assert.equal(((await once(wire, 'data')) as [Buffer])[0].toString('latin1'), 'N');
    wire.write(SSL_REQUEST);
    assert.equal(((await once(wire, 'data')) as [Buffer])[0].toString('latin1'), 'S');
    const socket = tls.connect({ socket: wire, servername: NAME, ca: authority.chain });
    assert.equal(await ask(socket, 'startup', 'startup'), 'echo startup');
    for (const more of [GSS_REQUEST, Buffer.from('injected')]) {
      const eager = await rawSocket(proxy.port);
      eager.resume();
      eager.write(Buffer.concat([GSS_REQUEST, more]));
      await once(eager, 'close');
    }
    const stubborn = await rawSocket(proxy.port);
    stubborn.write(GSS_REQUEST);
    await once(stubborn, 'data');
    stubborn.write(GSS_REQUEST);
    stubborn.resume();
    await once(stubborn, 'close');
    assert.equal(proxy.server.connections.length, 1);
  });

  it('has its wish for GSSAPI brought to the server of a plain router', async () => {
    await start(
      tcp(`${router('HostSNI(`secure.test`)', '{}')}, plain: { rule: "HostSNI(\`*\`)", service: app }`),
      ({ socket }) => socket.write('G'),
    );
    const wire = await rawSocket(proxy.port);
    wire.write(GSS_REQUEST);
    assert.equal(((await once(wire, 'data')) as [Buffer])[0].toString('latin1'), 'G');
  });

  it('is left to the server where no TCP router takes TLS', async () => {
    await start(tcp('pg: { rule: "HostSNI(`*`)", service: app }'), ({ socket }) => socket.write('N'));
    const wire = await rawSocket(proxy.port);
    wire.write(SSL_REQUEST);
    const [answer] = (await once(wire, 'data')) as [Buffer];
    assert.equal(answer.toString('latin1'), 'N');
    assert.equal(proxy.server.received, SSL_REQUEST.toString('latin1'));
  });
});
