// WebSockets between a client and a server of the package `ws`, with Sluice between them: over HTTP/1.1 in cleartext and with
// TLS, over streams of HTTP/2, and while the configuration changes. Without Sluice first: directly, and through HAProxy.

import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { connected, exchanged, type OpenSocket, websocketTalk } from '../scenarios/websocket-talk.ts';
import { eventually } from '../support/eventually.ts';
import { startHaproxy } from '../support/haproxy-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { awaitConnectProtocol, WebSocketOverHttp2 } from '../support/websocket-over-http2.ts';
import { EchoSocketServer } from '../support/websocket-server.ts';

const NAME = 'ws.example.test';
const timeout = 170_000;

/** Over HTTP/1.1. @param ca PEM of who signed the certificate; without: cleartext. */
function overHttp1(port: number, ca?: Buffer): OpenSocket {
  return (path, { protocols = [], deflate = false } = {}) =>
    new WebSocket(`${ca === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}${path}`, protocols, {
      perMessageDeflate: deflate,
      headers: { Host: NAME },
      ...(ca === undefined ? {} : { ca, servername: NAME, ALPNProtocols: ['http/1.1'] }),
    });
}

/** All over one session. */
async function overHttp2(context: TestContext, port: number, ca?: Buffer): Promise<OpenSocket> {
  const session = await openSession(context, port, ca);
  return (path, { protocols = [], deflate = false } = {}) =>
    new WebSocket(`ws://${NAME}${path}`, protocols, {
      perMessageDeflate: deflate,
      createConnection: (() => new WebSocketOverHttp2(session)) as never,
    });
}

async function openSession(context: TestContext, port: number, ca?: Buffer): Promise<ClientHttp2Session> {
  const scheme = ca === undefined ? 'http' : 'https';
  const session = connect(`${scheme}://127.0.0.1:${port}`, ca === undefined ? {} : { ca, servername: NAME });
  session.on('error', () => {});
  context.after(() => session.destroy());
  await awaitConnectProtocol(session);
  return session;
}

async function prepare(context: TestContext, server: EchoSocketServer) {
  const secure = await SecureSite.create(context);
  const certificates = [secure.issue(NAME)];
  const write = (turn = 0) => {
    const mark = { headers: { customResponseHeaders: { 'X-Turn': `${turn}` } } };
    secure.site.writeDynamic(securedTo({ servers: [server.url], certificates, middlewares: { mark } }));
  };
  write();
  const node = await secure.site.serve();
  return { secure, node, write, ca: readFileSync(secure.authority.certFile) };
}

test('client and server without Sluice', { timeout }, async (context) => {
  const server = await EchoSocketServer.start(context);
  await websocketTalk(context, overHttp1(server.port), server);
});

test('client and server with HAProxy between, over HTTP/2', { timeout }, async (context) => {
  const server = await EchoSocketServer.start(context);
  const port = await startHaproxy(context, server.port, [], { bind: 'proto h2' });
  await websocketTalk(context, await overHttp2(context, port), server);
});

test('over HTTP/1.1, cleartext and TLS', { timeout }, async (context) => {
  const server = await EchoSocketServer.start(context);
  const { secure, ca } = await prepare(context, server);
  await websocketTalk(context, overHttp1(secure.port), server);
  await websocketTalk(context, overHttp1(secure.securePort, ca), server);
});

test('over HTTP/2, cleartext and TLS', { timeout }, async (context) => {
  const server = await EchoSocketServer.start(context);
  const { secure, ca } = await prepare(context, server);
  await websocketTalk(context, await overHttp2(context, secure.port), server);
  await websocketTalk(context, await overHttp2(context, secure.securePort, ca), server);
});

test('changes of the configuration leave open WebSockets alone', { timeout }, async (context) => {
  const server = await EchoSocketServer.start(context);
  const { secure, ca, write } = await prepare(context, server);
  const ways = [
    overHttp1(secure.port),
    overHttp1(secure.securePort, ca),
    await overHttp2(context, secure.securePort, ca),
  ];
  const sockets = await Promise.all(ways.map((open) => connected(open('/'))));
  context.after(() => {
    for (const socket of sockets) socket.terminate();
  });
  for (let turn = 1; turn <= 5; turn++) {
    write(turn);
    await eventually('the change is in effect', async () => (await turnOf(secure.port)) === `${turn}`);
    await Promise.all(sockets.map((socket) => exchanged(socket, `after change ${turn}`)));
  }
});

async function turnOf(port: number): Promise<string | null> {
  const response = await fetch(`http://127.0.0.1:${port}/`);
  await response.arrayBuffer();
  return response.headers.get('x-turn');
}
