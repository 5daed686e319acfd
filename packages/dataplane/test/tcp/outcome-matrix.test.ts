// Everything that may share one entry point, and who takes which kind of client there: the outcome matrix of tcp-udp.md section 4, row by
// row.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../../src/testing/raw-server.ts';
import { material } from '../support/made-tls.ts';
import { ask, closeClients, rawSocket, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const SERVERS = `
  services: { s: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] } } }`;
const WEB = `
  services: { w: { loadBalancer: { servers: [{ url: SERVER }] } } }`;
const tcp = (...routers: string[]) => `
tcp:
  routers: { ${routers.join(', ')} }${SERVERS}`;
const http = (...routers: string[]) => `
http:
  routers: { ${routers.join(', ')} }${WEB}`;

const PLAIN = 'plain: { rule: "HostSNI(`*`)", service: s }';
const TLS_A = 'a: { rule: "HostSNI(`a.test`)", service: s, tls: {} }';
const TLS_ALL = 'all: { rule: "HostSNI(`*`)", service: s, tls: {} }';
const HTTP = 'http: { rule: "PathPrefix(`/`)", service: w }';
const HTTPS_A = 'https-a: { rule: "Host(`a.test`)", service: w, tls: {} }';
const HTTPS_PATH = 'https-path: { rule: "PathPrefix(`/`)", service: w, tls: {} }';

/** client-first plain · server-first plain · plain HTTP · TLS, SNI `a` · TLS, another SNI. `raw`: TLS as it is, to the server. */
const ROWS: readonly (readonly [what: string, dynamic: string, outcomes: string])[] = [
  ['no router', 'http: {}', 'HTTP 400 · hang · HTTP 404 · HTTPS 404 · HTTPS 404'],
  ['TCP *', tcp(PLAIN), 'TCP · TCP · TCP · raw · raw'],
  ['TCP * + HTTP', tcp(PLAIN) + http(HTTP), 'TCP · TCP · TCP · raw · raw'],
  ['TCP * + HTTPS a', tcp(PLAIN) + http(HTTPS_A), 'TCP · hang · TCP · HTTPS 200 · HTTPS 404'],
  ['TCP-TLS a + HTTPS a', tcp(TLS_A) + http(HTTPS_A), 'HTTP 400 · hang · HTTP 404 · HTTPS 200 · HTTPS 404'],
  ['TCP-TLS * + HTTP', tcp(TLS_ALL) + http(HTTP), 'HTTP 400 · hang · HTTP 200 · TCP · TCP'],
  ['TCP-TLS * + HTTPS a', tcp(TLS_ALL) + http(HTTPS_A), 'HTTP 400 · hang · HTTP 404 · HTTPS 200 · TCP'],
  ['TCP-TLS a + HTTPS path', tcp(TLS_A) + http(HTTPS_PATH), 'HTTP 400 · hang · HTTP 404 · TCP · HTTPS 200'],
  ['TCP-TLS * + HTTPS path', tcp(TLS_ALL) + http(HTTPS_PATH), 'HTTP 400 · hang · HTTP 404 · HTTPS 200 · HTTPS 200'],
  ['TCP-TLS a + TCP-TLS *', tcp(TLS_A, TLS_ALL), 'HTTP 400 · hang · HTTP 404 · TCP · TCP'],
];

/** A request that has been through HTTP here says so; bytes of TCP are answered at once, and TLS is what it is. */
const server: RawHandler = ({ socket }, chunk) => {
  if (chunk.includes('\r\nX-Forwarded-For: ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  else socket.write(chunk.startsWith('\x16') ? 'raw' : 'TCP!\r\n');
};

const request = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
const shortOf = (answer: string, kind: string) => {
  const [, status] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
  return status === undefined ? answer.slice(0, 3) : `${kind} ${status}`;
};

async function plain(text: string): Promise<string> {
  const client = await proxy.client();
  client.write(text);
  await client.until((received) => received.includes('\n') || client.ended);
  client.close();
  return shortOf(client.received, 'HTTP');
}

/** What is to happen has its time on a busy machine; what is not to happen has a moment. */
async function happens(isWanted: boolean, probe: () => boolean): Promise<boolean> {
  const until = Date.now() + (isWanted ? 20_000 : 100);
  while (!probe() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 2));
  return probe();
}

async function silent(wanted: string | undefined): Promise<string> {
  const before = proxy.server.connections.length;
  const client = await proxy.client();
  const isServed = await happens(wanted === 'TCP', () => proxy.server.connections.length > before);
  client.close();
  return isServed ? 'TCP' : 'hang';
}

async function overTls(servername: string, wanted: string | undefined): Promise<string> {
  if (await isRaw(servername, wanted === 'raw')) return 'raw';
  const socket = await secured(proxy.port, { servername, rejectUnauthorized: false });
  const answer = await ask(socket, request(servername), '\n');
  socket.destroy();
  return shortOf(answer, 'HTTPS');
}

/** Does the beginning of a ClientHello, which is all that comes, reach the server? */
async function isRaw(servername: string, isWanted: boolean): Promise<boolean> {
  const wire = await rawSocket(proxy.port);
  let received = '';
  wire.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1');
  });
  wire.write(Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0), Buffer.from(servername)]));
  const isRaw = await happens(isWanted, () => received === 'raw');
  wire.destroy();
  return isRaw;
}

describe('one entry point', () => {
  for (const [what, dynamic, outcomes] of ROWS) {
    it(`with ${what}`, async () => {
      proxy = await startProxy(server, { dynamic, tls: material() });
      const [, ofSilent, , ofName, ofOthers] = outcomes.split(' · ');
      const found = [
        await plain('hello there\r\n\r\n'),
        await silent(ofSilent),
        await plain(request('a.test')),
        await overTls('a.test', ofName),
        await overTls('other.test', ofOthers),
      ];
      assert.equal(found.join(' · '), outcomes);
    });
  }
});
