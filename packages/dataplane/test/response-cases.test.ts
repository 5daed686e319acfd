// Every case of cases/responses.txt through the whole data path: whole with the next request already waiting, byte by byte, and cut
// at every border, each time with the client's bytes compared, and with a look at who serves the next request.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bordersOf } from '../src/testing/borders.ts';
import { type ByteCase, readCases } from '../src/testing/case-file.ts';
import { joinChunks } from '../src/testing/join-chunks.ts';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';
import type { RawConnection } from '../src/testing/raw-server.ts';

const NEXT = 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n';
const NEXT_ANSWER = 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 4\r\n\r\nnext';
const BEGINNING = 'HTTP/1.1 200 OK\r\nDate: x\r\n';
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Answers the first request of a case in pieces, and requests for /next. */
class HostileServer {
  pieces: readonly string[] = [];
  ends = false;
  /** The connection of the first request, and of the next one. */
  first: RawConnection | undefined;
  next: RawConnection | undefined;
  /** Everything has been written. */
  done = false;

  readonly handler = (connection: RawConnection, chunk: string) => {
    if (chunk.includes('GET /next ')) {
      this.next = connection;
      connection.socket.write(NEXT_ANSWER);
    } else if (chunk.includes(' /first ')) {
      this.first = connection;
      void this.answer(connection);
    }
  };

  private async answer({ socket }: RawConnection): Promise<void> {
    for (const [index, piece] of this.pieces.entries()) {
      if (index > 0) for (let i = 0; i < 2; i++) await turn();
      socket.write(Buffer.from(piece, 'latin1'));
    }
    if (this.ends) socket.end();
    this.done = true;
  }
}

describe('responses, byte for byte', () => {
  const server = new HostileServer();
  let proxy: ProxyUnderTest;
  before(async () => {
    proxy = await startProxy(server.handler);
  });
  after(() => proxy.close());

  for (const each of readCases('responses')) {
    it(`${each.id}: ${each.title}`, async () => {
      await run(proxy, server, each, [each.sent]);
      await run(proxy, server, each, [...each.sent]);
      for (const at of bordersOf(each.sent, [BEGINNING])) {
        await run(proxy, server, each, [each.sent.slice(0, at), each.sent.slice(at)]);
      }
    });
  }
});

async function run(proxy: ProxyUnderTest, server: HostileServer, each: ByteCase, pieces: readonly string[]) {
  await proxy.untilQuiet();
  const whole = pieces.length === 1;
  const after = each.settings.get('after')!;
  Object.assign(server, { pieces, ends: each.settings.has('ends'), first: undefined, next: undefined, done: false });
  const client = await proxy.client();
  client.write(requestOf(each) + (whole ? NEXT : ''));
  const where = `in ${pieces.length} pieces: ${JSON.stringify(pieces[0]!.slice(-30))} …`;
  if (after === 'cut' || after === 'ended') await client.untilEnd();
  else await serveNext(proxy, server, each, client, whole);
  compare(client, each, whole, where);
  if (after === 'kept') assert.equal(server.next, server.first, `the connection serves on, ${where}`);
  else assert.notEqual(server.next, server.first, `the connection serves no other, ${where}`);
  client.close();
}

function requestOf({ settings }: ByteCase): string {
  const [method, manner] = (settings.get('request') ?? 'GET').split(' ');
  const upgrade = manner === 'upgrade' ? 'Connection: Upgrade\r\nUpgrade: echo\r\n' : '';
  return `${method} /first HTTP/${manner === '1.0' ? '1.0' : '1.1'}\r\nHost: h\r\n${upgrade}\r\n`;
}

async function serveNext(
  proxy: ProxyUnderTest,
  server: HostileServer,
  each: ByteCase,
  client: RawClient,
  whole: boolean,
) {
  if (!whole) {
    await proxy.server.until(() => server.done, 'the whole answer');
    const { first } = server;
    // Only then is it sure that what is too much is not taken for the answer to the next request.
    if (each.settings.get('after') === 'closed')
      await proxy.server.until(() => first!.ended, 'the end of the connection');
    else await proxy.untilQuiet();
    client.write(NEXT);
  }
  await client.until((received) => received.endsWith(NEXT_ANSWER), 'the next answer');
}

function compare({ received }: RawClient, each: ByteCase, whole: boolean, where: string): void {
  const after = each.settings.get('after')!;
  const expected = withOwnAnswers(each.expected) + (after === 'cut' || after === 'ended' ? '' : NEXT_ANSWER);
  const got = received.replace(/Date: [A-Z][a-z]{2}, [^\r]* GMT\r\n/g, 'Date: now\r\n');
  if (after === 'cut') {
    assert.ok(joinChunks(expected).startsWith(joinChunks(got)), `${where}\n${JSON.stringify(got)}`);
  } else if (whole) assert.equal(got, expected, where);
  else assert.equal(joinChunks(got), joinChunks(expected), where);
}

function withOwnAnswers(text: string): string {
  return text
    .replace(
      '{500}',
      'HTTP/1.1 500 Internal Server Error\r\nDate: now\r\nContent-Length: 21\r\n\r\nInternal Server Error',
    )
    .replace('{502}', 'HTTP/1.1 502 Bad Gateway\r\nDate: now\r\nContent-Length: 11\r\n\r\nBad Gateway');
}
