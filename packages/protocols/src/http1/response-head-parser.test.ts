// Response heads: what they fill in, what is refused, persistence, and the final framing by method and status.
// Properties and fuzzing are in head-parser.fuzz.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { responseBodyKind } from './response-body-kind.ts';
import { fieldPairs, kindName, parseResponse, responseOutcome } from './test-support.ts';

const ok = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

describe('parseResponseHead: what it fills', () => {
  it('reads a plain response', () => {
    const text = 'HTTP/1.1 404 Not \xe9 Found\t\r\nContent-Length: 12\r\nServer:  x y \r\n\r\n';
    const { result, head } = parseResponse(`${text}body`);
    assert.equal(result, text.length);
    assert.equal(head.status, 404);
    assert.equal(head.minorVersion, 1);
    assert.equal(head.bytes.latin1Slice(head.reasonOffset, head.reasonOffset + head.reasonLength), 'Not \xe9 Found\t');
    assert.deepEqual(fieldPairs(head), [
      ['content-length', '12'],
      ['server', 'x y'],
    ]);
    assert.equal(kindName(head.bodyKind), 'LENGTH');
    assert.equal(head.bodyBytes, 12);
    assert.equal(head.headLength, text.length);
  });

  it('accepts an empty reason with and without the space before it', () => {
    for (const line of ['HTTP/1.1 200 ', 'HTTP/1.1 200']) {
      const { result, head } = parseResponse(`${line}\r\n\r\n`);
      assert.ok(result > 0, line);
      assert.equal(head.reasonLength, 0);
    }
  });

  it('needs neither Host nor any field', () => {
    const { result, head } = parseResponse('HTTP/1.0 999 Odd\r\n\r\n');
    assert.ok(result > 0);
    assert.equal(head.status, 999);
    assert.equal(kindName(head.bodyKind), 'UNTIL_CLOSE');
  });
});

describe('parseResponseHead: refusals', () => {
  const cases: [string, string][] = [
    ['HTTP/1.1  200 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 20 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 2000 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 099 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 +20 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/1.1 200\tOK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['http/1.1 200 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['\r\nHTTP/1.1 200 OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['ICY 200 OK\r\n\r\n...', 'BAD_STATUS_LINE'],
    ['nonsense\r\n\r\n', 'BAD_STATUS_LINE'],
    ['\n', 'BAD_STATUS_LINE'],
    ['HTTP/\n.1 200 Fine\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/2.0 20\n OK\r\n\r\n', 'BAD_STATUS_LINE'],
    ['HTTP/2.0 200 OK\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['HTTP/1.2 200 OK\r\n\r\n', 'UNSUPPORTED_VERSION'],
    ['HTTP/1.1 200 O\x00K\r\n\r\n', 'CONTROL_BYTE'],
    ['HTTP/1.1 200 OK\nX: y\r\n\r\n', 'BARE_LF'],
    ['HTTP/1.1 200 OK\rX: y\r\n\r\n', 'BARE_CR'],
    [ok('X: y\r\n folded\r\n'), 'OBS_FOLD'],
    [ok('X : y\r\n'), 'SPACE_BEFORE_COLON'],
    [ok(' X: y\r\n'), 'LEADING_WHITESPACE'],
    [ok('X: a\x01\r\n'), 'CONTROL_BYTE'],
    [ok('Content-Length: 5\r\nContent-Length: 5\r\n'), 'DUPLICATE_CONTENT_LENGTH'],
    [ok('Content-Length: 5, 5\r\n'), 'BAD_CONTENT_LENGTH'],
    [ok('Content-Length: -5\r\n'), 'BAD_CONTENT_LENGTH'],
    [ok('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'), 'LENGTH_AND_CODING'],
    [ok('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n'), 'LENGTH_AND_CODING'],
    [ok('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'), 'DUPLICATE_TRANSFER_ENCODING'],
    [ok('Transfer-Encoding: gzip\r\n'), 'BAD_TRANSFER_ENCODING'],
    [ok('Transfer-Encoding: gzip, chunked\r\n'), 'UNKNOWN_TRANSFER_CODING'],
    ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'TRANSFER_ENCODING_IN_HTTP_10'],
  ];
  for (const [text, expected] of cases) {
    it(`${JSON.stringify(text)} → ${expected}`, () => assert.equal(responseOutcome(text), expected));
  }

  it('keeps within its limits', () => {
    const limits = { headBytesMax: 40, fieldsMax: 2, targetBytesMax: 0 };
    assert.equal(responseOutcome(ok('A: b\r\nC: d\r\n'), limits), 'OK');
    assert.equal(responseOutcome(ok('A:\r\nC:\r\nE:\r\n'), limits), 'TOO_MANY_FIELDS');
    assert.equal(responseOutcome(ok('A: bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n'), limits), 'HEAD_TOO_LARGE');
    assert.equal(responseOutcome(`HTTP/1.1 200 ${'x'.repeat(40)}`, limits), 'HEAD_TOO_LARGE');
  });
});

describe('parseResponseHead: persistence', () => {
  const cases: [string, boolean][] = [
    [ok('Content-Length: 1\r\n'), true],
    [ok('Content-Length: 1\r\nConnection: Close\r\n'), false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n', false],
    ['HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n', true],
    // Bytes announced after a status that has none: the connection cannot be trusted (RFC 9112 §6.1, §11.2).
    ['HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', false],
    ['HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', false],
    ['HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n', true],
    ['HTTP/1.1 204 No Content\r\n\r\n', true],
    ['HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n', false],
    ['HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n', true],
    ['HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', true],
  ];
  for (const [text, keepAlive] of cases) {
    it(`${JSON.stringify(text)} → ${keepAlive}`, () => {
      const { result, head } = parseResponse(text);
      assert.ok(result > 0);
      assert.equal(head.keepAlive, keepAlive);
    });
  }
});

describe('responseBodyKind (RFC 9112 §6.3)', () => {
  const length = 'Content-Length: 5\r\n';
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const cases: [number, string, string, string][] = [
    [200, length, 'GET', 'LENGTH'],
    [200, chunked, 'GET', 'CHUNKED'],
    [200, '', 'GET', 'UNTIL_CLOSE'],
    [200, 'Content-Length: 0\r\n', 'GET', 'NONE'],
    [200, length, 'HEAD', 'NONE'],
    [200, chunked, 'HEAD', 'NONE'],
    [200, '', 'HEAD', 'NONE'],
    [404, length, 'HEAD', 'NONE'],
    [100, '', 'GET', 'NONE'],
    [101, '', 'GET', 'NONE'],
    [103, length, 'GET', 'NONE'],
    [204, length, 'GET', 'NONE'],
    [204, chunked, 'GET', 'NONE'],
    [205, length, 'GET', 'LENGTH'],
    [304, length, 'GET', 'NONE'],
    [304, chunked, 'GET', 'NONE'],
    [200, length, 'CONNECT', 'NONE'],
    [299, chunked, 'CONNECT', 'NONE'],
    [407, length, 'CONNECT', 'LENGTH'],
    [200, length, 'head', 'LENGTH'],
  ];
  for (const [status, fields, method, expected] of cases) {
    it(`${method} ${status} ${JSON.stringify(fields)} → ${expected}`, () => {
      const { result, head } = parseResponse(`HTTP/1.1 ${status} X\r\n${fields}\r\n`);
      assert.ok(result > 0);
      assert.equal(kindName(responseBodyKind(head, method)), expected);
    });
  }
});
