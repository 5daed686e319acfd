// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of replacements look like that
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verdict } from '../interface/middleware.ts';
import { redirectRegex } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange, type TestRequest } from '../testing/index.ts';

/** Status and Location, or undefined when the request goes on. */
function redirect(options: object, request: TestRequest = {}): string | undefined {
  const exchange = new TestExchange(request);
  const verdict = makeMiddleware(redirectRegex, options).onRequest!(exchange);
  if (verdict === Verdict.NEXT) return undefined;
  assert.equal(verdict, Verdict.ANSWERED);
  const { status, fields } = exchange.answered!;
  return `${status} ${fields.find(([name]) => name === 'Location')?.[1] ?? ''}`.trimEnd();
}

test('the subject is scheme, host with port and target', () => {
  const options = { regex: '^(.*)$', replacement: '/?was=$1' };
  assert.equal(redirect(options, { target: '/a?b' }), '302 /?was=http://example.com/a?b');
  assert.equal(redirect(options, { host: 'h:81', secure: true }), '302 /?was=https://h:81/');
});

test('X-Forwarded-Proto does not count', () => {
  const fields = [['X-Forwarded-Proto', 'https']] as const;
  assert.equal(redirect({ regex: '^https://', replacement: 'http://' }, { fields }), undefined);
});

test('groups are expanded by number and name', () => {
  const byNumber = { regex: '^http://(.+)\\.example/(.*)', replacement: 'https://$1.test/${2}x' };
  assert.equal(redirect(byNumber, { host: 'a.example', target: '/p/q' }), '302 https://a.test/p/qx');
  const byName = { regex: '^http://(?P<host>[^/]+)/(?P<rest>.*)', replacement: 'https://www.${host}/$rest' };
  assert.equal(redirect(byName, { target: '/x?y=1' }), '302 https://www.example.com/x?y=1');
});

test('what is around a match stays, and every match is replaced', () => {
  assert.equal(
    redirect({ regex: 'old', replacement: 'new' }, { target: '/old/old' }),
    '302 http://example.com/new/new',
  );
});

test('no match, and a URL that does not change, go on', () => {
  assert.equal(redirect({ regex: '^https://', replacement: 'x' }), undefined);
  assert.equal(redirect({ regex: 'example', replacement: 'example' }), undefined);
});

test('the status depends on method and permanence', () => {
  const options = { regex: '/a$', replacement: '/b' };
  assert.match(redirect({ ...options, permanent: true }, { target: '/a' })!, /^301 /);
  assert.match(redirect(options, { target: '/a', method: 'HEAD' })!, /^307 /);
  assert.match(redirect({ ...options, permanent: true }, { target: '/a', method: 'POST' })!, /^308 /);
});

test('a URL that does not parse is answered with 502', () => {
  for (const replacement of ['', 'http://h:port/', 'http://[::1/', ':x', '1a:b', 'http://h/%zz', 'http://a b/']) {
    assert.equal(redirect({ regex: '^.*$', replacement }), '502', replacement);
  }
});

test('a group can carry nothing into Location that ends the field', () => {
  const exchange = new TestExchange({ target: '/%0d%0aSet-Cookie:%20x' });
  makeMiddleware(redirectRegex, { regex: '^http://[^/]+/(.*)$', replacement: 'https://other/$1' }).onRequest!(exchange);
  assert.deepEqual(exchange.answered!.fields, [['Location', 'https://other/%0D%0ASet-Cookie:%20x']]);
  assert.equal(redirect({ regex: '^.*$', replacement: 'https://h/\r\nX: y' }), '502');
});

test('what a URL has no place for is percent-encoded', () => {
  assert.equal(redirect({ regex: '^.*$', replacement: 'https://h/ü "x"?a|b' }), '302 https://h/%C3%BC%20%22x%22?a%7Cb');
});

test('the dashboard’s redirection works', () => {
  const options = {
    regex: '^(http:\\/\\/(\\[[\\w:.]+\\]|[\\w\\._-]+)(:\\d+)?)\\/$',
    replacement: '${1}/dashboard/',
    permanent: true,
  };
  assert.equal(redirect(options, { host: 'h:8080' }), '301 http://h:8080/dashboard/');
  assert.equal(redirect(options, { host: '[::1]:8080' }), '301 http://[::1]:8080/dashboard/');
  assert.equal(redirect(options, { target: '/x' }), undefined);
});

test('options are checked', () => {
  assert.match(problemsOf(redirectRegex, { regex: '(' }), /regex: is no RE2 expression/);
  assert.match(problemsOf(redirectRegex, { regex: '(?=x)' }), /regex: is no RE2 expression/);
  assert.match(problemsOf(redirectRegex, { regex: '' }), /regex: must not be empty/);
  assert.notEqual(problemsOf(redirectRegex, { replacement: 'x' }), '');
});
