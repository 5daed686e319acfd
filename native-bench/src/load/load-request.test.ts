// Bytes of requests, read back by the codec that Sluice uses.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BodyKind, DEFAULT_HEAD_LIMITS, parseRequestHead, RequestHead } from '@sluice/protocols';
import { BROWSER_HEADERS, bodyOf, get, grpcCall, type LoadRequest, post, requestText } from './load-request.ts';

function parsed(request: LoadRequest): RequestHead {
  const bytes = Buffer.from(requestText(request), 'latin1');
  const head = new RequestHead(bytes);
  assert.ok(parseRequestHead(head, bytes, 0, bytes.length, DEFAULT_HEAD_LIMITS) > 0);
  return head;
}

test('a bare request', () => {
  assert.equal(requestText(get('/')), 'GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n');
});

test('a browser sends fifteen fields', () => {
  assert.equal(parsed(get('/', { headers: BROWSER_HEADERS })).count, 15);
});

test('an upload with a length', () => {
  const head = parsed(post('/upload', { bytes: 1000 }));
  assert.equal(head.bodyKind, BodyKind.LENGTH);
  assert.equal(head.bodyBytes, 1000);
});

test('an upload in chunks', () => {
  assert.equal(parsed(post('/upload', { bytes: 10, chunkBytes: 4 })).bodyKind, BodyKind.CHUNKED);
  assert.equal(bodyOf({ bytes: 10, chunkBytes: 4 }), '4\r\nxxxx\r\n4\r\nxxxx\r\n2\r\nxx\r\n0\r\n\r\n');
});

test('a gRPC message has its length in front', () => {
  const { headers, body } = grpcCall('/bench.Echo/Say', 32);
  assert.equal(headers['Content-Type'], 'application/grpc');
  assert.equal(bodyOf(body!), `\0\0\0\0\x20${'x'.repeat(32)}`);
  assert.equal(body!.bytes, 37);
});
