// Requests that two parsers could read differently: refused, closed, and nothing of them ever reaches a server
// (RFC 9112 §§2.2, 5, 6, 7, 11.2).

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

const SECOND = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';

/** Name, bytes, status of the refusal. */
const REFUSED: readonly (readonly [string, string, number])[] = [
  [
    'CL.TE',
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
    400,
  ],
  [
    'TE.CL',
    `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n${SECOND}`,
    400,
  ],
  ['two lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nhello${SECOND}`, 400],
  ['two equal lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 400],
  ['a list of lengths', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\nhello`, 400],
  ['a signed length', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nhello`, 400],
  ['a hexadecimal length', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\nhello`, 400],
  ['an enormous length', `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n`, 400],
  ['chunked twice', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
  [
    'two transfer encodings',
    `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['chunked not last', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 400],
  ['transfer encoding in HTTP/1.0', `POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['space before the colon', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a vertical tab in a name', `POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding\x0b: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a folded value', `GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n`, 400],
  ['a bare line feed', `GET / HTTP/1.1\nHost: h\n\n`, 400],
  ['a bare line feed in a field', `GET / HTTP/1.1\r\nHost: h\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ['a bare carriage return in a value', `GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n`, 400],
  ['NUL in a value', `GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n`, 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 400],
  ['a host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['white space before the first field', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n', 400],
  ['two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a raw fragment', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['a control byte in the target', 'GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an unknown version', 'GET / HTTP/2.0\r\nHost: a\r\n\r\n', 505],
  [
    'an unknown transfer coding',
    'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    501,
  ],
  ['an unknown expectation', 'POST / HTTP/1.1\r\nHost: h\r\nExpect: money\r\nContent-Length: 0\r\n\r\n', 417],
];

describe('smuggling', () => {
  let proxy: ProxyUnderTest;
  before(async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  after(() => proxy.close());

  for (const [name, bytes, status] of REFUSED) {
    it(`refuses ${name}`, async () => {
      const before = proxy.server.received.length;
      const client = await proxy.client();
      client.write(bytes);
      await client.untilEnd();
      assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.match(client.received, /\r\nConnection: close\r\n/);
      assert.equal(client.received.split('HTTP/1.1 ').length, 2, 'exactly one answer');
      assert.equal(proxy.server.received.length, before, 'the server received nothing');
    });
  }

  for (const [name, chunks] of [
    ['a chunk size that is no number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a chunk size with a sign', '+3\r\nabc\r\n0\r\n\r\n'],
    ['an overflowing chunk size', 'fffffffffffffffff\r\n'],
    ['a chunk that is longer than it says', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['a bare line feed after a size', '3\nabc\r\n0\r\n\r\n'],
    ['a line feed in an extension', '3;a\nb\r\nabc\r\n0\r\n\r\n'],
  ] as const) {
    it(`cuts both sides off after ${name}`, async () => {
      const connections = proxy.server.connections.length;
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`);
      client.write(chunks + SECOND);
      await client.untilEnd();
      assert.ok(!proxy.server.received.includes('smuggled'));
      assert.ok(!client.received.includes('200 OK') || client.received.split('HTTP/1.1').length === 2);
      const probe = await proxy.client();
      probe.write('GET /after HTTP/1.1\r\nHost: h\r\n\r\n');
      await probe.untilBody(2);
      assert.ok(proxy.server.connections.length > connections, 'the spoilt connection is not used again');
    });
  }

  it('does not take a second answer on a connection for the next request', async () => {
    const twice = await startProxy(
      answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
    );
    try {
      for (let i = 0; i < 3; i++) {
        const client = await twice.client();
        client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
        await client.untilBody(2);
        assert.ok(!client.received.includes('evil'));
      }
      assert.equal(twice.server.connections.length, 3);
    } finally {
      await twice.close();
    }
  });
});
