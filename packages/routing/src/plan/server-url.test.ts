import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseServerUrl } from './server-url.ts';

const CASES: readonly (readonly [string, readonly [string, string, number, string, string] | undefined])[] = [
  ['http://a', ['http', 'a', 80, 'a', '']],
  ['HTTP://A.b:8080/', ['http', 'A.b', 8080, 'A.b:8080', '/']],
  ['http://a:/x', ['http', 'a', 80, 'a', '/x']],
  ['http://user:pass@a:81/x', ['http', 'a', 81, 'a:81', '/x']],
  ['http://[2001:db8::1]:81/x%2Fy?z#f', ['http', '2001:db8::1', 81, '[2001:db8::1]:81', '/x%2Fy?z']],
  ['https://a?q', ['https', 'a', 443, 'a', '?q']],
  ['unix://ping/run/a%20b/admin.sock', ['unix', 'ping', 0, 'ping', '/run/a%20b/admin.sock']],
  ['unix://ping', ['unix', 'ping', 0, 'ping', '']],
  ['http://', undefined],
  ['http://a:0', undefined],
  ['http://a:65536', undefined],
  ['http://a:1x', undefined],
  ['http://::1', undefined],
  ['ftp://a', undefined],
  ['a:80', undefined],
  ['', undefined],
];

describe('parseServerUrl', () => {
  for (const [url, expected] of CASES) {
    it(JSON.stringify(url), () => {
      const parsed = parseServerUrl(url);
      const fields = parsed && [parsed.scheme, parsed.hostname, parsed.port, parsed.authority, parsed.path];
      assert.deepEqual(fields, expected);
    });
  }
});
