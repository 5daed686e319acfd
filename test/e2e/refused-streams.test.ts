// Requests that a server of HTTP/2 has provably not looked at, because its connection ended before, are sent again: with a server
// that ends connections far more often than any sane one, some are refused several times in a row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../support/free-port.ts';
import { h2load, requireNghttp2 } from '../support/nghttp2.ts';
import { startNginx } from '../support/nginx-server.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

test('nginx that ends connections after ten requests, with sixty at once', { timeout: 150_000 }, async (context) => {
  requireNghttp2(context);
  const port = await freePort();
  await startNginx(context, { 'small.txt': 'hello\n' }, `listen 127.0.0.1:${port} http2; keepalive_requests 10;`);
  const secure = await SecureSite.create(context);
  secure.site.writeDynamic(securedTo({ servers: [`h2c://127.0.0.1:${port}`], certificates: [] }));
  await secure.site.serve();
  const result = await h2load('-n', '600', '-c', '4', '-m', '16', `http://127.0.0.1:${secure.port}/small.txt`);
  assert.deepEqual([result.succeeded, result.failed, result.status2xx], [600, 0, 600]);
});
