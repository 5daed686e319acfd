// Servers that speak TLS, of Node, with certificates made while the test runs, and a proxy in front of one of them.
// What was started is ended by `closeAll`.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import http2 from 'node:http2';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { TlsMaterial, TransportTls } from '@sluice/routing';
import { type Issued, issue } from '../../../../test/support/issued-certificates.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';

export const NAME = 'server.test';
export const authority: Issued = issue({ authority: true, commonName: 'authority' });
export const serverCertificate: Issued = issue({ names: [NAME, '127.0.0.1'], usage: 'server', issuer: authority });
/** The name of the transport in the harness. */
export const TRANSPORT = 'default@internal';

export function transportTls(changes: Partial<TransportTls> = {}): TransportTls {
  return {
    serverName: '',
    insecureSkipVerify: false,
    authorities: authority.chain,
    certificates: [],
    minVersion: 0x0303,
    maxVersion: 0x0304,
    ciphers: [],
    peerNames: [],
    ...changes,
  };
}

let number = 0;

export function materialOf(transports: TlsMaterial['transports'], systemAuthorities = ''): TlsMaterial {
  return {
    number: ++number,
    tables: { certificates: [], exact: {}, wildcard: {}, defaultCertificate: -1, optionSets: [] },
    keyPairs: {},
    staples: {},
    ticketKeys: [],
    transports,
    systemAuthorities,
  };
}

const closers: (() => unknown)[] = [];

export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Listens on a loopback port until `closeAll`, which cuts its connections. @returns the port. */
export async function serve(server: NetServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    // Not from within an event of a handshake: Node would free what its OpenSSL is just using.
    await new Promise(setImmediate);
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** HTTP/1 over TLS. */
export async function httpsServer(
  handler: Handler,
  options: ServerOptions = {},
): Promise<{ server: Server; url: string }> {
  const server = createServer({ cert: serverCertificate.chain, key: serverCertificate.key, ...options }, handler);
  return { server, url: `https://127.0.0.1:${await serve(server)}` };
}

/** In front of the server with that URL. `tls` null: there are no settings for its transport. */
export async function proxyTo(
  url: string,
  tls: TransportTls | null = transportTls(),
  options: ProxyOptions = {},
): Promise<ProxyUnderTest> {
  const proxy = await startProxy(() => {}, { serverUrl: url, ...options });
  closers.push(() => proxy.close());
  proxy.dataplane.installTls(materialOf(tls === null ? {} : { [TRANSPORT]: tls }));
  return proxy;
}

/** The whole answer to a request of a new client, whose connection ends with it. */
export async function answerTo(proxy: ProxyUnderTest, head = 'GET / HTTP/1.1\r\nHost: h', body = ''): Promise<string> {
  const client = await proxy.client();
  client.write(`${head}\r\nConnection: close\r\n\r\n${body}`);
  return client.untilEnd();
}

/** HTTP/2 without TLS. */
export async function h2cServer(
  handler: Http2Handler,
  settings: http2.Settings = {},
): Promise<{ server: http2.Http2Server; url: string; sessions: http2.ServerHttp2Session[] }> {
  const server = http2.createServer({ settings });
  const sessions = watchSessions(server, handler);
  return { server, sessions, url: `h2c://127.0.0.1:${await serve(server)}` };
}

/** HTTP/2 over TLS, with HTTP/1 for those who do not offer it. */
export async function h2Server(
  handler: Http2Handler,
  options: http2.SecureServerOptions = {},
): Promise<{ server: http2.Http2SecureServer; url: string; sessions: http2.ServerHttp2Session[] }> {
  const { chain: cert, key } = serverCertificate;
  const server = http2.createSecureServer({ cert, key, allowHTTP1: true, ...options });
  const sessions = watchSessions(server, handler);
  return { server, sessions, url: `https://127.0.0.1:${await serve(server)}` };
}

export type Http2Handler = (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

function watchSessions(server: http2.Http2Server, handler: Http2Handler): http2.ServerHttp2Session[] {
  const sessions: http2.ServerHttp2Session[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    handler(stream, headers);
  });
  return sessions;
}
