import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkContains, parseClientNetwork, toMappedBytes } from './client-network.ts';

const CASES: readonly (readonly [network: string, address: string, contained: boolean])[] = [
  ['10.1.2.3', '10.1.2.3', true],
  ['10.1.2.3', '10.1.2.4', false],
  ['10.1.2.3', '::10.1.2.3', false],
  ['10.1.2.3', '::ffff:10.1.2.3', true],
  ['::10.1.2.3', '::10.1.2.3', true],
  ['64:ff9b::10.1.2.3', '64:ff9b::a01:203', true],
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['10.255.0.1/8', '10.0.0.0', true],
  ['0.0.0.0/0', '1.2.3.4', true],
  ['0.0.0.0/0', '::1', false],
  ['::/0', '1.2.3.4', true],
  ['192.0.2.128/25', '192.0.2.127', false],
  ['192.0.2.128/25', '192.0.2.255', true],
  ['fe80::/10', 'febf::1', true],
  ['fe80::/10', 'fec0::1', false],
  ['2001:db8::1', '2001:DB8:0::1', true],
];

describe('client networks', () => {
  for (const [network, address, contained] of CASES) {
    it(`${network} ${contained ? 'contains' : 'does not contain'} ${address}`, () => {
      assert.equal(networkContains(parseClientNetwork(network)!, toMappedBytes(address)), contained);
    });
  }

  it('are not made of anything else', () => {
    for (const text of [
      '',
      '/',
      '10.1',
      '010.0.0.1',
      '0x0a.0.0.1',
      '10.0.0.0/',
      '10.0.0.0/-1',
      '::/1280',
      'a',
      '1.2.3.4/8/8',
    ]) {
      assert.equal(parseClientNetwork(text), undefined, text);
    }
  });

  it('contain nothing that is not 16 bytes, and ignore zones', () => {
    assert.equal(networkContains(parseClientNetwork('::/0')!, new Uint8Array(4)), false);
    assert.deepEqual(toMappedBytes('fe80::1%eth0'), toMappedBytes('fe80::1'));
  });
});
