// Clients that do not finish their handshake, send something else, or come in crowds: bounded in time, bytes and number, and nobody
// else notices. Whatever happens, every count comes back to where it was.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type net from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { LIMIT_LABELS, MetricKind } from '@sluice/shared-state';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads } from '../../src/testing/raw-server.ts';
import { authority, material, NAME } from '../support/made-tls.ts';
import { ask, closeClients, rawSocket, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;
const ENTRY_POINT_ROW = 0;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function start(options: ProxyOptions = {}): Promise<void> {
  const limits = { maxConnections: 1000, maxConnectionsPerClient: 1000, ...options.limits };
  proxy = await startProxy(answerHeads(OK), { tls: material(), routerTls: '{}', metrics: {}, ...options, limits });
}

/** The first bytes of a client of Node's own TLS. */
async function clientHello(options: tls.ConnectionOptions = {}): Promise<Buffer> {
  let hello = Buffer.alloc(0);
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      hello = Buffer.concat([hello, chunk]);
      done();
    },
  });
  const client = tls.connect({ socket: wire, servername: NAME, ...options });
  client.on('error', () => {});
  await proxy.server.until(() => hello.length > 0, 'a hello');
  client.destroy();
  return hello;
}

/** Whether the end came with a reset. */
function end(socket: net.Socket): Promise<boolean> {
  socket.resume();
  return new Promise((resolve) => socket.on('close', resolve));
}

/** Nothing is left of clients that are gone: no connection, no place, no byte. */
async function untilNothingIsLeft(): Promise<void> {
  const { dataplane, limits, server } = proxy;
  await server.until(() => dataplane.descriptorCount === 0, 'the end of all connections');
  assert.equal(dataplane.connectionCount, 0);
  assert.equal(dataplane.bufferedBytes, 0);
  assert.equal(limits.entryPoints.sum(ENTRY_POINT_ROW), 0);
  assert.equal(counted(MetricKind.OPEN_CONNECTIONS), 0);
  assert.equal(dataplane.refusedCommands, 0);
}

function counted(kind: number, wanted = 0): number {
  const block = proxy.counted!;
  for (let row = 1; row < block.end; row++) {
    const key = block.key(row);
    if (block.isUsed(row) && key.kind === kind && key.labels === wanted) return block.value(row);
  }
  return 0;
}

const codes = () => proxy.details.map(({ code }) => code);

describe('a ClientHello', () => {
  it('may come in single bytes, and with what follows it', async () => {
    await start();
    const socket = await rawSocket(proxy.port);
    const wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        void (async () => {
          for (const byte of chunk) {
            socket.write(Buffer.from([byte]));
            await pause(0);
          }
          done();
        })();
      },
    });
    socket.on('data', (chunk: Buffer) => wire.push(chunk));
    const client = tls.connect({ socket: wire, servername: NAME, ca: authority.chain, maxVersion: 'TLSv1.2' });
    await once(client, 'secureConnect');
    assert.match(await ask(client, GET, 'ok'), / 200 /);
    client.destroy();
    socket.destroy();
    await proxy.server.until(() => proxy.dataplane.connectionCount === 1, 'the end of the client');
    assert.equal(proxy.dataplane.bufferedBytes, 0);
  });

  it('cut into records is one', async () => {
    await start();
    const hello = await clientHello();
    const message = hello.subarray(5);
    const records: Buffer[] = [];
    for (let at = 0; at < message.length; at += 100) {
      const part = message.subarray(at, at + 100);
      records.push(Buffer.from([0x16, 3, 1, 0, part.length]), part);
    }
    const socket = await rawSocket(proxy.port);
    socket.write(Buffer.concat(records));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.deepEqual([...answer.subarray(0, 2), answer[5]], [0x16, 3, 2], 'a ServerHello');
  });

  it('that never comes whole has its time, by readTimeout too', async () => {
    await start({ respondingTimeouts: { readTimeout: 400 } });
    const hello = await clientHello();
    const sockets = await Promise.all(
      [1, 5, 6, 100, hello.length - 1].map(async (length) => {
        const socket = await rawSocket(proxy.port);
        socket.write(hello.subarray(0, length));
        return end(socket);
      }),
    );
    assert.deepEqual(sockets, [true, true, true, true, true]);
    assert.deepEqual(codes(), new Array(5).fill('TLS_HANDSHAKE_TIMEOUT'));
    await untilNothingIsLeft();
  });

  it('that is answered and not gone on with has the same time', async () => {
    await start({ respondingTimeouts: { readTimeout: 400 } });
    const hello = await clientHello();
    const socket = await rawSocket(proxy.port);
    socket.write(hello);
    await once(socket, 'data');
    await end(socket);
    assert.deepEqual(codes(), ['TLS_HANDSHAKE_TIMEOUT']);
    await untilNothingIsLeft();
  });

  it('is not what garbage begins with: closed, and nothing is answered', async () => {
    await start();
    const hello = await clientHello();
    const broken = Buffer.from(hello);
    broken[50] ^= 0xff; // The length of the session identifier.
    broken[43] ^= 0xff;
    const garbage = [
      Buffer.from([0x16, 0x02]),
      Buffer.from([0x16, 3, 1, 0xff, 0xff]),
      Buffer.from('160301000402000000', 'hex'),
      Buffer.from('1603010001011503010001', 'hex'),
      Buffer.from(`\x16${'x'.repeat(3000)}`, 'latin1'),
      broken,
    ];
    for (const bytes of garbage) {
      const socket = await rawSocket(proxy.port);
      let received = 0;
      socket.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      socket.write(bytes);
      await once(socket, 'end');
      socket.destroy();
      assert.equal(received, 0, bytes.toString('hex', 0, 20));
    }
    assert.deepEqual(
      codes(),
      garbage.map(() => 'TLS_HELLO_INVALID'),
    );
    await untilNothingIsLeft();
  });

  it('may be large, and not larger than it may be', async () => {
    await start();
    const ALPNProtocols = Array.from({ length: 70 }, (_, index) => `${index}`.padEnd(200, 'x'));
    const socket = await secured(proxy.port, { ALPNProtocols: [...ALPNProtocols, 'http/1.1'] });
    assert.equal(socket.alpnProtocol, 'http/1.1');
    const huge = await rawSocket(proxy.port);
    huge.write(Buffer.from('16030140000100500003', 'hex'));
    await once(huge.resume(), 'end');
    assert.deepEqual(codes(), ['TLS_HELLO_INVALID']);
  });

  it('kept in pieces is counted among what the worker keeps, and given up when that is too much', async () => {
    await start({ bufferedBytesMax: 256 * 1024 });
    const sockets = await Promise.all(Array.from({ length: 30 }, () => rawSocket(proxy.port)));
    const head = Buffer.from('16030130070100300303', 'hex');
    const part = Buffer.concat([head, Buffer.alloc(9_000)]);
    for (const socket of sockets) {
      socket.write(part.subarray(0, 20));
      await pause(5);
      socket.write(part.subarray(20));
    }
    await proxy.server.until(() => codes().includes('BUFFERS_EXHAUSTED'), 'somebody given up');
    assert.ok(proxy.dataplane.bufferedBytes > 0);
    for (const socket of sockets) socket.destroy();
    await untilNothingIsLeft();
  });
});

describe('a request over TLS that is cut', () => {
  it('by a FIN without close_notify is never taken for a whole one', async () => {
    await start();
    const raw = await rawSocket(proxy.port);
    const client = tls.connect({ socket: raw, servername: NAME, ca: authority.chain });
    client.on('error', () => {});
    await once(client, 'secureConnect');
    client.write(`POST / HTTP/1.1\r\nHost: ${NAME}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`);
    await proxy.server.untilText('hello');
    raw.destroy();
    await proxy.server.until(({ connections }) => connections[0].ended, 'the end at the server');
    assert.doesNotMatch(proxy.server.received, /0\r\n\r\n$/);
    await proxy.untilQuiet();
    await untilNothingIsLeft();
  });
});

describe('handshakes', () => {
  it('under way are limited: who comes beyond is cut off, said once, counted, and may come again', async () => {
    await start({ tlsBounds: { handshakesMax: 4 } });
    const hello = await clientHello();
    const waiting = await Promise.all(Array.from({ length: 4 }, () => rawSocket(proxy.port)));
    for (const socket of waiting) {
      socket.write(hello);
      await once(socket, 'data');
    }
    for (let i = 0; i < 5; i++) {
      const socket = await rawSocket(proxy.port);
      socket.write(hello);
      assert.equal(await end(socket), true);
    }
    assert.equal(counted(MetricKind.ENTRY_POINT_LIMIT_REACHED, LIMIT_LABELS.indexOf('tlsHandshakes')), 5);
    assert.deepEqual(
      proxy.warnings.map(({ code }) => code),
      ['TLS_HANDSHAKES_EXCEEDED'],
    );
    waiting[0].destroy();
    await proxy.server.until(() => proxy.dataplane.connectionCount === 3, 'a place');
    assert.match(await ask(await secured(proxy.port), GET, 'ok'), / 200 /);
  });

  it('may be left in every state', async () => {
    await start();
    const hello = await clientHello();
    for (let round = 0; round < 60; round++) {
      const socket = await rawSocket(proxy.port);
      socket.write(hello.subarray(0, 1 + ((round * 37) % hello.length)));
      if (round % 3 === 0) socket.write(hello.subarray(1 + ((round * 37) % hello.length)));
      if (round % 2 === 0) await pause(round % 5);
      if (round % 4 === 0) socket.resetAndDestroy();
      else if (round % 4 === 1) socket.end();
      else socket.destroy();
    }
    closeClients();
    await untilNothingIsLeft();
  });

  it('that fail leave nothing behind, also when the client says why', async () => {
    await start();
    for (const options of [{ ca: [] }, { ecdhCurve: 'P-521' }, { maxVersion: 'TLSv1.1' }] as tls.ConnectionOptions[]) {
      await assert.rejects(secured(proxy.port, { minVersion: 'TLSv1.1', ...options }));
    }
    closeClients();
    await untilNothingIsLeft();
    assert.ok(codes().filter((code) => code === 'TLS_HANDSHAKE_FAILED').length >= 2);
  });

  it('under way do not keep a worker from leaving longer than its deadline', async () => {
    await start();
    const hello = await clientHello();
    const socket = await rawSocket(proxy.port);
    socket.write(hello);
    await once(socket, 'data');
    const before = performance.now();
    await proxy.dataplane.drain(0, 300);
    // Less than the handshake has without a worker that leaves.
    assert.ok(performance.now() - before < 30_000);
    assert.equal(proxy.dataplane.connectionCount, 0);
  });
});
