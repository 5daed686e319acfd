// Authorities as clients send them, and the host and port taken from them.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { canonicalHost, portOf } from './canonical-host.ts';

for (const [authority, host, port] of [
  ['Example.COM', 'example.com', undefined],
  ['example.com:8443', 'example.com', '8443'],
  ['example.com.', 'example.com.', undefined],
  ['[2001:DB8::1]:80', '2001:db8::1', '80'],
  ['[::1]', '::1', undefined],
  ['::1', '::1', undefined],
  ['a:', 'a', undefined],
  ['', '', undefined],
] as const) {
  it(JSON.stringify(authority), () => {
    assert.equal(canonicalHost(authority), host);
    assert.equal(portOf(authority), port);
  });
}
