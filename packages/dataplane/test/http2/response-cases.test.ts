// Every case of cases/responses.txt whose client may as well speak HTTP/2: the same statuses, fields, bodies and trailers come as
// frames, what is cut off over HTTP/1 is a reset here, and the server's connection is kept or not all the same.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FrameType, Http2ErrorCode } from '@sluice/protocols';
import { type ByteCase, readCases } from '../../src/testing/case-file.ts';
import { FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { joinChunks } from '../../src/testing/join-chunks.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import type { RawConnection } from '../../src/testing/raw-server.ts';

const NEXT = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext';
const OWN_ANSWERS: Readonly<Record<string, string>> = {
  '{500}': 'HTTP/1.1 500 Internal Server Error\r\nContent-Length: 21\r\n\r\nInternal Server Error',
  '{502}': 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 11\r\n\r\nBad Gateway',
};
/** Of HTTP/1 only, or different each time. */
const LEFT_OUT = /^(connection|transfer-encoding|date):/;
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Answer {
  readonly statuses: readonly string[];
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

describe('responses over HTTP/2', () => {
  let proxy: ProxyUnderTest;
  let client: FrameClient;
  let id = -1;
  let pieces: readonly string[] = [];
  let ends = false;
  let first: RawConnection | undefined;
  let next: RawConnection | undefined;
  let done = false;

  before(async () => {
    proxy = await startProxy(async (connection, chunk) => {
      if (chunk.includes(' /next ')) {
        next = connection;
        connection.socket.write(NEXT);
      } else if (chunk.includes(' /first ')) {
        first = connection;
        for (const piece of pieces) {
          connection.socket.write(Buffer.from(piece, 'latin1'));
          if (pieces.length > 1) for (let i = 0; i < 2; i++) await turn();
        }
        if (ends) connection.socket.end();
        done = true;
      }
    });
    client = await FrameClient.open(proxy.port);
  });
  after(async () => {
    client.close();
    await proxy.close();
  });

  for (const each of readCases('responses')) {
    const [method = 'GET', manner] = (each.settings.get('request') ?? 'GET').split(' ');
    if (manner !== undefined) continue;
    it(`${each.id}: ${each.title}`, async () => {
      for (const cut of [[each.sent], [...each.sent]]) {
        pieces = cut;
        ends = each.settings.has('ends');
        first = undefined;
        next = undefined;
        done = false;
        await proxy.untilQuiet();
        id += 2;
        client.headers(id, requestFields({ ':method': method, ':path': '/first' }));
        await client.untilOver(id);
        compare(client, id, each);
        await proxy.server.until(() => done, 'the whole answer');
        await serveNext(each);
      }
    });
  }

  async function serveNext(each: ByteCase): Promise<void> {
    const kept = each.settings.get('after') === 'kept';
    if (kept) await proxy.untilQuiet();
    else await proxy.server.until(() => first!.ended, 'the end of the connection to the server');
    id += 2;
    client.headers(id, requestFields({ ':path': '/next' }));
    await client.untilOver(id);
    assert.equal(client.body(id), 'next');
    assert.equal(next === first, kept, 'who serves the next request');
  }
});

function compare(client: FrameClient, id: number, each: ByteCase): void {
  const expected = answerOf(each.expected.replace(/\{50[02]\}/, (own) => OWN_ANSWERS[own]!));
  const got = received(client, id);
  if (each.settings.get('after') !== 'cut') {
    assert.deepEqual(got, expected);
    assert.equal(client.resetCode(id), undefined);
    return;
  }
  assert.equal(client.resetCode(id), Http2ErrorCode.INTERNAL_ERROR);
  assert.ok(expected.body.startsWith(got.body), got.body);
}

function received(client: FrameClient, id: number): Answer {
  const heads = client.of(id, FrameType.HEADERS).map(({ fields }) => fields);
  const statuses = heads.flatMap((fields) => fields.filter((field) => field.startsWith(':status: ')));
  const trailers = heads.length > statuses.length ? heads.pop()! : [];
  return {
    statuses: statuses.map((field) => field.slice(':status: '.length)),
    fields: comparable(heads.flat().filter((field) => !field.startsWith(':'))),
    body: client.body(id),
    trailers: comparable(trailers),
  };
}

/** Of all heads of an answer in HTTP/1, the fields together. */
function answerOf(text: string): Answer {
  let rest = joinChunks(text);
  const statuses: string[] = [];
  const fields: string[] = [];
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const [line = '', ...lines] = rest.slice(0, end).split('\r\n');
    rest = rest.slice(end + 4);
    statuses.push(line.split(' ')[1]!);
    fields.push(...lines);
    if (!line.startsWith('HTTP/1.1 1')) break;
  }
  const chunked = /^\[([\s\S]*)\]([\s\S]*)\r\n$/.exec(rest);
  const trailers = chunked === null ? [] : chunked[2]!.split('\r\n').filter((line) => line !== '');
  return {
    statuses,
    fields: comparable(fields),
    body: (chunked === null ? rest : chunked[1]!).replace(/^\[/, ''),
    trailers: comparable(trailers),
  };
}

function comparable(fields: readonly string[]): string[] {
  return fields
    .map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase()))
    .filter((field) => !LEFT_OUT.test(field))
    .sort();
}
