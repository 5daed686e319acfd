// Servers of HTTP/2 that make things hard: small windows and tables, few streams, padding, connections that they end after a few
// requests or a short time. What asks are h2load, nghttp and the gRPC library; nobody may notice.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { FILES, nghttp2Exchanges, SERVER_WORDS } from '../scenarios/nghttp2-exchanges.ts';
import { freePort } from '../support/free-port.ts';
import { InteropClient } from '../support/grpc/interop-client.ts';
import { InteropServer } from '../support/grpc/interop-server.ts';
import { h2load, requireNghttp2, startNghttpd } from '../support/nghttp2.ts';
import { startNginx } from '../support/nginx-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'www.example.test';
const timeout = 120_000;

const ODD_SERVERS: Readonly<Record<string, readonly string[]>> = {
  'small windows': ['-w', '14', '-W', '14'],
  'one stream at a time': ['-m', '1'],
  'padded frames, no lengths': ['-b', '200', '--no-content-length'],
  'tables without room': ['-c', '0', '--encoder-header-table-size', '0'],
  'answers that begin before the request ends': ['--early-response'],
};

async function prepare(context: TestContext, url: string): Promise<SecureSite> {
  requireNghttp2(context);
  const secure = await SecureSite.create(context);
  secure.site.writeDynamic(securedTo({ servers: [url], certificates: [secure.issue(NAME)] }));
  await secure.site.serve();
  return secure;
}

for (const [name, words] of Object.entries(ODD_SERVERS)) {
  test(`nghttpd with ${name}`, { timeout }, async (context) => {
    const port = await startNghttpd(context, { files: FILES, words: [...SERVER_WORDS, ...words] });
    const secure = await prepare(context, `h2c://127.0.0.1:${port}`);
    await nghttp2Exchanges(context, { url: `https://127.0.0.1:${secure.securePort}`, name: NAME }, 'h2');
  });
}

test('nginx that ends connections after a hundred requests', { timeout }, async (context) => {
  const port = await freePort();
  await startNginx(context, FILES, `listen 127.0.0.1:${port} http2; keepalive_requests 100;`);
  const secure = await prepare(context, `h2c://127.0.0.1:${port}`);
  for (const words of [[], ['--h1']]) {
    const url = `https://127.0.0.1:${secure.securePort}/small.txt`;
    const { succeeded, failed, status2xx } = await h2load(...words, '-n', '2000', '-c', '4', '-m', '8', url);
    assert.deepEqual([succeeded, failed, status2xx], [2000, 0, 2000]);
  }
});

test('pings of a gRPC client and of its server, while nothing else moves', { timeout }, async (context) => {
  const server = await InteropServer.start(context, 'a', { keepaliveMs: 200 });
  const secure = await prepare(context, server.url);
  const reach = { port: secure.securePort, name: NAME, authorityFile: secure.authority.certFile };
  const client = new InteropClient(context, { ...reach, keepaliveMs: 200 });
  const { call, outcome } = client.streamingInput([{ payload: { body: Buffer.alloc(10) } }], false);
  let ended = false;
  void outcome.then(() => {
    ended = true;
  });
  await sleep(4_000);
  assert.equal(ended, false);
  call.write({ payload: { body: Buffer.alloc(32) } });
  call.end();
  assert.deepEqual(await outcome, { answer: { aggregatedPayloadSize: 42 }, code: 0, details: '' });
});
