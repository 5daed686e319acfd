// PROXY headers between our codec and HAProxy, in both directions: it reads what we write and writes what we read.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { startHaproxy } from '../../../../test/support/haproxy-server.ts';
import type { ProxyHeader } from './proxy-header.ts';
import { writeProxyV1, writeProxyV2 } from './proxy-header-writer.ts';
import { findProxyTlv, ProxyTlvType, proxyTlvValueBytes } from './proxy-tlv.ts';
import { addresses, ends, parse } from './test-support.ts';

const REQUEST = 'GET / HTTP/1.0\r\n\r\n';
const LIMIT_MS = 60_000;

/** A server that tells the first bytes of each connection, up to the request in them. */
async function startListener(context: TestContext): Promise<{ port: number; next: () => Promise<Buffer> }> {
  const waiting: ((bytes: Buffer) => void)[] = [];
  const server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      if (!received.includes('\r\n\r\n', received.indexOf('GET '))) return;
      socket.end('HTTP/1.0 200 OK\r\n\r\n');
      waiting.shift()?.(received);
    });
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const next = (): Promise<Buffer> => new Promise((resolve) => waiting.push(resolve));
  return { port: (server.address() as AddressInfo).port, next };
}

/** What the server behind HAProxy is sent when this comes in front of a request. */
async function ask(port: number, listener: { next: () => Promise<Buffer> }, header: Uint8Array): Promise<Buffer> {
  const arrived = listener.next();
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(LIMIT_MS, () => socket.destroy());
  socket.resume().write(Buffer.concat([header, Buffer.from(REQUEST)]));
  await once(socket, 'close');
  return arrived;
}

function read(bytes: Buffer): { header: ProxyHeader; bytes: Buffer } {
  const { result, header } = parse(bytes);
  assert.ok(result > 0, `${result}: ${bytes.toString('latin1')}`);
  assert.ok(bytes.subarray(result).toString('latin1').startsWith('GET / HTTP/1'));
  return { header, bytes };
}

const GIVEN = [
  addresses('192.0.2.1', 1025, '198.51.100.7', 443),
  addresses('2001:db8::1', 65535, '2001:db8:0:1::', 1),
  addresses('192.0.2.1', 1025, '2001:db8::1', 443),
];
const EXPECTED = [
  '192.0.2.1 1025 198.51.100.7 443',
  '2001:db8::1 65535 2001:db8:0:1:: 1',
  '192.0.2.1 1025 2001:db8::1 443',
];

function written(version: 1 | 2, index: number): Buffer {
  const room = Buffer.alloc(200);
  const write = version === 1 ? writeProxyV1 : writeProxyV2;
  return room.subarray(0, write(room, 0, GIVEN[index]!));
}

for (const version of [1, 2] as const) {
  test(`version ${version}: HAProxy reads what we write, and we read what it writes`, {
    timeout: 90_000,
  }, async (t) => {
    const listener = await startListener(t);
    const words = { bind: 'accept-proxy', server: version === 1 ? 'send-proxy' : 'send-proxy-v2' };
    const port = await startHaproxy(t, listener.port, [], words);
    for (const index of EXPECTED.keys()) {
      for (const ours of [1, 2] as const) {
        const { header } = read(await ask(port, listener, written(ours, index)));
        assert.deepEqual([header.version, ends(header)], [version, EXPECTED[index]]);
      }
    }
  });
}

test('its checksum and extensions of version 2', { timeout: 30_000 }, async (t) => {
  const listener = await startListener(t);
  const directives = ['unique-id-format name-%ci'];
  const server = 'send-proxy-v2 proxy-v2-options crc32c,unique-id';
  const port = await startHaproxy(t, listener.port, directives, { server });
  const { header, bytes } = read(await ask(port, listener, new Uint8Array(0)));
  assert.match(ends(header), new RegExp(`^127.0.0.1 \\d+ 127.0.0.1 ${port}$`));
  const find = (type: number): number => findProxyTlv(bytes, header.tlvOffset, header.tlvBytes, type);
  const id = find(ProxyTlvType.UNIQUE_ID);
  assert.equal(bytes.toString('latin1', id, id + proxyTlvValueBytes(bytes, id)), 'name-127.0.0.1');
  const sum = find(ProxyTlvType.CRC32C);
  assert.ok(sum > 0);
  bytes[sum] ^= 1;
  assert.ok(parse(bytes).result < 0);
});
