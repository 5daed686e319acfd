import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CheckRequest, planCheckRequest } from './check-request.ts';
import { checkSettings } from './testing/check-settings.ts';

function plan(url: string, changes: Parameters<typeof checkSettings>[0]): CheckRequest {
  const request = planCheckRequest(url, checkSettings(changes));
  assert.ok(!('problem' in request), JSON.stringify(request));
  return request;
}

function problem(url: string, changes: Parameters<typeof checkSettings>[0]): string {
  const request = planCheckRequest(url, checkSettings(changes));
  assert.ok('problem' in request, JSON.stringify(request));
  return request.problem;
}

test('the path is a relative reference of RFC 3986', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['http://h:1', '/x', '/x'],
    ['http://h:1/base/app', '/x', '/x'],
    ['http://h:1/base/app', 'x', '/base/x'],
    ['http://h:1/base/app/', 'x?deep=1', '/base/app/x?deep=1'],
    ['http://h:1/base/app', '../x', '/x'],
    ['http://h:1/base', '', '/base'],
    ['http://h:1', '', '/'],
    ['http://h:1/base', '?q', '/base?q'],
    ['http://h:1/base?ignored', '', '/base'],
    ['http://h:1', '/x#fragment', '/x'],
  ];
  for (const [url, path, expected] of cases) assert.equal(plan(url, { path }).path, expected, `${url} + ${path}`);
});

test('a path with host or scheme is refused', () => {
  for (const path of [
    '//other/x',
    'http://other/x',
    'https:x',
    '\\\\other\\x',
    '/\\other/x',
    'x:y',
    '/a b',
    '/a\r\nb',
  ]) {
    assert.match(problem('http://h:1', { path }), /path/, path);
  }
});

test('no path can lead to another host', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('/', '\\', '.', '@', ':', '?', '#', 'h', '%', '2', 'f', '[') }),
      (path) => {
        const request = planCheckRequest('http://home:81/a/b', checkSettings({ path }));
        if ('problem' in request) return;
        assert.equal(request.origin, 'http://home:81');
        assert.ok(request.path.startsWith('/'));
      },
    ),
  );
});

test('scheme and port override the server’s own', () => {
  assert.equal(plan('http://h:81', { port: 9000 }).origin, 'http://h:9000');
  assert.equal(plan('http://h:81', { scheme: 'https' }).origin, 'https://h:81');
  assert.equal(plan('http://h:80', { scheme: 'https' }).origin, 'https://h:80', 'a port written in the url stays');
  assert.equal(plan('http://h', { scheme: 'https' }).origin, 'https://h');
  assert.equal(plan('http://[::1]:81/x', { port: 82 }).origin, 'http://[::1]:82');
  assert.match(problem('http://h', { scheme: 'ftp' }), /none of http, https and h2c/);
});

test('Host is the hostname option, else the authority that is connected to', () => {
  assert.equal(plan('http://h:81', {}).host, 'h:81');
  assert.equal(plan('http://user:secret@h:81', {}).host, 'h:81');
  assert.equal(plan('http://h:81', { port: 82 }).host, 'h:82');
  assert.equal(plan('http://h:81', { hostname: 'example.com' }).host, 'example.com');
  assert.match(problem('http://h', { hostname: 'a\r\nb' }), /hostname/);
});

test('headers are taken as configured, without those that frame the message or name the host', () => {
  const headers = { 'X-Probe': '1', Host: 'other', 'Content-Length': '7', connection: 'keep-alive' };
  assert.deepEqual(plan('http://h', { headers }).headers, { 'User-Agent': 'sluice-health-check', 'X-Probe': '1' });
  assert.deepEqual(plan('http://h', { headers: { 'user-agent': 'me' } }).headers, { 'user-agent': 'me' });
  assert.match(problem('http://h', { headers: { 'a b': 'x' } }), /header name/);
  assert.match(problem('http://h', { headers: { a: 'x\r\ny: z' } }), /not allowed/);
});

test('a method must be a token and not CONNECT', () => {
  assert.equal(plan('http://h', { method: 'OPTIONS' }).method, 'OPTIONS');
  for (const method of ['', 'G T', 'CONNECT', 'GET\r\n']) assert.match(problem('http://h', { method }), /method/);
});

test('server urls that are not HTTP are refused', () => {
  for (const url of ['', 'h:80', 'ftp://h', 'unix:/x', 'http://h:99999', 'http://[::1'])
    assert.match(problem(url, {}), /server url/);
});
