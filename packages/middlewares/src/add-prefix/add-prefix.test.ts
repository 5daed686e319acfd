import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verdict } from '../interface/middleware.ts';
import { addPrefix } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange } from '../testing/index.ts';

function targetAfter(prefix: string, target: string): string {
  const exchange = new TestExchange({ target });
  assert.equal(makeMiddleware(addPrefix, { prefix }).onRequest!(exchange), Verdict.NEXT);
  assert.equal(exchange.request.targetChanged, true);
  return exchange.request.target;
}

test('the prefix comes in front, the query stays', () => {
  assert.equal(targetAfter('/foo', '/bar?a=1&b'), '/foo/bar?a=1&b');
  assert.equal(targetAfter('/foo', '/'), '/foo/');
  assert.equal(targetAfter('/foo/', '/bar'), '/foo//bar');
});

test('a leading slash is ensured', () => {
  assert.equal(targetAfter('foo', '/bar'), '/foo/bar');
});

test('what the client encoded stays encoded', () => {
  assert.equal(targetAfter('/foo', '/a%2Fb'), '/foo/a%2Fb');
  assert.equal(targetAfter('/foo', "/a(b)'!*"), "/foo/a(b)'!*");
});

test('the prefix is text, not an escaped path: nothing in it can become query, fragment or a line end', () => {
  assert.equal(targetAfter('/a b', '/x'), '/a%20b/x');
  assert.equal(targetAfter('/a%2F', '/x'), '/a%252F/x');
  assert.equal(targetAfter('/a?b#c', '/x?q'), '/a%3Fb%23c/x?q');
  assert.equal(targetAfter('/ü', '/x'), '/%C3%BC/x');
  assert.equal(targetAfter('/a\r\nX: y', '/x'), '/a%0D%0AX:%20y/x');
});

test('OPTIONS * has no path to prefix', () => {
  const exchange = new TestExchange({ method: 'OPTIONS', target: '*' });
  makeMiddleware(addPrefix, { prefix: '/foo' }).onRequest!(exchange);
  assert.equal(exchange.request.path, '*');
});

test('a prefix is required', () => {
  assert.match(problemsOf(addPrefix, { prefix: '' }), /prefix: must not be empty/);
  assert.notEqual(problemsOf(addPrefix, {}), '');
});
