// PROXY headers: taken off at an entry point and believed or not, before anything else is looked at; and written to servers, both
// versions, with extensions passed on.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { ProxyTlvType, writeProxyTlv, writeProxyV2 } from '@sluice/protocols';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../../src/testing/raw-server.ts';
import { material, NAME } from '../support/made-tls.ts';
import { ask, closeClients, rawSocket, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  closeClients();
  await proxy?.close();
  proxy = undefined;
});

const echo: RawHandler = ({ socket }, chunk) => socket.write(chunk);
const OK: RawHandler = ({ socket }) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
const TRUSTED = { insecure: false, trustedIPs: ['127.0.0.0/8'] };
const STRANGER = { insecure: false, trustedIPs: ['192.0.2.1'] };
const LINE = 'PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n';
const plain = (further = '', routerText = '') => `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app ${routerText} } }
  services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] ${further} } } }`;

async function start(handler: RawHandler, options: ProxyOptions): Promise<ProxyUnderTest> {
  proxy = await startProxy(handler, options);
  return proxy;
}

function binary(tlvs: Uint8Array): string {
  const into = new Uint8Array(300);
  const mapped = (text: string) => Uint8Array.from([...Array(10).fill(0), 255, 255, ...text.split('.').map(Number)]);
  const addresses = {
    hasAddresses: true,
    source: mapped('203.0.113.7'),
    sourcePort: 4711,
    destination: mapped('198.51.100.2'),
    destinationPort: 443,
  };
  const end = writeProxyV2(into, 0, addresses, tlvs, 0, tlvs.length);
  return Buffer.from(into.subarray(0, end)).toString('latin1');
}

describe('PROXY headers of clients', () => {
  it('name the client to HTTP', async () => {
    const { server } = await start(OK, { proxyProtocol: TRUSTED });
    const client = await proxy!.client();
    client.write(`${LINE}GET / HTTP/1.1\r\nHost: h\r\n\r\n`);
    await client.untilText('ok');
    assert.match(server.received, /\r\nX-Forwarded-For: 203\.0\.113\.7\r\n/);
    client.write('GET /2 HTTP/1.1\r\nHost: h\r\n\r\n');
    await server.untilText('GET /2');
    assert.equal(server.received.split('203.0.113.7').length, 5, 'X-Real-Ip as well, for both');
  });

  it('come byte by byte, or not at all', async () => {
    await start(OK, { proxyProtocol: TRUSTED });
    const client = await proxy!.client();
    for (const character of `${LINE}GET / HTTP/1.1\r\nHost: h\r\n\r\n`) {
      client.write(character);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.untilText('ok');
    assert.match(proxy!.server.received, /X-Forwarded-For: 203\.0\.113\.7\r\n/);
    const second = await proxy!.client();
    second.write('P');
    await new Promise((resolve) => setTimeout(resolve, 20));
    second.write('UT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
    await second.untilText('ok');
    assert.match(proxy!.server.received, /X-Forwarded-For: 127\.0\.0\.1\r\n/);
  });

  it('of strangers are taken off, and not believed', async () => {
    await start(OK, { proxyProtocol: STRANGER });
    const client = await proxy!.client();
    client.write(`${LINE}GET / HTTP/1.1\r\nHost: h\r\n\r\n`);
    await client.untilText('ok');
    assert.match(proxy!.server.received, /X-Forwarded-For: 127\.0\.0\.1\r\n/);
    assert.doesNotMatch(proxy!.server.received, /PROXY/);
  });

  it('that are malformed end the connection', async () => {
    await start(OK, { proxyProtocol: { insecure: true, trustedIPs: [] } });
    for (const text of ['PROXY TCP4 x y 1 2\r\n', '\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0', `PROXY ${'x'.repeat(200)}`]) {
      const client = await proxy!.client();
      client.write(text);
      await client.untilEnd();
      assert.equal(client.received, '');
    }
    assert.equal(proxy!.server.connections.length, 0);
  });

  it('come before TLS, and decide what rules and lists see', async () => {
    const dynamic = plain('', ', tls: {}').replace(
      'HostSNI(`*`)',
      'HostSNI(`secure.test`) && ClientIP(`203.0.113.0/24`)',
    );
    await start(echo, { tls: material(), dynamic, proxyProtocol: TRUSTED });
    const wire = await rawSocket(proxy!.port);
    wire.write(LINE);
    const socket = await secured(0, { socket: wire, servername: NAME } as object);
    assert.equal(await ask(socket, 'hello', 'hello'), 'hello');
  });

  it('are waited for as long as readTimeout, then a server may speak', async () => {
    await start(() => {}, {
      dynamic: plain(),
      proxyProtocol: TRUSTED,
      respondingTimeouts: { readTimeout: 200 },
    });
    const client = await proxy!.client();
    await proxy!.server.until(({ connections }) => connections.length === 1, 'the connection to the server');
    proxy!.server.connections[0]!.socket.write('banner');
    await client.untilText('banner');
    const http = await startProxy(OK, { proxyProtocol: TRUSTED, respondingTimeouts: { readTimeout: 200 } });
    try {
      const silent = await http.client();
      await silent.untilEnd();
      assert.equal(silent.received, '');
    } finally {
      await http.close();
    }
  });

  it('name those who are limited', async () => {
    await start(OK, { proxyProtocol: TRUSTED, limits: { maxConnectionsPerClient: 1 } });
    const clients = [];
    for (const last of [1, 2, 3]) {
      const client = await proxy!.client();
      clients.push(client);
      client.write(`PROXY TCP4 203.0.113.${last} 198.51.100.2 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n`);
      await client.untilText('ok');
    }
    const again = await proxy!.client();
    again.write('PROXY TCP4 203.0.113.1 198.51.100.2 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await again.untilEnd();
    assert.equal(again.errorCode, 'ECONNRESET');
    clients[0]!.close();
    await proxy!.server.until(() => proxy!.limits.clients.count(0, clientBytes(1)) === 0, 'the first one to be gone');
    const later = await proxy!.client();
    later.write('PROXY TCP4 203.0.113.1 198.51.100.2 1 2\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await later.untilText('ok');
  });
});

function clientBytes(last: number): Uint8Array {
  return Uint8Array.from([...Array(10).fill(0), 255, 255, 203, 0, 113, last]);
}

describe('PROXY headers to servers', () => {
  it('say who the client is, version 1', async () => {
    await start(() => {}, { dynamic: plain(', proxyProtocol: { version: 1 }') });
    const client = await proxy!.client();
    client.write('hello');
    await proxy!.server.untilText('hello');
    const { localPort } = client.socket;
    assert.equal(proxy!.server.received, `PROXY TCP4 127.0.0.1 127.0.0.1 ${localPort} ${proxy!.port}\r\nhello`);
  });

  it('pass on what a trusted peer has said, extensions included', async () => {
    await start(() => {}, { dynamic: plain(', proxyProtocol: { version: 2 }'), proxyProtocol: TRUSTED });
    const tlvs = new Uint8Array(64);
    const end = writeProxyTlv(tlvs, 0, ProxyTlvType.UNIQUE_ID, Buffer.from('request-1'));
    const header = binary(tlvs.subarray(0, end));
    const client = await proxy!.client();
    client.write(`${header}hello`);
    await proxy!.server.untilText('hello');
    assert.equal(proxy!.server.received, `${header}hello`);
  });

  it('drop the extensions where version 1 is wanted', async () => {
    await start(() => {}, { dynamic: plain(', proxyProtocol: { version: 1 }'), proxyProtocol: TRUSTED });
    const client = await proxy!.client();
    client.write(`${binary(new Uint8Array(0))}hello`);
    await proxy!.server.untilText('hello');
    assert.equal(proxy!.server.received, `${LINE}hello`);
  });
});
