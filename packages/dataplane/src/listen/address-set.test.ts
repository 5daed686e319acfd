// Ranges of both families against mapped and native addresses, and what is refused.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import ipaddr from 'ipaddr.js';
import { AddressSet } from './address-set.ts';

function bytesOf(text: string): Uint8Array {
  const address = ipaddr.parse(text);
  const v6 = address.kind() === 'ipv4' ? (address as ipaddr.IPv4).toIPv4MappedAddress() : address;
  return Uint8Array.from(v6.toByteArray());
}

for (const [set, address, expected] of [
  [['10.0.0.0/8'], '10.200.3.4', true],
  [['10.0.0.0/8'], '11.0.0.1', false],
  [['10.0.0.0/8'], '::ffff:10.1.2.3', true],
  [['192.168.1.17'], '192.168.1.17', true],
  [['192.168.1.17'], '192.168.1.16', false],
  [['192.168.1.128/25'], '192.168.1.129', true],
  [['192.168.1.128/25'], '192.168.1.127', false],
  [['2001:db8::/33'], '2001:db8:7fff::1', true],
  [['2001:db8::/33'], '2001:db8:8000::1', false],
  [['::1', '127.0.0.1'], '127.0.0.1', true],
  [['0.0.0.0/0'], '2001:db8::1', false],
  [['::/0'], '1.2.3.4', true],
  [[], '1.2.3.4', false],
] as const) {
  it(`${JSON.stringify(set)} ${expected ? 'has' : 'has not'} ${address}`, () => {
    assert.equal(new AddressSet(set).has(bytesOf(address)), expected);
  });
}

it('refuses what is no address', () => {
  assert.throws(() => new AddressSet(['10.0.0.0/33']), /"10.0.0.0\/33" is neither/);
  assert.throws(() => new AddressSet(['example.com']), /neither/);
});
