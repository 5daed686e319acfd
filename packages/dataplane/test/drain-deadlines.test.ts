// When a worker leaves, requests and tunnels of an entry point have times of their own, over HTTP/1 and HTTP/2.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, it } from 'node:test';
import { FrameType } from '@sluice/protocols';
import { FrameClient, requestFields } from '../src/testing/frame-client.ts';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../src/testing/raw-server.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const SHORT_MS = 200;
const LONG_MS = 60_000;

let proxy: ProxyUnderTest;
let frames: FrameClient | undefined;
afterEach(async () => {
  frames?.close();
  frames = undefined;
  await proxy.close();
});

/** Switches and echoes; answers nothing else. */
const server: RawHandler = ({ socket }, chunk) => {
  const key = /\r\nSec-WebSocket-Key: (\S+)\r\n/i.exec(chunk)?.[1];
  if (chunk.startsWith('GET /slow')) return;
  if (key === undefined) {
    socket.write(chunk);
    return;
  }
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
  socket.write(`${head}Sec-WebSocket-Accept: ${accept}\r\n\r\n`);
};

const UPGRADE =
  'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';
const SLOW = 'GET /slow HTTP/1.1\r\nHost: h\r\n\r\n';
const CONNECT = requestFields({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/ws' });

/** Over HTTP/1 a tunnel and a request; over HTTP/2 both on one connection, streams 1 and 3. */
async function busy(lifeCycle: { graceTimeOut: number; tunnelGraceTimeOut?: number }) {
  proxy = await startProxy(server, { lifeCycle });
  const tunnel = await proxy.client();
  tunnel.write(UPGRADE);
  await tunnel.untilText('\r\n\r\n');
  const request = await proxy.client();
  request.write(SLOW);
  frames = await FrameClient.open(proxy.port);
  frames.headers(1, CONNECT, false).headers(3, requestFields({ ':path': '/slow' }));
  await frames.until(() => frames!.of(1, FrameType.HEADERS).length === 1, 'the switch');
  await proxy.server.until(({ received }) => received.split('GET /slow').length === 3, 'both requests');
  return { tunnel, request, frames };
}

it('requests end at theirs, tunnels live on to theirs', async () => {
  const { tunnel, request, frames } = await busy({ graceTimeOut: SHORT_MS, tunnelGraceTimeOut: LONG_MS });
  const drained = proxy.dataplane.drain(0, 2 * LONG_MS);
  await request.untilEnd();
  await frames.until(() => frames.of(3, FrameType.RST_STREAM).length === 1, 'the end of the request');
  tunnel.write('still there');
  await tunnel.untilText('still there');
  frames.data(1, 'here too');
  await frames.until(() => frames.body(1) === 'here too', 'the echo');
  // Either side may leave its half of a tunnel open.
  for (const { socket } of [...proxy.server.connections, tunnel]) socket.destroy();
  frames.close();
  await drained;
});

it('tunnels end at theirs, requests live on to theirs', async () => {
  const { tunnel, request, frames } = await busy({ graceTimeOut: LONG_MS, tunnelGraceTimeOut: SHORT_MS });
  const drained = proxy.dataplane.drain(0, 2 * LONG_MS);
  await tunnel.untilEnd();
  await frames.until(() => frames.of(1, FrameType.RST_STREAM).length === 1, 'the end of the tunnel');
  assert.equal(request.ended, false);
  assert.equal(frames.of(3, FrameType.RST_STREAM).length, 0);
  request.socket.destroy();
  frames.close();
  await drained;
});

it('without one of their own tunnels have that of requests, and all have no more than the whole', async () => {
  const { tunnel, request } = await busy({ graceTimeOut: SHORT_MS });
  await proxy.dataplane.drain(0, LONG_MS);
  await Promise.all([tunnel.untilEnd(), request.untilEnd()]);
  await proxy.close();
  const later = await busy({ graceTimeOut: LONG_MS });
  await proxy.dataplane.drain(0, SHORT_MS);
  await Promise.all([later.tunnel.untilEnd(), later.request.untilEnd()]);
  assert.equal(proxy.exchangeCount, 0);
});
