// Every case of cases/requests.txt through the whole data path: whole, byte by byte, and cut at every border, each time with
// the server's bytes compared.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bordersOf } from '../src/testing/borders.ts';
import { type ByteCase, readCases, SECOND } from '../src/testing/case-file.ts';
import { CaseServer, type ServerManner } from '../src/testing/case-server.ts';
import { joinChunks } from '../src/testing/join-chunks.ts';
import { withOwnFields } from '../src/testing/own-fields.ts';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';

/** Long enough for bytes that must not come: they would come over loopback, at once. */
const QUIET_MS = 5;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const PLAIN = ['POST / HTTP/1.1\r\nHost: h\r\n', 'GET / HTTP/1.1\r\nHost: h\r\n', SECOND];

const cases = readCases('requests');

describe('requests, byte for byte', () => {
  const origin = new CaseServer();
  let proxy: ProxyUnderTest;
  before(async () => {
    proxy = await startProxy(origin.handler);
  });
  after(() => proxy.close());

  for (const each of cases) {
    it(`${each.id}: ${each.title}`, async () => {
      await run(proxy, origin, each, [each.sent]);
      await run(proxy, origin, each, [...each.sent]);
      for (const at of bordersOf(each.sent, PLAIN)) {
        await run(proxy, origin, each, [each.sent.slice(0, at), each.sent.slice(at)]);
      }
    });
  }
});

async function run(proxy: ProxyUnderTest, origin: CaseServer, each: ByteCase, pieces: readonly string[]) {
  // What is left of the run before: a connection that it spoilt, or one that is kept.
  await proxy.untilQuiet();
  origin.begin((each.settings.get('server') ?? 'complete') as ServerManner);
  const client = await proxy.client();
  for (const piece of pieces) {
    client.write(piece);
    for (let i = 0; i < 2; i++) await turn();
  }
  await untilAnswered(client, each);
  const where = `in ${pieces.length} pieces: ${JSON.stringify(pieces[0]!.slice(-30))} …`;
  if (each.settings.get('answer')!.endsWith('open')) {
    await pause(QUIET_MS);
    assert.equal(client.ended, false, `the connection stays open, ${where}`);
  }
  compareAnswers(client, each, where);
  const used = [...origin.connections];
  if (each.settings.get('answer')!.endsWith('cut')) {
    // Otherwise the rest of another request could become the rest of this one.
    await proxy.server.until(() => used.every(({ ended }) => ended), 'the end of the connection to the server');
  }
  compareReceived(proxy, origin, each, pieces.length === 1, where);
  client.close();
  // A tunnel ends when both sides have.
  if (origin.manner === 'switch') for (const { socket } of proxy.server.connections) socket.destroy();
}

async function untilAnswered(client: RawClient, { settings }: ByteCase): Promise<void> {
  const answer = settings.get('answer')!;
  if (!answer.endsWith('open')) await client.untilEnd();
  else {
    const last = answer.split(' ').at(-2)!;
    const finals = answer.split(' ').filter((status) => /^[1-9]\d\d$/.test(status)).length;
    await client.until(() => statusesOf(client.received).filter((status) => status !== '100').length === finals, last);
  }
}

function statusesOf(received: string): string[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status!);
}

function compareAnswers({ received }: RawClient, { settings }: ByteCase, where: string): void {
  const expected = settings.get('answer')!.split(' ').slice(0, -1);
  const optional = expected.includes('100?');
  const statuses = statusesOf(received).filter((status) => !(optional && status === '100'));
  const wanted = expected.filter((status) => status !== '100?');
  assert.deepEqual(statuses, wanted, where);
}

function compareReceived(proxy: ProxyUnderTest, origin: CaseServer, each: ByteCase, whole: boolean, where: string) {
  const expected = withOwnFields(each.expected).replaceAll('{server}', new URL(proxy.server.url).host);
  const { received } = origin;
  if (each.settings.get('answer')!.endsWith('cut')) {
    const joined = joinChunks(received);
    assert.ok(joinChunks(expected).startsWith(joined), `${where}\n${JSON.stringify(received)}`);
  } else if (whole) assert.equal(received, expected, where);
  else assert.equal(joinChunks(received), joinChunks(expected), where);
}
