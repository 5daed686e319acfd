// Peer records of the transport as text and as comparable bytes.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PeerAddress } from './peer-address.ts';

function record(family: number, port: number, address: readonly number[]): Buffer {
  const bytes = Buffer.alloc(48);
  bytes.writeUInt16LE(family, 4);
  bytes.writeUInt16LE(port, 6);
  bytes.set(address, 8);
  return bytes;
}

it('reads IPv4', () => {
  const peer = PeerAddress.read(record(4, 5555, [192, 0, 2, 7]), 4);
  assert.equal(peer.text, '192.0.2.7');
  assert.equal(peer.port, 5555);
  assert.deepEqual([...peer.bytes.subarray(10)], [255, 255, 192, 0, 2, 7]);
});

it('reads IPv4 seen through a dual-stack socket as IPv4', () => {
  const mapped = [...new Array(10).fill(0), 255, 255, 10, 0, 0, 1];
  assert.equal(PeerAddress.read(record(6, 1, mapped), 4).text, '10.0.0.1');
});

it('writes IPv6 in its short form', () => {
  const address = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  assert.equal(PeerAddress.read(record(6, 1, address), 4).text, '2001:db8::1');
});

it('has no address for a Unix socket', () => {
  const peer = PeerAddress.read(record(1, 0, []), 4);
  assert.equal(peer.text, '');
  assert.ok(peer.bytes.every((byte) => byte === 0));
});
