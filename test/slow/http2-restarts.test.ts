// Servers of HTTP/2 that are killed and come back under load, and what goes before an answer: interim responses, long fields.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttp1Server } from 'node:http';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { curl, requireCurl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { InteropClient } from '../support/grpc/interop-client.ts';
import { ECHO_INITIAL, InteropServer } from '../support/grpc/interop-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'www.example.test';
const timeout = 60_000;

async function prepare(context: TestContext, servers: readonly string[]) {
  const secure = await SecureSite.create(context);
  secure.site.writeDynamic(securedTo({ servers, certificates: [secure.issue(NAME)] }));
  await secure.site.serve();
  return secure;
}

test('one of two gRPC servers is killed and restarted under load', { timeout }, async (context) => {
  const servers = [await InteropServer.start(context, 'a'), await InteropServer.start(context, 'b')] as const;
  const secure = await prepare(
    context,
    servers.map(({ url }) => url),
  );
  const reach = { port: secure.securePort, name: NAME, authorityFile: secure.authority.certFile };
  const client = new InteropClient(context, reach);
  let running = true;
  const codes = new Map<number, number>();
  const loop = async () => {
    while (running) {
      const { code } = await client.unaryCall({ responseSize: 1_000 });
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  };
  const loops = Array.from({ length: 8 }, loop);
  for (let turn = 0; turn < 4; turn++) {
    const server = servers[turn % 2]!;
    await sleep(200);
    server.stop();
    await sleep(200);
    await server.start();
    const before = server.calls;
    await eventually('it has calls again', () => server.calls > before + 10);
  }
  running = false;
  await Promise.all(loops);
  codes.delete(status.OK);
  // While one is down every second call may fail, and those that were under way; all as what clients know to try again.
  assert.deepEqual(
    [...codes.keys()].filter((code) => code !== status.UNAVAILABLE),
    [],
  );
  assert.equal((await client.emptyCall()).code, status.OK);
});

test('long metadata, and many of them', { timeout }, async (context) => {
  const server = await InteropServer.start(context, 'a');
  const secure = await prepare(context, [server.url]);
  const reach = { port: secure.securePort, name: NAME, authorityFile: secure.authority.certFile };
  const client = new InteropClient(context, reach);
  const metadata = new Metadata();
  metadata.set(ECHO_INITIAL, 'x'.repeat(10_000));
  for (let n = 0; n < 60; n++) metadata.set(`x-field-${n}`, `value ${n}`.repeat(10));
  for (let turn = 0; turn < 20; turn++) {
    const { code, initial, details } = await client.unaryCall({ responseSize: 10 }, metadata);
    assert.deepEqual([code, details, String(initial?.get(ECHO_INITIAL)[0]).length], [status.OK, '', 10_000]);
  }
});

test('early hints reach clients of both protocols, from servers of both', { timeout }, async (context) => {
  requireCurl(context);
  const http1 = createHttp1Server((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('hello');
  }).listen(0, '127.0.0.1');
  const http2 = createServer((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.end('hello');
  }).listen(0, '127.0.0.1');
  context.after(() => {
    http1.close();
    http1.closeAllConnections();
    http2.close();
  });
  await Promise.all([http1, http2].map((each) => each.listening || once(each, 'listening')));
  for (const [scheme, server] of [
    ['http', http1],
    ['h2c', http2],
  ] as const) {
    const secure = await prepare(context, [`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`]);
    for (const [word, version] of [
      ['--http1.1', 'HTTP/1.1 103'],
      ['--http2', 'HTTP/2 103'],
    ] as const) {
      const [answer] = await curl('-k', word, `https://127.0.0.1:${secure.securePort}/`);
      assert.ok(answer!.head.startsWith(version), `${scheme} ${word}: ${answer!.head}`);
      assert.match(answer!.head, /link: <\/style\.css>; rel=preload/i);
      assert.match(answer!.body, /hello$/);
    }
  }
});
