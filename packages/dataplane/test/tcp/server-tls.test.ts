// TLS to servers of TCP services: whom it is spoken with, what is verified, what comes before it, and how long it may take.

import assert from 'node:assert/strict';
import net from 'node:net';
import { afterEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { type TransportTls, tcpTransportKey } from '@sluice/routing';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawClient } from '../../src/testing/raw-client.ts';
import { RawServer } from '../../src/testing/raw-server.ts';
import { closeAll, materialOf, serve, serverCertificate, transportTls } from '../support/secure-servers.ts';

let proxy: ProxyUnderTest | undefined;
const silent: RawServer[] = [];
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  await closeAll();
  for (const server of silent.splice(0)) await server.close();
});

const { chain: cert, key } = serverCertificate;

/** Says its name and the one it was asked for, then what it is sent. */
function secureServer(name: string, options: tls.TlsOptions = {}): Promise<number> {
  return serve(
    tls.createServer({ cert, key, ...options }, (socket) => {
      socket.on('error', () => {});
      socket.write(`${name} for ${socket.servername || 'nobody'};`);
      socket.on('data', (chunk) => socket.write(chunk));
    }),
  );
}

/** Takes connections and says nothing on them. */
async function silentServer(): Promise<RawServer> {
  const server = await RawServer.start(() => {});
  silent.push(server);
  return server;
}

const dynamic = (ports: readonly number[], transport = '{ tls: {} }', further = '') => `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app } }
  services:
    app:
      loadBalancer:
        servers: [${ports.map((port) => `{ address: "127.0.0.1:${port}", tls: true }`).join(', ')}]
        serversTransport: secure
        ${further}
  serversTransports: { secure: ${transport} }`;

/** @param settings null: there are none */
async function start(text: string, settings: Partial<TransportTls> | null = {}): Promise<ProxyUnderTest> {
  // Certificates that are not those of the server are told at level error.
  proxy = await startProxy(() => {}, { dynamic: text, faultsExpected: true });
  const transports = settings === null ? {} : { [tcpTransportKey('secure@file')]: transportTls(settings) };
  proxy.dataplane.installTls(materialOf(transports));
  return proxy;
}

/** Everything until the end, or until the text is there. */
async function ask(until: string): Promise<string> {
  const client = await proxy!.client().catch(() => undefined);
  await client?.until((received) => received.includes(until) || client.ended);
  client?.close();
  return client?.received ?? '';
}

describe('TLS to servers of TCP services', () => {
  it('is spoken with those that have it, and their address is verified', async () => {
    await start(dynamic([await secureServer('a')]));
    const client = await proxy!.client();
    client.write('hello');
    assert.equal(await client.untilText('hello'), 'a for nobody;hello');
  });

  it('asks for the name that is configured, and verifies it', async () => {
    await start(dynamic([await secureServer('a')]), { serverName: 'server.test' });
    assert.equal(await ask(';'), 'a for server.test;');
    await proxy!.close();
    await start(dynamic([await secureServer('a')]), { serverName: 'other.test' });
    assert.equal(await ask(';'), '');
    const { code, service, server } = JSON.parse(proxy!.faults[0]!);
    assert.deepEqual([code, service], ['UPSTREAM_CERTIFICATE_NAME', 'app@file']);
    assert.match(server, /^127\.0\.0\.1:\d+$/);
    assert.equal(await ask(';'), '');
    assert.equal(proxy!.faults.length, 1, 'many clients are not many lines');
    await proxy!.close();
    await start(dynamic([await secureServer('a')]), { serverName: 'other.test', insecureSkipVerify: true });
    assert.equal(await ask(';'), 'a for other.test;');
  });

  it('wants one of the names that a certificate must have', async () => {
    await start(dynamic([await secureServer('a')]), { peerNames: [{ type: 'DNSName', value: 'nobody.test' }] });
    assert.equal(await ask(';'), '');
  });

  it('is never left out where nothing can be verified with', async () => {
    const server = await silentServer();
    await start(dynamic([server.port]), null);
    assert.equal(await ask(';'), '');
    assert.equal(server.received, '');
  });

  it('comes after the PROXY header, which is in plain text', async () => {
    let header = '';
    const behind = await secureServer('a');
    const port = await serve(
      net.createServer((wire) => {
        wire.once('data', (chunk) => {
          const end = chunk.indexOf('\r\n') + 2;
          header = chunk.subarray(0, end).toString('latin1');
          const inner = net.connect(behind, '127.0.0.1');
          inner.on('error', () => {});
          inner.write(chunk.subarray(end));
          wire.pipe(inner).pipe(wire);
        });
      }),
    );
    await start(dynamic([port], '{ tls: {}, proxyProtocol: { version: 1 } }'));
    const client = await proxy!.client();
    client.write('hello');
    await client.untilText('hello');
    assert.equal(header, `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${proxy!.port}\r\n`);
  });

  it('has the time for connecting, and then another server has its turn', async () => {
    const [dead, good] = [await silentServer(), await secureServer('good')];
    await start(dynamic([dead.port, good], '{ tls: {}, dialTimeout: 1s }', 'retry: { timeout: 60s }'));
    const startedAt = performance.now();
    assert.deepEqual([await ask(';'), await ask(';')], ['good for nobody;', 'good for nobody;']);
    // Far less than connecting may take without it.
    assert.ok(performance.now() - startedAt < 20_000);
    assert.ok(dead.connections.length > 0, 'it was tried');
  });

  it('has its time behind a line, too: waiting for a place is no part of trying further servers', async () => {
    const gone = await silentServer();
    const { port } = gone;
    await gone.close();
    // Whoever comes tries the one that is gone first, as it is the least busy.
    const further = 'strategy: leastconn\n        queueTimeout: 10s\n        retry: { timeout: 600ms }';
    const behind = await secureServer('in');
    const slow = await serve(
      net.createServer((wire) => {
        const inner = net.connect(behind, '127.0.0.1');
        inner.on('error', () => {});
        setTimeout(() => wire.pipe(inner).pipe(wire), 50);
      }),
    );
    const text = dynamic([port, slow], undefined, further);
    await start(text.replaceAll('tls: true', 'tls: true, maxConnections: 1'));
    const first = await proxy!.client();
    await first.untilText(';');
    const others: RawClient[] = [];
    for (let count = 0; count < 2; count++) {
      others.push(await proxy!.client());
      await new Promise((resolve) => setTimeout(resolve, 800));
    }
    first.close();
    await proxy!.server.until(() => others.some(({ received }) => received !== ''), 'the second one');
    for (const client of others) if (client.received !== '') client.close();
    await proxy!.server.until(() => others.every(({ received }) => received !== ''), 'the third one');
  });

  it('that breaks off without close_notify brings everything before that to the client, and then a reset', async () => {
    const bytes = 3_000_000;
    const port = await serve(
      net.createServer((wire) => {
        const socket = new tls.TLSSocket(wire, { isServer: true, cert, key });
        socket.on('error', () => {});
        // The connection below TLS finishes by itself.
        socket.once('data', () => socket.write(Buffer.alloc(bytes, 'x'), () => wire.end()));
      }),
    );
    await start(dynamic([port]));
    const client = await proxy!.client();
    client.socket.pause();
    client.write('go');
    await new Promise((resolve) => setTimeout(resolve, 300));
    client.socket.resume();
    await client.until((received) => received.length === bytes || client.ended, `${bytes} bytes`);
    assert.equal(client.received.length, bytes);
    await client.untilEnd();
    await proxy!.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of both');
  });
});
