import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCleanPath, unescapePath } from '@sluice/protocols';
import fc from 'fast-check';
import { Verdict } from '../interface/middleware.ts';
import { stripPrefix } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange } from '../testing/index.ts';

function run(prefixes: readonly string[], target: string, rest: { forceSlash?: boolean; sanitizePath?: boolean } = {}) {
  const { sanitizePath = true, ...options } = rest;
  const exchange = new TestExchange({ target, sanitizePath });
  const verdict = makeMiddleware(stripPrefix, { prefixes, ...options }).onRequest!(exchange);
  return { exchange, verdict };
}

function targetAfter(prefixes: readonly string[], target: string, rest = {}): string {
  const { exchange, verdict } = run(prefixes, target, rest);
  assert.equal(verdict, Verdict.NEXT);
  return exchange.request.target;
}

test('a fitting prefix is removed and told to the server', () => {
  const { exchange, verdict } = run(['/api'], '/api/users?x=1');
  assert.equal(verdict, Verdict.NEXT);
  assert.equal(exchange.request.target, '/users?x=1');
  assert.deepEqual(exchange.request.getAll('x-forwarded-prefix'), ['/api']);
});

test('the first prefix that fits wins, in list order', () => {
  assert.equal(targetAfter(['/a', '/a/b'], '/a/b/c'), '/b/c');
  assert.equal(targetAfter(['/a/b', '/a'], '/a/b/c'), '/c');
});

test('a prefix is a plain string, so it may end inside a segment', () => {
  assert.equal(targetAfter(['/api'], '/apiary/x'), '/ary/x');
});

test('nothing left is sent as a slash', () => {
  assert.equal(targetAfter(['/api'], '/api'), '/');
  assert.equal(targetAfter(['/api'], '/api/'), '/');
  assert.equal(targetAfter(['/api/'], '/api/'), '/');
});

test('a leading slash is ensured, with and without forceSlash', () => {
  for (const forceSlash of [true, false]) {
    assert.equal(targetAfter(['/api/'], '/api/x', { forceSlash }), '/x');
    assert.equal(targetAfter(['/api'], '/api/x', { forceSlash }), '/x');
    assert.equal(targetAfter(['/api'], '/api', { forceSlash }), '/');
  }
});

test('without a fitting prefix the request is left alone', () => {
  const { exchange, verdict } = run(['/api'], '/other');
  assert.equal(verdict, Verdict.NEXT);
  assert.equal(exchange.request.targetChanged, false);
  assert.equal(exchange.request.has('x-forwarded-prefix'), false);
});

test('the prefix is compared with the decoded path, the escaped path is cut', () => {
  assert.equal(targetAfter(['/a b'], '/a%20b/c%2Fd'), '/c%2Fd');
  assert.equal(targetAfter(['/ü'], '/%C3%BC/x'), '/x');
  assert.equal(targetAfter(['/a/b'], '/a%2Fb/c'), '/c');
  assert.equal(targetAfter(['/api'], '/api/https%3A%2F%2Fexample.com'), '/https%3A%2F%2Fexample.com');
});

test('an encoded slash behind the prefix never turns into a separator', () => {
  assert.equal(targetAfter(['/api'], '/api%2F..%2Fadmin'), '/%2F..%2Fadmin');
});

test('a rest with dot segments or double slashes is refused', () => {
  for (const target of ['/api./x', '/api../x', '/api..', '/api.']) {
    const { exchange, verdict } = run(['/api'], target);
    assert.equal(verdict, Verdict.ANSWERED, target);
    assert.equal(exchange.answered?.status, 400);
    assert.equal(exchange.answered?.body, 'Bad Request\n');
  }
  assert.equal(run(['/api'], '/api//x', { sanitizePath: false }).exchange.answered?.status, 400);
  assert.equal(run(['/api'], '/api/../x', { sanitizePath: false }).exchange.answered?.status, 400);
});

test('chained, every prefix is told', () => {
  const exchange = new TestExchange({ target: '/a/b/c', fields: [['X-Forwarded-Prefix', '/before']] });
  for (const prefix of ['/a', '/b']) makeMiddleware(stripPrefix, { prefixes: [prefix] }).onRequest!(exchange);
  assert.equal(exchange.request.target, '/c');
  assert.deepEqual(exchange.request.getAll('x-forwarded-prefix'), ['/before', '/a', '/b']);
});

test('a prefix beyond ASCII is told as UTF-8 bytes', () => {
  const { exchange } = run(['/ü'], '/%C3%BC/x');
  assert.equal(Buffer.from(exchange.request.get('x-forwarded-prefix')!, 'latin1').toString(), '/ü');
});

test('whatever is sent on is a clean path, the decoded forms fit together', () => {
  const path = fc.array(fc.constantFrom('/', 'a', 'b', '.', '..', '%2F', '%2E', '%C3%BC', '%FF', '%25', "'"), {
    maxLength: 8,
  });
  fc.assert(
    fc.property(path, fc.constantFrom('/', '/a', '/a/', '/ü', '/a%', '/a/b', '/.'), (parts, prefix) => {
      const before = new TestExchange({ target: `/${parts.join('')}` }).request.path;
      const { exchange, verdict } = run([prefix], `/${parts.join('')}`);
      if (verdict === Verdict.ANSWERED) return;
      const { path: after } = exchange.request;
      assert.ok(isCleanPath(after));
      if (after !== before)
        assert.ok([`${prefix}`, `${prefix}/`].some((start) => unescapePath(before)!.startsWith(start)));
      if (exchange.request.has('x-forwarded-prefix')) {
        const rest = unescapePath(before)!.slice(prefix.length);
        assert.ok(unescapePath(after) === rest || unescapePath(after) === `/${rest}`);
      }
    }),
  );
});

test('prefixes are trimmed and may be one string with commas; line ends are refused', () => {
  assert.deepEqual(stripPrefix.schema.parse({ prefixes: [' /a ', ''] }), { prefixes: ['/a'], forceSlash: false });
  assert.deepEqual(stripPrefix.schema.parse({ prefixes: '/a, /b' }), { prefixes: ['/a', '/b'], forceSlash: false });
  assert.deepEqual(stripPrefix.schema.parse({}), { prefixes: [], forceSlash: false });
  assert.match(problemsOf(stripPrefix, { prefixes: ['/a\r\nX: y'] }), /control characters/);
});
