// What a valid request head fills in, the target forms, persistence, and the limits. Smuggling vectors are in
// request-smuggling.test.ts, properties and fuzzing in head-parser.fuzz.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Field } from '../http-head/field-id.ts';
import { RequestHead } from '../http-head/request-head.ts';
import { connectionNamesFields, connectionOptions } from './connection-options.ts';
import { DEFAULT_HEAD_LIMITS } from './head-limits.ts';
import { parseRequestHead } from './request-head-parser.ts';
import { fieldPairs, kindName, parseRequest, requestOutcome } from './test-support.ts';

const HOST = 'Host: example.com\r\n';

describe('parseRequestHead: what it fills', () => {
  it('reads a plain request', () => {
    const text = 'GET /path/to?x=1&y=2 HTTP/1.1\r\nHost: Example.com:8080\r\nX-A:  spaced value \t\r\nx-b:\r\n\r\n';
    const { result, head } = parseRequest(text);
    assert.equal(result, text.length);
    assert.equal(head.method, 'GET');
    assert.equal(head.minorVersion, 1);
    assert.equal(head.path, '/path/to');
    assert.equal(head.query, 'x=1&y=2');
    assert.equal(head.host, 'Example.com:8080');
    assert.equal(head.bytes.latin1Slice(head.targetOffset, head.targetOffset + head.targetLength), '/path/to?x=1&y=2');
    assert.deepEqual(fieldPairs(head), [
      ['host', 'Example.com:8080'],
      ['x-a', 'spaced value'],
      ['x-b', ''],
    ]);
    assert.deepEqual([head.targetChanged, head.hostChanged, head.keepAlive], [false, false, true]);
    assert.equal(kindName(head.bodyKind), 'NONE');
  });

  it('covers exactly the head with headOffset and headLength, without a leading empty line', () => {
    const text = `\r\nGET / HTTP/1.1\r\n${HOST}\r\n`;
    const { result, head } = parseRequest(text);
    assert.equal(result, text.length);
    assert.equal(head.headLength, text.length - 2);
    assert.equal(head.bytes.latin1Slice(head.headOffset, head.headOffset + 5), 'GET /');
  });

  it('stops at the blank line and leaves what follows alone', () => {
    const first = `POST /a HTTP/1.1\r\n${HOST}Content-Length: 4\r\n\r\n`;
    const { result, head } = parseRequest(`${first}bodyGET /next HTTP/1.1\r\n`);
    assert.equal(result, first.length);
    assert.equal(head.bodyBytes, 4);
  });

  it('forgets the previous request', () => {
    const head = new RequestHead(Buffer.alloc(0));
    const parse = (text: string): number => {
      const bytes = Buffer.from(text, 'latin1');
      return parseRequestHead(head, bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS);
    };
    assert.ok(parse(`POST http://other/x?y HTTP/1.1\r\n${HOST}Content-Length: 9\r\nConnection: close\r\n\r\n`) > 0);
    assert.ok(parse('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n') > 0);
    assert.deepEqual(
      [head.query, head.host, head.hostChanged, head.targetChanged, head.bodyBytes, head.keepAlive, head.count],
      [undefined, '', false, false, 0, true, 1],
    );
  });

  it('accepts every token character in methods and names, and obs-text in values', () => {
    const { result, head } = parseRequest(
      `M!#$%&'*+-.^_\`|~9 / HTTP/1.1\r\n${HOST}!#$%&'*+-.^_\`|~9: \x80\xff\t"\r\n\r\n`,
    );
    assert.ok(result > 0);
    assert.equal(head.method, "M!#$%&'*+-.^_`|~9");
    assert.deepEqual(fieldPairs(head)[1], ["!#$%&'*+-.^_`|~9", '\x80\xff\t"']);
  });

  it('keeps the case of methods', () => {
    for (const method of ['GET', 'get', 'POST', 'PURGE', 'M-SEARCH', 'G']) {
      assert.equal(parseRequest(`${method} / HTTP/1.1\r\n${HOST}\r\n`).head.method, method);
    }
  });

  it('gives the same strings again for a repeated path and host', () => {
    const text = 'GET /interned/path HTTP/1.1\r\nHost: interned.example\r\n\r\n';
    const first = parseRequest(text).head;
    const second = parseRequest(text).head;
    assert.equal(first.path, second.path);
    assert.equal(first.host, second.host);
  });

  it('takes more fields than the table had room for', () => {
    const lines = Array.from({ length: 150 }, (_, index) => `X-${index}: ${index}\r\n`).join('');
    const { result, head } = parseRequest(`GET / HTTP/1.1\r\n${HOST}${lines}\r\n`);
    assert.ok(result > 0);
    assert.equal(head.count, 151);
    assert.equal(head.get('x-149'), '149');
  });
});

describe('parseRequestHead: target forms (RFC 9112 §3.2)', () => {
  const accepted: [string, string, Partial<Record<'path' | 'query' | 'host', string | undefined>>, boolean, boolean][] =
    [
      ['GET', '/', { path: '/', query: undefined, host: 'example.com' }, false, false],
      ['GET', '/?', { path: '/', query: '' }, false, false],
      ['GET', '/a?b?c', { path: '/a', query: 'b?c' }, false, false],
      ['GET', '//evil.example/x', { path: '//evil.example/x', host: 'example.com' }, false, false],
      ['GET', '/a:b@c', { path: '/a:b@c' }, false, false],
      ['GET', '/<\\^`{|}">', { path: '/<\\^`{|}">' }, false, false],
      ['GET', 'http://example.com/p?q', { path: '/p', query: 'q', host: 'example.com' }, true, false],
      ['GET', 'http://other:81/p', { path: '/p', host: 'other:81' }, true, true],
      ['GET', 'HTTPS://Other/p', { path: '/p', host: 'Other' }, true, true],
      ['GET', 'http://other', { path: '/', query: undefined, host: 'other' }, true, true],
      ['GET', 'http://other?q=/a', { path: '/', query: 'q=/a', host: 'other' }, true, true],
      ['GET', 'http://[::1]:80/x', { path: '/x', host: '[::1]:80' }, true, true],
      ['OPTIONS', '*', { path: '*', query: undefined, host: 'example.com' }, false, false],
      ['OPTIONS', 'http://other', { path: '*', host: 'other' }, true, true],
      ['OPTIONS', 'http://other/', { path: '/', host: 'other' }, true, true],
      ['CONNECT', 'tunnel.example:443', { path: '/', host: 'tunnel.example:443' }, true, true],
      ['CONNECT', '[::1]:443', { path: '/', host: '[::1]:443' }, true, true],
    ];
  for (const [method, target, expected, targetChanged, hostChanged] of accepted) {
    it(`${method} ${target}`, () => {
      const { result, head } = parseRequest(`${method} ${target} HTTP/1.1\r\n${HOST}\r\n`);
      assert.ok(result > 0, requestOutcome(`${method} ${target} HTTP/1.1\r\n${HOST}\r\n`));
      for (const [key, value] of Object.entries(expected)) assert.equal(head[key as 'path'], value, key);
      assert.equal(head.targetChanged, targetChanged);
      assert.equal(head.hostChanged, hostChanged);
    });
  }

  const refused: [string, string, string][] = [
    ['GET', '*', 'BAD_TARGET'],
    ['OPTIONS', '*a', 'BAD_TARGET'],
    ['OPTIONS', '**', 'BAD_TARGET'],
    ['OPTIONS', '*?a', 'BAD_TARGET'],
    ['GET', 'example.com:443', 'BAD_TARGET'],
    ['GET', 'a/b', 'BAD_TARGET'],
    ['GET', '?q', 'BAD_TARGET'],
    ['GET', 'ftp://example.com/', 'BAD_TARGET'],
    ['GET', 'http:/example.com/', 'BAD_TARGET'],
    ['GET', 'http:///path', 'BAD_TARGET'],
    ['GET', 'http://', 'BAD_TARGET'],
    ['GET', 'http://user@example.com/', 'BAD_TARGET'],
    ['GET', 'http://user:pw@example.com/', 'BAD_TARGET'],
    ['GET', 'http://:80/', 'BAD_TARGET'],
    ['GET', 'http://exa mple/', 'BAD_VERSION'],
    ['CONNECT', '/', 'BAD_TARGET'],
    ['CONNECT', 'example.com', 'BAD_TARGET'],
    ['CONNECT', 'example.com:', 'BAD_TARGET'],
    ['CONNECT', 'http://example.com:443/', 'BAD_TARGET'],
    ['GET', '/a#b', 'FRAGMENT'],
    ['GET', '/a?b#c', 'FRAGMENT'],
    ['GET', '#', 'FRAGMENT'],
    ['GET', '/caf\xe9', 'BAD_TARGET'],
    ['GET', '/\x7f', 'BAD_TARGET'],
    ['GET', '/\x00', 'BAD_TARGET'],
    ['GET', '/a\x0bb', 'BAD_TARGET'],
    ['GET', '/a\tb', 'BAD_TARGET'],
  ];
  for (const [method, target, expected] of refused) {
    it(`${method} ${JSON.stringify(target)} → ${expected}`, () => {
      assert.equal(requestOutcome(`${method} ${target} HTTP/1.1\r\n${HOST}\r\n`), expected);
    });
  }
});

describe('parseRequestHead: persistence, upgrade and expectation', () => {
  const cases: [string, string, { keepAlive: boolean; upgrade?: boolean }][] = [
    ['1.1', '', { keepAlive: true }],
    ['1.1', 'Connection: close\r\n', { keepAlive: false }],
    ['1.1', 'Connection: CLOSE\r\n', { keepAlive: false }],
    ['1.1', 'Connection: x , close\t,y\r\n', { keepAlive: false }],
    ['1.1', 'Connection: x\r\nConnection: Close\r\n', { keepAlive: false }],
    ['1.1', 'Connection: closed\r\n', { keepAlive: true }],
    ['1.1', 'Connection: keep-alive, close\r\n', { keepAlive: false }],
    ['1.1', 'Proxy-Connection: close\r\n', { keepAlive: true }],
    ['1.0', '', { keepAlive: false }],
    ['1.0', 'Connection: Keep-Alive\r\n', { keepAlive: true }],
    ['1.0', 'Connection: keep-alive, close\r\n', { keepAlive: false }],
    ['1.1', 'Connection: Upgrade\r\nUpgrade: websocket\r\n', { keepAlive: true, upgrade: true }],
    ['1.1', 'Upgrade: websocket\r\nConnection: keep-alive, UPGRADE\r\n', { keepAlive: true, upgrade: true }],
    ['1.1', 'Upgrade: websocket\r\n', { keepAlive: true, upgrade: false }],
    ['1.1', 'Connection: upgrade\r\n', { keepAlive: true, upgrade: false }],
    ['1.0', 'Connection: upgrade\r\nUpgrade: websocket\r\n', { keepAlive: false, upgrade: false }],
  ];
  for (const [version, fields, expected] of cases) {
    it(`HTTP/${version} ${JSON.stringify(fields)}`, () => {
      const { result, head } = parseRequest(`GET / HTTP/${version}\r\n${HOST}${fields}\r\n`);
      assert.ok(result > 0);
      assert.equal(head.keepAlive, expected.keepAlive);
      assert.equal(head.upgrade, expected.upgrade ?? false);
    });
  }

  it('expects 100-continue only in HTTP/1.1 and only with a body (RFC 9110 §10.1.1)', () => {
    const parse = (text: string): boolean => parseRequest(text).head.expectContinue;
    assert.equal(parse(`POST / HTTP/1.1\r\n${HOST}Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n`), true);
    assert.equal(parse(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n`), true);
    assert.equal(parse(`POST / HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n\r\n`), false);
    assert.equal(parse(`POST / HTTP/1.0\r\n${HOST}Expect: 100-continue\r\nContent-Length: 1\r\n\r\n`), false);
  });

  it('knows whether Connection names fields at all', () => {
    for (const [fields, names] of [
      ['', false],
      ['Connection: keep-alive\r\n', false],
      ['Connection: Close , ,upgrade\r\nConnection: KEEP-ALIVE\r\n', false],
      ['Connection: close\r\nConnection: X\r\n', true],
      ['Connection: keep-alive, te\r\n', true],
    ] as const) {
      assert.equal(connectionNamesFields(parseRequest(`GET / HTTP/1.1\r\n${HOST}${fields}\r\n`).head), names, fields);
    }
  });

  it('lists connection options in lower case over several lines', () => {
    const { head } = parseRequest(
      `GET / HTTP/1.1\r\n${HOST}Connection: Keep-Alive, X-Foo ,,bad token, "q"\r\nConnection:close\r\n\r\n`,
    );
    assert.deepEqual(connectionOptions(head), ['keep-alive', 'x-foo', 'close']);
    assert.equal(connectionNamesFields(head), true);
    head.removeId(Field.CONNECTION);
    assert.deepEqual(connectionOptions(head), []);
  });
});

describe('parseRequestHead: HTTP/1.0', () => {
  it('needs no Host', () => {
    const { result, head } = parseRequest('GET /a HTTP/1.0\r\n\r\n');
    assert.ok(result > 0);
    assert.equal(head.minorVersion, 0);
    assert.equal(head.host, '');
  });

  it('may have a body with Content-Length', () => {
    const { head } = parseRequest('POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n');
    assert.equal(kindName(head.bodyKind), 'LENGTH');
  });
});

describe('parseRequestHead: limits', () => {
  const limits = { headBytesMax: 60, fieldsMax: 3, targetBytesMax: 10 };
  it('bounds the target, a longer one is 414 even when the head is not complete', () => {
    assert.equal(requestOutcome(`GET /123456789 HTTP/1.1\r\n${HOST}\r\n`, limits), 'OK');
    assert.equal(requestOutcome(`GET /1234567890 HTTP/1.1\r\n${HOST}\r\n`, limits), 'TARGET_TOO_LONG');
    assert.equal(requestOutcome('GET /123456789012345', limits), 'TARGET_TOO_LONG');
  });

  it('bounds the head: exactly the limit is fine, one more is not', () => {
    const head = (padding: number): string => `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(padding)}\r\n\r\n`;
    const exact = 60 - head(0).length;
    assert.equal(requestOutcome(head(exact), limits), 'OK');
    assert.equal(requestOutcome(`${head(exact)}body`, limits), 'OK');
    assert.equal(requestOutcome(head(exact + 1), limits), 'HEAD_TOO_LARGE');
    assert.equal(requestOutcome(head(exact + 1).slice(0, 59), limits), 'NEED_MORE');
    assert.equal(requestOutcome(head(exact + 1).slice(0, 60), limits), 'HEAD_TOO_LARGE');
  });

  it('bounds the number of fields', () => {
    assert.equal(requestOutcome('GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n\r\n', limits), 'OK');
    assert.equal(
      requestOutcome('GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\nD: d\r\n\r\n', limits),
      'TOO_MANY_FIELDS',
    );
  });

  it('bounds a method that never ends', () => {
    assert.equal(requestOutcome('A'.repeat(59), limits), 'NEED_MORE');
    assert.equal(requestOutcome('A'.repeat(60), limits), 'HEAD_TOO_LARGE');
  });
});
