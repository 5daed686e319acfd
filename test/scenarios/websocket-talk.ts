// Scenario: what WebSockets have to carry, between a client and a server of the package `ws`, through whatever the client is
// given as its way: small and large messages, fragments, compression, pings, ends of every kind, refusals.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import type { WebSocket } from 'ws';
import { eventually } from '../support/eventually.ts';
import type { EchoSocketServer, Ending } from '../support/websocket-server.ts';

export interface SocketOptions {
  readonly protocols?: string[];
  readonly deflate?: boolean;
}

/** Opens a client; its socket may not be connected yet. */
export type OpenSocket = (path: string, options?: SocketOptions) => WebSocket;

const WAIT_MS = 60_000;
const LARGE_BYTES = 16 * 1024 * 1024;
const MESSAGES = 1_000;

type Talk = (open: OpenSocket, server: EchoSocketServer) => Promise<void>;

/** Runs every part as a test of its own. */
export async function websocketTalk(context: TestContext, open: OpenSocket, server: EchoSocketServer): Promise<void> {
  const sockets: WebSocket[] = [];
  const opened: OpenSocket = (path, options) => {
    const socket = open(path, options);
    // What a part does not await is seen where it waits for something else.
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  };
  context.after(() => {
    for (const socket of sockets) socket.terminate();
  });
  for (const [name, talk] of Object.entries(PARTS)) await context.test(name, () => talk(opened, server));
}

export async function connected(socket: WebSocket): Promise<WebSocket> {
  await once(socket, 'open', within());
  return socket;
}

/** Sends and waits for what comes back. */
export async function exchanged(socket: WebSocket, message: string | Buffer): Promise<void> {
  const arrives = once(socket, 'message', within());
  socket.send(message);
  const [data, isBinary] = (await arrives) as [Buffer, boolean];
  assert.equal(isBinary, typeof message !== 'string');
  assert.ok(data.equals(Buffer.from(message)), `${data.length} bytes came back, ${message.length} were sent`);
}

/** The server has seen such an end since; those of earlier parts may come late. */
async function heard(server: EchoSocketServer, before: number, { code, reason }: Ending): Promise<void> {
  const since = () => server.endings.slice(before);
  const state = () => `the server hears ${code} "${reason}", not ${JSON.stringify(since())}`;
  await eventually(state, () => since().some((each) => each.code === code && each.reason === reason));
}

const within = () => ({ signal: AbortSignal.timeout(WAIT_MS) });

const PARTS: Readonly<Record<string, Talk>> = {
  async 'text, binary and empty messages'(open) {
    const socket = await connected(open('/'));
    for (const message of ['hello', '☺ 😈', '', randomBytes(1000), Buffer.alloc(0)]) await exchanged(socket, message);
    socket.close();
  },

  async 'a large message there and back'(open) {
    const socket = await connected(open('/', { deflate: false }));
    await exchanged(socket, randomBytes(LARGE_BYTES));
    socket.close();
  },

  async 'a message of many fragments, with a ping among them'(open) {
    const socket = await connected(open('/', { deflate: false }));
    const pieces = Array.from({ length: 200 }, (_, index) => randomBytes(1 + index * 37));
    const arrives = once(socket, 'message', within());
    const ponged = once(socket, 'pong', within());
    for (const [index, piece] of pieces.entries()) {
      socket.send(piece, { fin: index === pieces.length - 1, binary: true });
      if (index === 100) socket.ping('between');
    }
    assert.ok((await arrives)[0].equals(Buffer.concat(pieces)));
    assert.equal(String((await ponged)[0]), 'between');
    socket.close();
  },

  async 'compressed messages'(open) {
    const socket = await connected(open('/', { deflate: true }));
    assert.match(socket.extensions, /permessage-deflate/);
    for (const length of [10, 5_000, 1_000_000]) await exchanged(socket, 'again and again '.repeat(length / 10));
    socket.close();
  },

  async 'a thousand messages keep their order'(open) {
    const socket = await connected(open('/'));
    const received: string[] = [];
    socket.on('message', (data) => received.push(String(data)));
    for (let n = 0; n < MESSAGES; n++) socket.send(`${n}`);
    socket.send(`count ${MESSAGES}`);
    await eventually(`all messages, not ${received.length}`, () => received.length === 2 * MESSAGES, WAIT_MS);
    const wanted = Array.from({ length: MESSAGES }, (_, n) => `${n}`);
    assert.deepEqual(received, [...wanted, ...wanted]);
    socket.close();
  },

  async 'pings from both ends'(open, server) {
    const socket = await connected(open('/'));
    const before = server.pings;
    const ponged = once(socket, 'pong', within());
    socket.ping('from the client');
    assert.equal(String((await ponged)[0]), 'from the client');
    assert.equal(server.pings, before + 1);
    const pinged = once(socket, 'ping', within());
    socket.send('ping hey');
    assert.equal(String((await pinged)[0]), 'hey');
    socket.close();
  },

  async 'codes and reasons of either end'(open, server) {
    const first = await connected(open('/'));
    const before = server.endings.length;
    const closed = once(first, 'close', within());
    first.close(4001, 'enough');
    assert.deepEqual((await closed)[0], 4001);
    await heard(server, before, { code: 4001, reason: 'enough' });
    const second = await connected(open('/'));
    const ended = once(second, 'close', within());
    second.send('close 4002');
    const [code, reason] = await ended;
    assert.deepEqual([code, String(reason)], [4002, 'as you wish']);
  },

  async 'an end without a word reaches the other end'(open, server) {
    const first = await connected(open('/'));
    const before = server.endings.length;
    first.terminate();
    await heard(server, before, { code: 1006, reason: '' });
    const second = await connected(open('/'));
    const ended = once(second, 'close', within());
    second.send('die');
    assert.equal((await ended)[0], 1006);
  },

  async 'a subprotocol is agreed on; path and query arrive'(open, server) {
    const socket = await connected(open('/some/path?query=1', { protocols: ['echo.v1', 'echo.v2'] }));
    assert.equal(socket.protocol, 'echo.v2');
    assert.equal(server.requests.at(-1)!.url, '/some/path?query=1');
    socket.close();
  },

  async 'a refusal arrives as it is'(open) {
    const socket = open('/refused');
    const [, response] = await once(socket, 'unexpected-response', within());
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['www-authenticate'], 'Basic');
    response.destroy();
  },
};
