// TCP routers with TLS: passed through, or ended here; which of them and of HTTPS takes a client; several servers behind one port.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../../src/testing/raw-server.ts';
import { authority, certificate, material, NAME, optionSet } from '../support/made-tls.ts';
import { closeAll, serve } from '../support/secure-servers.ts';
import { ask, closeClients, rawSocket, refusal, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
  await closeAll();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhttp';
const own = certificate(['a.test', 'b.test', '*.wild.test']);

/** Of Node, with a certificate of its own; answers with its name. @returns its port */
function tlsServer(name: string): Promise<number> {
  const server = tls.createServer({ cert: own.issued.chain, key: own.issued.key }, (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => socket.write(`${name} ${chunk.toString()}.`));
  });
  return serve(server);
}

/** Requests have been through the proxy's HTTP when they say so. */
const http: RawHandler = ({ socket }, chunk) => {
  socket.write(chunk.includes('\r\nX-Forwarded-For: ') ? OK : `tcp ${chunk}.\r\n`);
};
const start = async (dynamic: string, options: ProxyOptions = {}) => {
  proxy = await startProxy(http, { tls: material(), dynamic, ...options });
};
const get = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const web = (rule: string) => `
http:
  routers: { web: { rule: "${rule}", service: web, tls: {} } }
  services: { web: { loadBalancer: { servers: [{ url: SERVER }] } } }`;
const tcp = (routers: string, further = '') => `
tcp:
  routers: { ${routers} }
  services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] } } ${further} }`;
const router = (name: string, rule: string, tlsText = '{}', service = 'app') =>
  `${name}: { rule: "${rule}", service: ${service}, tls: ${tlsText} }`;

/** Which one answers a client with that name: `tcp`, or the status of HTTP. */
async function takerOf(servername: string): Promise<string> {
  const socket = await secured(proxy.port, { servername, rejectUnauthorized: false });
  const answer = await ask(socket, get(servername), '\r\n');
  socket.destroy();
  return /^HTTP\/1.1 (\d+)/.exec(answer)?.[1] ?? answer.slice(0, 3);
}

describe('TLS of TCP routers', () => {
  it('is ended here, with the same certificates and options as HTTPS', async () => {
    await start(tcp(router('a', 'HostSNI(`secure.test`)')), {});
    const socket = await secured(proxy.port, { servername: NAME });
    assert.equal(await ask(socket, 'hello', '\n'), 'tcp hello.\r\n');
    assert.equal(socket.getPeerX509Certificate()!.subject, `CN=${NAME}`);
    assert.equal(proxy.server.received, 'hello');
    socket.end();
    await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end');
  });

  it('is passed through, hello and all, to the server that the name belongs to', async () => {
    const [a, b] = [await tlsServer('A'), await tlsServer('B')];
    await start(
      tcp(
        [
          router('a', 'HostSNI(`a.test`)', '{ passthrough: true }', 'a'),
          router('b', 'HostSNI(`*.wild.test`)', '{ passthrough: true }', 'b'),
        ].join(', '),
        `, a: { loadBalancer: { servers: [{ address: "127.0.0.1:${a}" }] } }, b: { loadBalancer: { servers: [{ address: "127.0.0.1:${b}" }] } }`,
      ),
    );
    for (const [servername, answer] of [
      ['a.test', 'A hi.'],
      ['x.wild.test', 'B hi.'],
    ] as const) {
      const socket = await secured(proxy.port, { servername, ca: authority.chain });
      assert.equal(await ask(socket, 'hi', '.'), answer);
      assert.deepEqual(socket.getPeerX509Certificate()!.raw, own.issued.der, 'the certificate of the server');
    }
  });

  it('passes a hello on that comes byte by byte', async () => {
    const port = await tlsServer('A');
    const service = `, a: { loadBalancer: { servers: [{ address: "127.0.0.1:${port}" }] } }`;
    await start(tcp(router('a', 'HostSNI(`a.test`)', '{ passthrough: true }', 'a'), service));
    const wire = await rawSocket(proxy.port);
    const { Duplex } = await import('node:stream');
    const slow = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        for (let at = 0; at < chunk.length; at++) wire.write(chunk.subarray(at, at + 1));
        done();
      },
    });
    wire.on('data', (chunk: Buffer) => slow.push(chunk));
    const socket = tls.connect({ socket: slow, servername: 'a.test', ca: authority.chain });
    assert.equal(await ask(socket, 'hi', '.'), 'A hi.');
    socket.destroy();
  });

  it('is matched on ALPN', async () => {
    await start(tcp(`${router('pg', 'HostSNI(`*`) && ALPN(`postgresql`)', '{ options: pg }')}`), {
      tls: material({ optionSets: [optionSet('default'), optionSet('pg@file', { alpnProtocols: ['postgresql'] })] }),
    });
    const socket = await secured(proxy.port, { ALPNProtocols: ['postgresql'] });
    assert.equal(socket.alpnProtocol, 'postgresql');
    assert.equal(await ask(socket, 'hello', '\n'), 'tcp hello.\r\n');
    assert.equal(await takerOf(NAME), '404');
  });

  it('leaves it to client and server what is spoken inside, unless options name protocols', async () => {
    const web = `
http:
  routers: { web: { rule: "Host(\`web.test\`)", service: web, tls: {} } }
  services: { web: { loadBalancer: { servers: [{ url: SERVER }] } } }`;
    const named = optionSet('named@file', { alpnProtocols: ['mqtt'] });
    await start(
      `${web}${tcp(`${router('all', 'HostSNI(`*`)')}, ${router('named', 'HostSNI(`a.wild.test`)', '{ options: named }')}`)}`,
      { tls: material({ optionSets: [optionSet('default'), named] }) },
    );
    for (const ALPNProtocols of [['postgresql'], ['mqtt', 'postgresql']]) {
      const socket = await secured(proxy.port, { ALPNProtocols });
      assert.equal(socket.alpnProtocol, ALPNProtocols[0]);
      assert.equal(await ask(socket, 'hello', '\n'), 'tcp hello.\r\n');
    }
    const refused = (options: tls.ConnectionOptions) => refusal(proxy.port, options);
    assert.match(
      (await refused({ servername: 'web.test', ALPNProtocols: ['postgresql'] }))!,
      /no.application.protocol/i,
    );
    assert.match(
      (await refused({ servername: 'a.wild.test', ALPNProtocols: ['postgresql'] }))!,
      /no.application.protocol/i,
    );
    assert.match((await refused({ ALPNProtocols: ['acme-tls/1', 'other'] }))!, /no.application.protocol/i);
    const socket = await secured(proxy.port, { servername: 'a.wild.test', ALPNProtocols: ['postgresql', 'mqtt'] });
    assert.equal(socket.alpnProtocol, 'mqtt');
  });

  it('asks middlewares before a handshake', async () => {
    await start(`
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app, tls: {}, middlewares: [nobody] } }
  middlewares: { nobody: { ipAllowList: { sourceRange: [192.0.2.0/24] } } }
  services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] } } }`);
    // Perhaps before it knows that it is connected.
    assert.match((await refusal(proxy.port)) ?? 'an end', /^ECONNRESET /);
    assert.ok(proxy.details.some(({ code }) => code === 'DOWNSTREAM_ADDRESS_DENIED'));
    assert.equal(proxy.server.connections.length, 0);
  });

  // tcp-udp.md section 4, the outcome matrix.
  const rows: readonly (readonly [string, string, string, string])[] = [
    [`${tcp(router('a', 'HostSNI(`a.test`)'))}${web('Host(`a.test`)')}`, '200', '404', 'an HTTPS host hides TCP'],
    [`${tcp(router('all', 'HostSNI(`*`)'))}${web('Host(`a.test`)')}`, '200', 'tcp', 'a TCP catch-all has the rest'],
    [`${tcp(router('a', 'HostSNI(`a.test`)'))}${web('PathPrefix(`/`)')}`, 'tcp', '200', 'a TCP host before any path'],
    [`${tcp(router('all', 'HostSNI(`*`)'))}${web('PathPrefix(`/`)')}`, '200', '200', 'HTTPS catch-all before TCP'],
    [
      tcp(`${router('a', 'HostSNI(`a.test`)')}, ${router('all', 'HostSNI(`*`)')}`),
      'tcp',
      'tcp',
      'a host and all others',
    ],
  ];
  for (const [dynamic, ofHost, ofOthers, what] of rows) {
    it(`knows who is first: ${what}`, async () => {
      await start(dynamic);
      assert.deepEqual([await takerOf('a.test'), await takerOf('other.test')], [ofHost, ofOthers]);
    });
  }

  it('leaves plain requests of its entry point to HTTP', async () => {
    await start(`${tcp(router('all', 'HostSNI(`*`)'))}
http:
  routers: { plain: { rule: "PathPrefix(\`/\`)", service: web } }
  services: { web: { loadBalancer: { servers: [{ url: SERVER }] } } }`);
    const client = await proxy.client();
    client.write(get('h'));
    await client.untilText('\r\n\r\nhttp');
    assert.equal(await takerOf('any.test'), 'tcp');
  });
});
