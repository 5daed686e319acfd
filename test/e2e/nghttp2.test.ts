// The client, the server and the load generator of nghttp2 with Sluice between them, in cleartext and with TLS. Without Sluice
// first: it shows what these programs do with each other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILES, nghttp2Exchanges, SERVER_WORDS } from '../scenarios/nghttp2-exchanges.ts';
import { h2load, requireNghttp2, startNghttpd } from '../support/nghttp2.ts';
import { startNginx } from '../support/nginx-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'files.example.test';
const SERVER_NAME = 'server.example.test';
const timeout = 170_000;
// The client has no way to refuse the server's pushes quietly, so directly there are none.
const DIRECT_WORDS = SERVER_WORDS.slice(0, 2);

test('client and server without Sluice', { timeout }, async (context) => {
  const port = await startNghttpd(context, { files: FILES, words: DIRECT_WORDS });
  await nghttp2Exchanges(context, { url: `http://127.0.0.1:${port}`, name: NAME }, 'h2c');
});

for (const tls of [false, true]) {
  test(`client and server with Sluice between, ${tls ? 'TLS' : 'cleartext'} on both sides`, {
    timeout,
  }, async (context) => {
    const secure = await SecureSite.create(context);
    const certificate = tls ? secure.issue(SERVER_NAME) : undefined;
    const port = await startNghttpd(context, {
      files: FILES,
      words: SERVER_WORDS,
      ...(certificate === undefined ? {} : { certificate }),
    });
    const transport = { serverName: SERVER_NAME, rootCAs: [secure.authority.certFile] };
    secure.site.writeDynamic(
      securedTo({
        servers: [`${tls ? 'https' : 'h2c'}://127.0.0.1:${port}`],
        certificates: [secure.issue(NAME)],
        ...(tls ? { transport } : {}),
      }),
    );
    await secure.site.serve();
    const url = tls ? `https://127.0.0.1:${secure.securePort}` : `http://127.0.0.1:${secure.port}`;
    await nghttp2Exchanges(context, { url, name: NAME }, tls ? 'h2' : 'h2c');
  });
}

test('the load generator over either protocol to a server of HTTP/1.1', { timeout }, async (context) => {
  requireNghttp2(context);
  const secure = await SecureSite.create(context);
  const nginx = await startNginx(context, FILES);
  secure.site.writeDynamic(securedTo({ servers: [nginx], certificates: [secure.issue(NAME)] }));
  const node = await secure.site.serve();
  for (const [words, protocol] of [
    [[], 'h2'],
    [['--h1'], 'http/1.1'],
  ] as const) {
    for (const url of [`https://127.0.0.1:${secure.securePort}`, `http://127.0.0.1:${secure.port}`]) {
      const expected = url.startsWith('http:') && protocol === 'h2' ? 'h2c' : protocol;
      const result = await h2load(...words, '-n', '1000', '-c', '8', '-m', '8', `${url}/small.txt`);
      assert.deepEqual([result.protocol, result.succeeded, result.status2xx], [expected, 1000, 1000]);
    }
  }
  assert.deepEqual(node.complaints, []);
});
