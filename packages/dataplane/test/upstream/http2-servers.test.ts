// HTTP/2 to servers: what is sent and received, streams on few connections, limits of the server, bodies both ways, ends.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { Http2Handler } from '../support/secure-servers.ts';
import { answerTo, closeAll, h2cServer, h2Server, proxyTo } from '../support/secure-servers.ts';

afterEach(closeAll);

const ok: Http2Handler = (stream) => {
  stream.respond({ ':status': 200, 'content-length': '2' });
  stream.end('ok');
};

describe('HTTP/2 to servers', () => {
  for (const [name, start] of [
    ['h2c', h2cServer],
    ['https', h2Server],
  ] as const) {
    it(`is spoken with ${name}, on one connection`, async () => {
      const seen: Record<string, unknown>[] = [];
      const { url, sessions } = await start((stream, headers) => {
        seen.push(headers);
        ok(stream, headers);
      });
      const proxy = await proxyTo(url);
      for (let i = 0; i < 3; i++) {
        const head =
          'GET /p?q=1 HTTP/1.1\r\nHost: example.test\r\nTE: trailers\r\nX-Own: 1\r\nKeep-Alive: x\r\nCookie: a=b; c=d';
        const answer = await answerTo(proxy, head);
        assert.match(answer, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*content-length: 2\r\n(.*\r\n)*\r\nok$/);
      }
      assert.equal(sessions.length, 1);
      for (const headers of seen) {
        assert.deepEqual(
          [headers[':method'], headers[':path'], headers[':authority'], headers[':scheme']],
          ['GET', '/p?q=1', 'example.test', name === 'h2c' ? 'http' : 'https'],
        );
        assert.equal(headers['x-own'], '1');
        assert.equal(headers.te, 'trailers');
        assert.equal(headers.cookie, 'a=b; c=d');
        assert.equal(headers['x-forwarded-for'], '127.0.0.1');
        assert.equal(headers['x-forwarded-host'], 'example.test');
        for (const absent of ['host', 'connection', 'keep-alive', 'upgrade']) assert.equal(headers[absent], undefined);
      }
      await proxy.untilQuiet();
    });
  }
});
