import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Verdict } from '../interface/middleware.ts';
import { redirectScheme } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange, type TestRequest } from '../testing/index.ts';

/** Status and Location, or undefined when the request goes on. */
function redirect(options: object, request: TestRequest): string | undefined {
  const exchange = new TestExchange(request);
  const verdict = makeMiddleware(redirectScheme, options).onRequest!(exchange);
  if (verdict === Verdict.NEXT) return undefined;
  assert.equal(verdict, Verdict.ANSWERED);
  const { status, fields } = exchange.answered!;
  return `${status} ${fields.find(([name]) => name === 'Location')?.[1]}`;
}

test('plain requests are sent to https, path and query kept, their port dropped', () => {
  const cases: readonly (readonly [TestRequest, string])[] = [
    [{ target: '/a?b=1' }, '302 https://example.com/a?b=1'],
    [{ host: 'example.com:80' }, '302 https://example.com/'],
    [{ host: 'example.com:8080', target: '/x' }, '302 https://example.com/x'],
    [{ host: '[2001:db8::1]:8080' }, '302 https://[2001:db8::1]/'],
    [{ host: '[2001:db8::1]' }, '302 https://[2001:db8::1]/'],
    [{ method: 'OPTIONS', target: '*' }, '307 https://example.com'],
  ];
  for (const [request, expected] of cases) assert.equal(redirect({ scheme: 'https' }, request), expected);
});

test('the status depends on method and permanence', () => {
  const cases: readonly (readonly [string, boolean, number])[] = [
    ['GET', false, 302],
    ['GET', true, 301],
    ['HEAD', false, 307],
    ['HEAD', true, 308],
    ['POST', false, 307],
    ['POST', true, 308],
    ['PATCH', true, 308],
  ];
  for (const [method, permanent, status] of cases) {
    assert.equal(redirect({ scheme: 'https', permanent }, { method }), `${status} https://example.com/`);
  }
});

test('the answer has the reason phrase as body', () => {
  const exchange = new TestExchange();
  makeMiddleware(redirectScheme, { scheme: 'https' }).onRequest!(exchange);
  assert.equal(exchange.answered!.body, 'Found');
});

test('a port goes into the URL unless it is the scheme’s own', () => {
  assert.equal(redirect({ scheme: 'https', port: '8443' }, {}), '302 https://example.com:8443/');
  assert.equal(redirect({ scheme: 'https', port: '443' }, {}), '302 https://example.com/');
  assert.equal(redirect({ scheme: 'https', port: '80' }, {}), '302 https://example.com:80/');
  assert.equal(redirect({ scheme: 'http', port: '80' }, { secure: true }), '302 http://example.com/');
});

test('who is there already goes on', () => {
  assert.equal(redirect({ scheme: 'https' }, { secure: true }), undefined);
  assert.equal(redirect({ scheme: 'https' }, { secure: true, host: 'example.com:443' }), undefined);
  assert.equal(redirect({ scheme: 'https', port: '443' }, { secure: true }), undefined);
  assert.equal(redirect({ scheme: 'https', port: '8443' }, { secure: true, host: 'example.com:8443' }), undefined);
  assert.equal(redirect({ scheme: 'http' }, {}), undefined);
});

test('the right scheme on the wrong port is redirected', () => {
  assert.equal(redirect({ scheme: 'https', port: '8443' }, { secure: true }), '302 https://example.com:8443/');
  assert.equal(redirect({ scheme: 'https' }, { secure: true, host: 'a:8443' }), '302 https://a/');
});

test('X-Forwarded-Proto overrides TLS, other values do not', () => {
  const via = (value: string): TestRequest => ({ fields: [['X-Forwarded-Proto', value]] });
  for (const value of ['https', 'wss']) assert.equal(redirect({ scheme: 'https' }, via(value)), undefined, value);
  for (const value of ['http', 'ws', 'ftp', 'HTTPS', '']) {
    assert.equal(redirect({ scheme: 'https' }, via(value)), '302 https://example.com/', value);
  }
  assert.equal(redirect({ scheme: 'https' }, { secure: true, ...via('http') }), '302 https://example.com/');
});

test('an absolute target brings its own host', () => {
  const request = { target: 'http://other.example:81/x?y', host: 'example.com' };
  assert.equal(redirect({ scheme: 'https' }, request), '302 https://other.example/x?y');
});

test('a request without host cannot be redirected', () => {
  const exchange = new TestExchange({ host: null });
  makeMiddleware(redirectScheme, { scheme: 'https' }).onRequest!(exchange);
  assert.equal(exchange.answered!.status, 400);
});

test('options are checked', () => {
  assert.equal(problemsOf(redirectScheme, { scheme: 'https', port: '8443', permanent: true }), '');
  for (const scheme of ['', 'ht tp', 'https:', '//x', 'a\r\nb']) {
    assert.match(problemsOf(redirectScheme, { scheme }), /scheme: must be a URL scheme/, scheme);
  }
  for (const port of ['0', '65536', 'x', '-1', '8443\r\n']) {
    assert.match(problemsOf(redirectScheme, { scheme: 'https', port }), /port: must be a port/, port);
  }
  assert.notEqual(problemsOf(redirectScheme, {}), '');
});
