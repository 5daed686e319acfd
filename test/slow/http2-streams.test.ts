// Streams of one HTTP/2 session beside each other: those that stand still hold up nobody, and what a stream says arrives whole.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type ClientHttp2Stream, constants, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { curl, requireCurl } from '../support/curl.ts';
import { EchoOrigin, type Told } from '../support/echo-origin.ts';
import { eventually } from '../support/eventually.ts';
import { Http2Session } from '../support/http2-session.ts';
import { nghttp, requireNghttp2 } from '../support/nghttp2.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'www.example.test';
const STALLED = 20;
const LARGE_BYTES = 3_000_000;
const timeout = 60_000;

async function prepare(context: TestContext, url: string) {
  const secure = await SecureSite.create(context);
  secure.site.writeDynamic(securedTo({ servers: [url], certificates: [secure.issue(NAME)] }));
  const node = await secure.site.serve();
  const reach = { port: secure.securePort, name: NAME, ca: readFileSync(secure.authority.certFile) };
  return { secure, node, session: await new Http2Session(context, reach).connected() };
}

for (const kind of ['http1', 'h2c'] as const) {
  test(`clients that do not read hold up no other stream, ${kind} behind`, { timeout }, async (context) => {
    const origin = await EchoOrigin.start(context, { kind });
    const { session } = await prepare(context, origin.url);
    const paused: ClientHttp2Stream[] = [];
    for (let n = 0; n < STALLED; n++) {
      const stream = session.session.request({ ':path': `/bytes?${LARGE_BYTES}`, ':authority': NAME });
      // Without a listener for data nothing is read beyond the window of the stream.
      stream.on('error', () => {});
      paused.push(stream);
    }
    await Promise.all(paused.map((stream) => once(stream, 'response')));
    await sleep(200);
    const { status, body } = await session.ask(`/bytes?${LARGE_BYTES}`);
    assert.deepEqual([status, body.length], [200, LARGE_BYTES]);
    const lengths = paused.map(async (stream) => {
      let length = 0;
      for await (const chunk of stream) length += (chunk as Buffer).length;
      return length;
    });
    assert.deepEqual(new Set(await Promise.all(lengths)), new Set([LARGE_BYTES]));
  });
}

test('servers that do not read an upload hold up no other stream', { timeout }, async (context) => {
  const held: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    if (request.method !== 'POST') response.end('hello');
    // Not read before the test says so.
    else held.push(Object.assign(request, { answer: () => request.resume().on('end', () => response.end('thanks')) }));
  }).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const { session } = await prepare(context, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const body = Buffer.alloc(LARGE_BYTES, 'x');
  const uploads = Array.from({ length: STALLED }, () => session.ask('/', body));
  await eventually(
    () => `all uploads begin, not ${held.length}`,
    () => held.length === STALLED,
  );
  await sleep(300);
  assert.equal((await session.ask('/')).body, 'hello');
  for (const request of held) (request as IncomingMessage & { answer(): void }).answer();
  const answers = await Promise.all(uploads);
  assert.deepEqual(new Set(answers.map(({ body, failure }) => `${body}${failure}`)), new Set(['thanks']));
});

test('an answer that comes before the upload ends reaches the client', { timeout }, async (context) => {
  requireCurl(context);
  requireNghttp2(context);
  const early = (response: { writeHead(status: number): unknown; end(text: string): unknown }) => {
    response.writeHead(413);
    response.end('too much');
  };
  // Neither reads what is sent.
  const http1 = createServer((_, response) => early(response));
  const http2 = createHttp2Server((_, response) => early(response));
  context.after(() => {
    for (const server of [http1, http2]) server.close();
    http1.closeAllConnections();
  });
  for (const [scheme, server] of [
    ['http', http1],
    ['h2c', http2],
  ] as const) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { session, secure } = await prepare(
      context,
      `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    );
    const upload = join(secure.site.folder, 'upload');
    writeFileSync(upload, Buffer.alloc(LARGE_BYTES, 'x'));
    const url = `https://127.0.0.1:${secure.securePort}/`;
    // Without waiting for a 100, which would spare the upload. Over HTTP/2 this curl fails even directly.
    const [answer] = await curl('-k', '--http1.1', '-H', 'Expect:', '--data-binary', `@${upload}`, url);
    assert.deepEqual([answer!.status, answer!.body], [413, 'too much'], scheme);
    assert.equal(String(await nghttp('-d', upload, url)), 'too much', scheme);
    for (let turn = 0; turn < 5; turn++) {
      const answer = await session.ask('/', Buffer.alloc(LARGE_BYTES));
      assert.deepEqual([answer.status, answer.body], [413, 'too much'], scheme);
    }
    assert.deepEqual([session.end, session.goaway], ['', -1]);
  }
});

test('cookies in pieces become one field, long fields stay whole', { timeout }, async (context) => {
  for (const kind of ['http1', 'h2c'] as const) {
    const origin = await EchoOrigin.start(context, { kind });
    const { session } = await prepare(context, origin.url);
    const long = 'x'.repeat(12_000);
    const stream = session.session.request({
      ':path': '/',
      ':authority': NAME,
      cookie: ['a=1', 'b=2', 'c=3'],
      'x-long': long,
      'x-many': ['one', 'two'],
    });
    let text = '';
    for await (const chunk of stream) text += chunk;
    const { headers } = JSON.parse(text) as Told;
    assert.equal(headers.cookie, 'a=1; b=2; c=3');
    assert.equal(headers['x-long'], long);
    assert.equal(headers['x-many'], 'one, two');
  }
});

test('a stream that is taken back ends behind too; the session goes on', { timeout }, async (context) => {
  for (const kind of ['http1', 'h2c'] as const) {
    const origin = await EchoOrigin.start(context, { kind });
    const { session, node } = await prepare(context, origin.url);
    for (let n = 0; n < 50; n++) {
      const path = n % 2 === 0 ? '/slow?60000' : `/bytes?${LARGE_BYTES}`;
      const stream = session.session.request({ ':path': path, ':authority': NAME });
      stream.on('error', () => {});
      await sleep(5);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    assert.equal((await session.ask('/')).status, 200);
    // Those of HTTP/1.1 are cut, since nothing else ends an exchange there.
    if (kind === 'http1') await eventually('connections behind are gone', () => origin.open.size <= 1);
    assert.deepEqual([session.end, session.goaway], ['', -1]);
    assert.deepEqual(node.complaints, []);
  }
});
