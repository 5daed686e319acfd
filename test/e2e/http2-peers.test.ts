// HTTP/2 sessions of ours with HAProxy and nginx, which have implementations of their own: as the server of HAProxy, and as a
// client of both. Bodies larger than all windows go there and back. Sluice itself does not serve HTTP/2 yet.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Http2Role } from '@sluice/protocols';
import { SocketPeer } from '../../packages/protocols/src/http2/socket-peer.ts';
import { freePort } from '../support/free-port.ts';
import { startHaproxy } from '../support/haproxy-server.ts';
import { startNginx } from '../support/nginx-server.ts';

const BODY = Buffer.alloc(600_000, 'a body of some length. ');
const LENGTHS = [0, 1, 1000, 70_000, BODY.length];

async function listen(context: TestContext, server: Server, close: () => void): Promise<number> {
  server.listen(0, '127.0.0.1');
  context.after(() => {
    close();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A server of HTTP/1 that sends every body back. */
function startEcho(context: TestContext): Promise<number> {
  const server = createServer((incoming, response) => incoming.pipe(response));
  return listen(context, server, () => server.closeAllConnections());
}

async function post(port: number, body: Buffer): Promise<Buffer> {
  const sent = request({ port, host: '127.0.0.1', method: 'POST', agent: false });
  sent.end(body);
  const [response] = await once(sent, 'response');
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function postByHttp2(context: TestContext, port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  const peer = new SocketPeer(socket, Http2Role.CLIENT);
  await peer.post(LENGTHS.map((length) => BODY.subarray(0, length)));
  assert.deepEqual(
    LENGTHS.map((_, index) => peer.received.get(2 * index + 1) ?? 0),
    LENGTHS,
  );
  assert.deepEqual([peer.session.fault, peer.session.streamCount, peer.session.awaitsSettingsAck], [0, 0, false]);
}

test('a session of ours is the server of HAProxy', async (context) => {
  const peers: SocketPeer[] = [];
  const server = createTcpServer((socket) => {
    context.after(() => socket.destroy());
    peers.push(SocketPeer.echo(socket));
  });
  const port = await startHaproxy(context, await listen(context, server, () => {}), [], { server: 'proto h2' });
  const bodies = await Promise.all(LENGTHS.map((length) => post(port, BODY.subarray(0, length))));
  for (const [index, length] of LENGTHS.entries())
    assert.ok(bodies[index].equals(BODY.subarray(0, length)), `${length}`);
  assert.ok(peers.length > 0);
  for (const { session } of peers) assert.deepEqual([session.fault, session.streamCount], [0, 0]);
});

test('a session of ours is a client of HAProxy', async (context) => {
  await postByHttp2(context, await startHaproxy(context, await startEcho(context), [], { bind: 'proto h2' }));
});

test('a session of ours is a client of nginx', async (context) => {
  const port = await freePort();
  const directives = `listen 127.0.0.1:${port} http2;
    location / {
      proxy_pass http://127.0.0.1:${await startEcho(context)};
      proxy_http_version 1.1;
      proxy_request_buffering off;
    }`;
  await startNginx(context, {}, directives);
  await postByHttp2(context, port);
});
