// A worker keeps a bounded number of bytes for its peers. Beyond that, who wants to leave more is turned away, the longest
// unfinished heads go, new clients are not taken, slow readers get less; small requests of others are served all the time.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { plainAnswer, Verdict } from '@sluice/middlewares';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';
import { answerHeads, type RawConnection } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const MIB = 1 << 20;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** A head that never ends. */
const unfinished = (bytes: number) => `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(bytes)}`;

const kept = () => proxy!.dataplane.bufferedBytes;
const untilKept = (bytes: number) => proxy!.server.until(() => kept() <= bytes, `${bytes} bytes kept`);

async function clients(count: number): Promise<RawClient[]> {
  return Promise.all(Array.from({ length: count }, () => proxy!.client()));
}

/** Chunks without end, as fast as they are taken. */
function endless({ socket }: RawConnection): void {
  socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `2000\r\n${'x'.repeat(0x2000)}\r\n`;
  const push = () => {
    while (!socket.destroyed) if (!socket.write(chunk)) return void socket.once('drain', push);
  };
  push();
}

describe('long heads in pieces', () => {
  it('are kept up to the bound; beyond it whoever sends more of them gets 503', async () => {
    proxy = await startProxy(answerHeads(OK), { bufferedBytesMax: MIB });
    const [steady] = await clients(1);
    const greedy = await clients(20);
    let most = 0;
    for (let round = 0; round < 30; round++) {
      for (const client of greedy) if (!client.ended) client.write(round === 0 ? unfinished(8_000) : 'x'.repeat(8_000));
      await pause(5);
      most = Math.max(most, kept());
      if (round % 10 !== 0) continue;
      steady!.received = '';
      steady!.write(GET);
      await steady!.untilText('ok');
    }
    const refused = greedy.filter(({ received }) => received.startsWith('HTTP/1.1 503 '));
    assert.ok(refused.length > 0 && refused.length < greedy.length, `${refused.length} turned away`);
    // Buffers grow by doubling: the last one may have done so.
    assert.ok(most < 1.5 * MIB, `${most} bytes`);
    for (const client of greedy) client.close();
    await untilKept(0);
  });

  it('go, the longest first, when others fill the room; small ones stay', async () => {
    proxy = await startProxy(endless, { bufferedBytesMax: MIB });
    const [reader, small, ...silent] = await clients(10);
    small!.write(unfinished(2_000));
    for (const [i, client] of silent.entries()) client.write(unfinished(50_000 + i * 1_000));
    await proxy.server.until(() => kept() > 8 * 100_000, 'the heads');
    reader!.socket.pause();
    reader!.write(GET);
    await silent.at(-1)!.untilText('HTTP/1.1 503 ');
    await untilKept(MIB);
    assert.equal(silent[0]!.received, '');
    reader!.socket.resetAndDestroy();
    small!.write('\r\n\r\n');
    await small!.untilText('200 OK');
  });

  it('of a server are not kept beyond it either', async () => {
    proxy = await startProxy(
      async ({ socket }, chunk) => {
        if (chunk.includes('/short')) socket.write(OK);
        else {
          socket.write('HTTP/1.1 200 OK\r\n');
          for (let i = 0; i < 200 && !socket.destroyed; i++) {
            socket.write(`X-${i}: ${'x'.repeat(4_000)}\r\n`);
            await pause(1);
          }
        }
      },
      { bufferedBytesMax: MIB / 4 },
    );
    const [client] = await clients(1);
    client!.write(GET);
    await client!.untilText('HTTP/1.1 503 ');
    await untilKept(0);
    client!.received = '';
    client!.write(GET.replace('/', '/short'));
    await client!.untilText('ok');
  });
});

describe('answers that nobody takes', () => {
  const CLIENTS = 24;

  async function keepMuch(count: number): Promise<RawClient[]> {
    const all = await clients(count);
    for (const client of all) {
      client.socket.pause();
      client.write(GET);
    }
    await proxy!.server.until(() => kept() > MIB, 'more than the bound');
    return all;
  }

  it('stop their servers earlier, and no new client is taken until there is room', async () => {
    proxy = await startProxy(endless, { bufferedBytesMax: MIB });
    const all = await keepMuch(CLIENTS);
    await pause(300);
    const most = MIB + CLIENTS * 128 * 1024;
    assert.ok(kept() < most, `${kept()} bytes`);
    const refused = await proxy.client().catch(() => undefined);
    await refused?.untilEnd();
    assert.equal(proxy.warnings[0]?.code, 'BUFFERS_EXHAUSTED');
    for (const client of all) client.socket.resetAndDestroy();
    await untilKept(0);
    const taken = await proxy.client();
    taken.write(GET);
    await taken.untilText('200 OK');
  });

  it('of our own count too, and are forgotten with their clients', async () => {
    const text = 'a'.repeat(16 * MIB);
    proxy = await startProxy(answerHeads(OK), {
      bufferedBytesMax: MIB,
      ...probes({
        own: {
          onRequest(exchange) {
            exchange.answer(plainAnswer(200, text));
            return Verdict.ANSWERED;
          },
        },
      }),
    });
    const all = await keepMuch(3);
    for (const client of all) client.close();
    await untilKept(0);
  });
});

it('nothing stays counted, whatever happens', async () => {
  const big = 'b'.repeat(40_000);
  proxy = await startProxy(
    (connection, chunk) => {
      if (chunk.includes('/pieces')) {
        connection.socket.write('HTTP/1.1 200 OK\r\nX: ');
        setTimeout(() => connection.socket.write(`${big}\r\nContent-Length: 2\r\n\r\nok`), 20);
      } else if (chunk.includes('/cut')) connection.socket.end('HTTP/1.1 200 OK\r\nX: y');
      else if (chunk.includes('/upgrade')) {
        connection.socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      } else answerHeads(OK)(connection, chunk);
    },
    { bufferedBytesMax: 64 * MIB, respondingTimeouts: { readTimeout: 200 } },
  );
  const upgrade = 'GET /upgrade HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
  const texts = [
    unfinished(100_000),
    unfinished(10),
    `GET / HTTP/1.1\r\nHost: h\r\nX: ${big}\r\n\r\n`,
    `${GET}${GET}${unfinished(5_000)}`,
    GET.replace('/', '/pieces'),
    GET.replace('/', '/cut'),
    `${upgrade}sent ahead`,
    `${GET.replace('/', '/pieces')}${GET.repeat(50)}`,
    `nonsense${big}\r\n\r\n`,
  ];
  for (const end of ['close', 'reset', 'wait'] as const) {
    const all = await clients(texts.length);
    for (const [i, client] of all.entries()) {
      client.write(texts[i]!.slice(0, 20));
      await pause(3);
      client.write(texts[i]!.slice(20));
    }
    await pause(end === 'wait' ? 400 : 30);
    for (const client of all) {
      if (end === 'reset') client.socket.resetAndDestroy();
      else client.close();
    }
    for (const connection of proxy.server.connections) connection.socket.destroy();
    await untilKept(0);
    await proxy.untilQuiet();
  }
});
