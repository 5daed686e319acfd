import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { QuicError } from './quic-error.ts';
import { connectionIdOf, QuicHeader, QuicPacketType, QuicVersion } from './quic-header.ts';
import { DCID, sealInitial } from './test-support.ts';

function idOf(bytes: Buffer, shortIdBytes = 4): string {
  const guarded = Buffer.concat([Buffer.of(0x40), bytes, Buffer.from('more of it')]);
  return connectionIdOf(guarded, 1, 1 + bytes.length, shortIdBytes);
}

describe('connection ids', () => {
  it('of short headers, by the length that servers use', () => {
    const packet = Buffer.concat([Buffer.of(0x40), Buffer.from('abcdefgh')]);
    assert.equal(idOf(packet), 'abcd');
    assert.equal(idOf(packet, 8), 'abcdefgh');
    assert.equal(idOf(packet, 0), '');
    assert.equal(idOf(packet, 9), '');
    assert.equal(idOf(Buffer.of(0x40, 0x61, 0x62, 0x63)), '');
    assert.equal(idOf(Buffer.alloc(0)), '');
  });

  it('of long headers of any version', () => {
    assert.equal(idOf(sealInitial()), DCID.toString('latin1'));
    assert.equal(idOf(Buffer.concat([Buffer.of(0xff, 1, 2, 3, 4, 200), Buffer.alloc(200, 0x61)])), 'a'.repeat(200));
    assert.equal(idOf(Buffer.of(0xff, 1, 2, 3, 4, 2, 0x61)), '');
    assert.equal(idOf(Buffer.of(0xff, 1, 2, 3, 4)), '');
  });
});

describe('long headers', () => {
  const header = new QuicHeader();
  const parse = (bytes: Buffer): number =>
    header.parse(Buffer.concat([Buffer.of(0xc0), bytes, Buffer.alloc(40)]), 1, 1 + bytes.length);
  const typed = (version: number, bits: number): number => {
    const packet = sealInitial({ version });
    packet[0] = 0xc0 | (bits << 4);
    assert.equal(parse(packet), 0);
    return header.type;
  };

  it('types of both versions', () => {
    const { INITIAL, ZERO_RTT, HANDSHAKE, RETRY } = QuicPacketType;
    assert.deepEqual(
      [0, 1, 2, 3].map((bits) => typed(QuicVersion.V1, bits)),
      [INITIAL, ZERO_RTT, HANDSHAKE, RETRY],
    );
    assert.deepEqual(
      [0, 1, 2, 3].map((bits) => typed(QuicVersion.V2, bits)),
      [RETRY, INITIAL, ZERO_RTT, HANDSHAKE],
    );
  });

  it('of versions that are not known: version and ids', () => {
    const ids = [Buffer.of(3), Buffer.from('abc'), Buffer.of(2), Buffer.from('de')];
    assert.equal(parse(Buffer.concat([Buffer.of(0x80, 0xfa, 0xfa, 0xfa, 0xfa), ...ids])), QuicError.UNKNOWN_VERSION);
    assert.deepEqual([header.version, header.destinationIdOffset, header.destinationIdBytes], [0xfafafafa, 7, 3]);
    assert.deepEqual([header.sourceIdOffset, header.sourceIdBytes], [11, 2]);
    assert.equal(parse(Buffer.concat([Buffer.of(0x80, 1, 1, 1, 1), ...ids]).subarray(0, 11)), QuicError.BAD_HEADER);
  });
});
