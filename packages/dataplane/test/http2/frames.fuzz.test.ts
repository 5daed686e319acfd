// Random clients of HTTP/2 against the whole data path: right frames and wrong ones, in any order, on many streams, with servers that
// do what they like. Answers that come whole are right; in the end nothing is left. A failure names its seed (FUZZ_SEED repeats it).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import { FrameFlag, FrameType } from '@sluice/protocols';
import { FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawConnection } from '../../src/testing/raw-server.ts';
import { fuzzBudgetMs } from '../../src/testing/schedule/fuzz-budget.ts';

const CLIENTS = 8;
const STEPS = 60;
const BYTES = Buffer.alloc(300_000, 'some bytes of a body, ');

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 16)) >>> 0) % below;
  };
}

/** Answers a head by what its path says, as soon as it comes: `/size/manner`. */
function answer({ socket }: RawConnection, chunk: string): void {
  for (const [text, size, manner] of chunk.matchAll(/(?:GET|POST) \/(\d+)\/(\w+) HTTP\/1\.1\r\n[\s\S]*?\r\n\r\n/g)) {
    const body = BYTES.subarray(0, Number(size));
    if (manner === 'length') socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
    if (manner === 'chunks') {
      socket.write('HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      if (body.length > 0) socket.write(`${body.length.toString(16)}\r\n`);
    }
    if (manner === 'cut') socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length + 1}\r\n\r\n`);
    if (manner === 'reset') socket.resetAndDestroy();
    if (manner === 'switch') socket.write(switchFor(text));
    if (manner === 'silent' || manner === 'reset') continue;
    socket.write(body);
    if (manner === 'chunks') socket.write(`${body.length > 0 ? '\r\n' : ''}0\r\nX-Sum: 1\r\n\r\n`);
    if (manner === 'cut' || manner === 'switch') socket.end();
  }
}

function switchFor(head: string): string {
  const key = /\r\nSec-WebSocket-Key: (\S+)\r\n/.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

const MANNERS = ['length', 'length', 'chunks', 'chunks', 'cut', 'reset', 'silent', 'switch'];
const CONTROL = [
  FrameType.PRIORITY,
  FrameType.SETTINGS,
  FrameType.PING,
  FrameType.GOAWAY,
  FrameType.WINDOW_UPDATE,
  0x42,
];

/** One client from its preface to its end; `expected`: what its streams should get, by identifier. */
async function runClient(
  port: number,
  random: Random,
): Promise<{ client: FrameClient; expected: Map<number, number> }> {
  const client = await FrameClient.open(port, random(2) === 0 ? [] : [4, random(100_000)]);
  const expected = new Map<number, number>();
  /** Whose request is not complete. */
  const open: number[] = [];
  let last = -1;
  const request = () => {
    last += 2;
    const manner = MANNERS[random(MANNERS.length)]!;
    const size = random(4) === 0 ? random(BYTES.length) : random(2_000);
    const isTunnel = random(10) === 0;
    const method = isTunnel ? 'CONNECT' : random(2) === 0 ? 'POST' : 'GET';
    const more: Record<string, string> = isTunnel ? { ':protocol': 'websocket' } : {};
    const ends = !isTunnel && random(2) === 0;
    client.compressed(last, requestFields({ ':method': method, ':path': `/${size}/${manner}`, ...more }), ends);
    if (!ends) open.push(last);
    if (manner === 'length' && !isTunnel) expected.set(last, size);
  };
  for (let step = 0; step < STEPS && !client.ended; step++) {
    const some = 1 + 2 * random(Math.max(1, (last + 1) / 2));
    const at = random(open.length + 1);
    // Now and then on a stream that has no place for it.
    const unended = open[at] ?? (random(40) === 0 ? some : undefined);
    const what = random(100);
    if (what < 40 || last === -1) request();
    else if (what < 60 && unended !== undefined) {
      const ends = random(3) === 0;
      client.data(unended, BYTES.subarray(0, random(3_000)), ends);
      if (ends) open.splice(at, 1);
    } else if (what < 63 && unended !== undefined) {
      client.headers(unended, [['x-trailer', 'y']], random(10) > 0);
      open.splice(at, 1);
    } else if (what < 75) client.windowUpdate(random(2) === 0 ? 0 : some, 1 + random(200_000));
    else if (what < 80) {
      client.reset(some, random(14));
      if (open.includes(some)) open.splice(open.indexOf(some), 1);
    } else if (what < 86)
      client.frame(FrameType.SETTINGS, 0, 0, Buffer.of(0, 4, 0, random(4), random(256), random(256)));
    else if (what < 90) client.frame(FrameType.PING, random(2), 0, Buffer.alloc(8));
    else if (what < 99) await new Promise((resolve) => setTimeout(resolve, random(4)));
    else if (random(4) === 0) {
      const payload = Buffer.from(Array.from({ length: random(20) }, () => random(256)));
      client.frame(CONTROL[random(CONTROL.length)]!, random(256), random(3), payload);
    }
  }
  return { client, expected };
}

function checkAnswers(client: FrameClient, expected: ReadonlyMap<number, number>): number {
  let whole = 0;
  for (const [id, size] of expected) {
    if (client.status(id) !== '200') continue;
    const body = client.body(id);
    assert.ok(BYTES.toString('latin1').startsWith(body), `stream ${id}`);
    const ended = client
      .of(id)
      .some(({ type, flags }) => type <= FrameType.HEADERS && (flags & FrameFlag.END_STREAM) !== 0);
    if (!ended) continue;
    assert.equal(body.length, size, `stream ${id}`);
    whole++;
  }
  return whole;
}

async function runRound(proxy: ProxyUnderTest, seed: number): Promise<number> {
  const random = randomFrom(seed);
  const runs = await Promise.all(
    Array.from({ length: CLIENTS }, () => runClient(proxy.port, randomFrom(random(2 ** 31)))),
  );
  // Until nothing comes any more: some of what was asked for never will.
  for (let before = -1, frames = 0; frames > before; ) {
    before = frames;
    await new Promise((resolve) => setTimeout(resolve, 50));
    frames = runs.reduce((sum, { client }) => sum + client.frames.length, 0);
  }
  let whole = 0;
  for (const { client, expected } of runs) {
    whole += checkAnswers(client, expected);
    client.close();
  }
  await proxy.untilQuiet();
  await proxy.server.until(() => proxy.dataplane.bufferedBytes === 0, 'the end of all buffers');
  assert.equal(proxy.dataplane.refusedCommands, 0);
  return whole;
}

it('random clients get right answers or none, and nothing is left of them', async (t) => {
  const until = Date.now() + fuzzBudgetMs();
  const proxy = await startProxy(answer);
  const totals = { rounds: 0, whole: 0 };
  let seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  try {
    do {
      try {
        totals.whole += await runRound(proxy, seed);
      } catch (error) {
        throw new Error(`FUZZ_SEED=${seed}`, { cause: error });
      }
      totals.rounds++;
      seed++;
    } while (Date.now() < until);
  } finally {
    await proxy.close();
  }
  t.diagnostic(JSON.stringify(totals));
  assert.ok(totals.whole > totals.rounds, JSON.stringify(totals));
});
