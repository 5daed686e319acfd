// WebSocket over HTTP/2 (RFC 8441): a stream of the client is one connection to a server of HTTP/1, with a real WebSocket server, and
// the corners of the switch in frames.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { FrameType, Http2ErrorCode } from '@sluice/protocols';
import { WebSocketServer } from 'ws';
import { FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../../src/testing/raw-server.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT_OPCODE = 1;
const CLOSE_OPCODE = 8;

let proxy: ProxyUnderTest | undefined;
let client: FrameClient | undefined;
afterEach(async () => {
  client?.close();
  await proxy?.close();
  client = undefined;
  proxy = undefined;
});

const CONNECT = requestFields({
  ':method': 'CONNECT',
  ':protocol': 'websocket',
  ':path': '/ws',
  'sec-websocket-version': '13',
});

/** The 101 to the request whose head is `text`. */
function switchFor(text: string): string {
  const key = /\r\nSec-WebSocket-Key: (\S+)\r\n/.exec(text)![1]!;
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

async function open(handler: RawHandler): Promise<FrameClient> {
  proxy = await startProxy(handler);
  client = await FrameClient.open(proxy.port);
  return client;
}

/** Answers the switch, then upper-case. */
const SHOUT: RawHandler = (connection, chunk) => {
  if (chunk.includes('\r\n\r\n')) connection.socket.write(`${switchFor(chunk)}hi `);
  else connection.socket.write(chunk.toUpperCase());
};

describe('WebSocket over HTTP/2', () => {
  it('is an Upgrade for the server and a success for the client', async () => {
    const frames = await open(SHOUT);
    frames.headers(1, CONNECT, false).data(1, 'ahead ');
    await frames.until(() => frames.body(1) === 'hi AHEAD ', 'the echo');
    assert.deepEqual(frames.of(1, FrameType.HEADERS)[0]!.fields, [':status: 200']);
    const head = proxy!.server.received;
    assert.match(head, /^GET \/ws HTTP\/1\.1\r\nHost: h\r\nsec-websocket-version: 13\r\n/);
    assert.match(head, /\r\nSec-WebSocket-Key: [\w+/]{22}==\r\n/);
    assert.match(head, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
    assert.match(head, /\r\nX-Forwarded-Proto: ws\r\n/);
    frames.data(1, 'late');
    await frames.until(() => frames.body(1) === 'hi AHEAD LATE', 'the echo');
  });

  it('says ENABLE_CONNECT_PROTOCOL before', async () => {
    const frames = await open(SHOUT);
    await frames.until(() => frames.of(0, FrameType.SETTINGS).length > 0, 'the settings');
    assert.match(frames.of(0, FrameType.SETTINGS)[0]!.payload.toString('hex'), /000800000001/);
  });

  it('half-closes each direction on its own', async () => {
    const frames = await open((connection, chunk) => {
      if (chunk.includes('\r\n\r\n')) connection.socket.write(switchFor(chunk));
      connection.socket.once('end', () => connection.socket.end('bye'));
    });
    frames.headers(1, CONNECT, false);
    await frames.until(() => frames.status(1) === '200', 'the success');
    frames.data(1, 'last', true);
    await frames.untilOver(1);
    assert.equal(frames.body(1), 'bye');
    assert.equal(frames.resetCode(1), undefined);
    await proxy!.untilQuiet();
    assert.ok(proxy!.server.received.endsWith('last'));
  });

  it('ends the stream when the server ends, and the server when the client does', async () => {
    const frames = await open((connection, chunk) => {
      if (chunk.includes('\r\n\r\n')) connection.socket.end(`${switchFor(chunk)}bye`);
    });
    frames.headers(1, CONNECT, false);
    await frames.untilOver(1);
    assert.equal(frames.body(1), 'bye');
    frames.data(1, 'ok', true);
    await proxy!.untilQuiet();
    await proxy!.server.until(({ connections }) => connections[0]!.ended, 'the end');
  });

  it('resets the stream when the server breaks, and cuts the server when the client resets', async () => {
    const frames = await open((connection, chunk) => {
      if (!chunk.includes('\r\n\r\n')) connection.socket.resetAndDestroy();
      else connection.socket.write(switchFor(chunk));
    });
    frames.headers(1, CONNECT, false);
    await frames.until(() => frames.status(1) === '200', 'the success');
    frames.data(1, 'break');
    await frames.untilOver(1);
    assert.equal(frames.resetCode(1), Http2ErrorCode.INTERNAL_ERROR);
    frames.headers(3, CONNECT, false);
    await frames.until(() => frames.status(3) === '200', 'the success');
    frames.reset(3, Http2ErrorCode.CANCEL);
    await proxy!.server.until(({ connections }) => connections[1]!.ended, 'the end');
    await proxy!.untilQuiet();
    frames.headers(5, CONNECT, false);
    await frames.until(() => frames.status(5) === '200', 'the success');
    frames.close();
    await proxy!.server.until(({ connections }) => connections[2]!.ended, 'the end');
    await proxy!.untilQuiet();
  });

  it('passes refusals on and takes no other success for a tunnel', async () => {
    const answers = ['403 Forbidden', '200 OK', '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket'];
    const frames = await open((connection, chunk) => {
      if (chunk.includes('\r\n\r\n'))
        connection.socket.write(`HTTP/1.1 ${answers.shift()}\r\nContent-Length: 2\r\n\r\nno`);
    });
    for (const [id, status] of [
      [1, '403'],
      [3, '500'],
      [5, '500'],
    ] as const) {
      frames.headers(id, CONNECT, false);
      await frames.untilOver(id);
      assert.equal(frames.status(id), status);
    }
    await proxy!.untilQuiet();
  });

  it('outlives the timeouts and the configuration it was opened with', async () => {
    proxy = await startProxy(SHOUT, {
      respondingTimeouts: { readTimeout: 300, writeTimeout: 300, idleTimeout: 300 },
      http2: { limits: { stallTime: 300 } },
    });
    // A window that is full after `hi S`.
    client = await FrameClient.open(proxy.port, [4, 4]);
    client.headers(1, CONNECT, false);
    await client.until(() => client!.body(1) === 'hi ', 'the switch');
    proxy.install('http: {}');
    await proxy.server.until(() => proxy!.released.length === 1, 'the release of the configuration');
    await new Promise((resolve) => setTimeout(resolve, 700));
    client.data(1, 'still');
    await client.until(() => client!.body(1) === 'hi S', 'the beginning of the echo');
    await new Promise((resolve) => setTimeout(resolve, 700));
    client.windowUpdate(1, 100);
    await client.until(() => client!.body(1) === 'hi STILL', 'the echo');
  });

  it('carries messages of any size both ways, with a real server', async () => {
    const http = createServer();
    const server = new WebSocketServer({ server: http, maxPayload: 100_000_000 });
    let protocol: string | undefined;
    server.on('connection', (socket, request: IncomingMessage) => {
      protocol = request.headers['x-forwarded-proto'] as string;
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    proxy = await startProxy(() => {}, {
      dynamic: `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ url: "${url}" }] } } }`,
    });
    const session = connect(`http://127.0.0.1:${proxy.port}`, { maxSessionMemory: 1_000 });
    try {
      await once(session, 'remoteSettings');
      const stream = session.request({
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': '/chat',
        'sec-websocket-version': '13',
      });
      const [headers] = await once(stream, 'response');
      assert.equal(headers[':status'], 200);
      assert.equal(headers['sec-websocket-accept'], undefined);
      const messages = readMessages(stream);
      for (const bytes of [0, 1, 125, 126, 70_000, 20_000_000]) {
        const sent = Buffer.alloc(bytes, bytes % 251);
        stream.write(maskedFrame(TEXT_OPCODE + 1, sent));
        const { value } = await messages.next();
        assert.ok(sent.equals(value!), `${bytes} bytes`);
      }
      stream.end(maskedFrame(CLOSE_OPCODE, Buffer.of(3, 232)));
      await messages.next();
      assert.equal((await messages.next()).done, true);
      assert.equal(protocol, 'ws');
      await proxy.untilQuiet();
      await proxy.server.until(() => proxy!.dataplane.bufferedBytes === 0, 'the end of all buffers');
    } finally {
      session.destroy();
      server.close();
      http.closeAllConnections();
      http.close();
    }
  });
});

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = 0x80 | opcode;
  let length = 2;
  if (payload.length < 126) head[1] = 0x80 | payload.length;
  else if (payload.length < 65_536) {
    head[1] = 0x80 | 126;
    length += head.writeUInt16BE(payload.length, 2) - 2;
  } else {
    head[1] = 0x80 | 127;
    length = head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  const mask = randomBytes(4);
  const masked = Buffer.from(payload);
  for (let i = 0; i < masked.length; i++) masked[i] = payload[i]! ^ mask[i & 3]!;
  return Buffer.concat([head.subarray(0, length), mask, masked]);
}

/** Payloads of the frames of a server, which are whole messages here. */
async function* readMessages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let received = Buffer.alloc(0);
  const pieces: Buffer[] = [];
  let missing = 2;
  for await (const piece of stream) {
    pieces.push(piece);
    missing -= piece.length;
    if (missing > 0) continue;
    received = Buffer.concat([received, ...pieces.splice(0)]);
    for (;;) {
      const end = endOfFrame(received);
      missing = Math.max(1, end - received.length);
      if (received.length < end) break;
      yield received.subarray(headLength(received), end);
      received = received.subarray(end);
    }
  }
}

function headLength(bytes: Buffer): number {
  const short = bytes[1]! & 0x7f;
  if (short < 126) return 2;
  return short === 126 ? 4 : 10;
}

function endOfFrame(bytes: Buffer): number {
  if (bytes.length < 2) return 2;
  const head = headLength(bytes);
  if (bytes.length < head) return head;
  if (head === 2) return head + (bytes[1]! & 0x7f);
  return head + (head === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2)));
}
