// The text of addresses in peer records (RFC 5952 §4), and the fields around them.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PEER_RECORD_BYTES, readPeerRecord } from './index.ts';

function record(family: number, address: string, port = 0, scope = 0, localPort = 0): Buffer {
  const bytes = Buffer.alloc(8 + PEER_RECORD_BYTES, 0xee).fill(0, 8);
  bytes.writeUInt16LE(family, 8);
  bytes.writeUInt16LE(port, 10);
  Buffer.from(address, 'hex').copy(bytes, 12);
  bytes.writeUInt32LE(scope, 28);
  bytes.writeUInt16LE(localPort, 32);
  return bytes;
}

describe('readPeerRecord', () => {
  const addresses: readonly [number, string, string][] = [
    [4, '7f000001', '127.0.0.1'],
    [4, 'ffffffff', '255.255.255.255'],
    [6, '00000000000000000000000000000000', '::'],
    [6, '00000000000000000000000000000001', '::1'],
    [6, '20010db8000000000000000000000001', '2001:db8::1'],
    [6, '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    [6, '20010000000000010000000000000001', '2001:0:0:1::1'],
    [6, '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    [6, 'fe800000000000000000000000000000', 'fe80::'],
    [6, '0001000200030004000500060007ABCD', '1:2:3:4:5:6:7:abcd'],
    [1, '', ''],
  ];
  for (const [family, hex, text] of addresses) {
    it(`reads ${text || 'a Unix peer'}`, () => {
      assert.deepEqual(readPeerRecord(record(family, hex, 65_535, 7, 443), 8), {
        family,
        address: text,
        port: 65_535,
        scope: 7,
        localPort: 443,
        handedOver: false,
      });
    });
  }
});
