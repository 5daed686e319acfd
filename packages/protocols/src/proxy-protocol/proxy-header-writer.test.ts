import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProxyHeader } from './proxy-header.ts';
import { writeProxyV1, writeProxyV2 } from './proxy-header-writer.ts';
import { findProxyTlv, ProxyTlvType, writeProxyTlv } from './proxy-tlv.ts';
import { addresses, binaryHeader, ends, outcome, parse, tlv } from './test-support.ts';

const NONE = new ProxyHeader();
const room = Buffer.alloc(4300, 0xee);

function line(of: Parameters<typeof writeProxyV1>[2]): string {
  return room.toString('latin1', 5, writeProxyV1(room, 5, of));
}

describe('version 1', () => {
  it('lines', () => {
    assert.equal(line(addresses('192.0.2.1', 8080, '10.0.0.255', 0)), 'PROXY TCP4 192.0.2.1 10.0.0.255 8080 0\r\n');
    assert.equal(line(addresses('2001:db8::1', 1, '::', 65535)), 'PROXY TCP6 2001:db8::1 :: 1 65535\r\n');
    assert.equal(line(addresses('1.2.3.4', 1, '2001:db8::1', 2)), 'PROXY TCP6 ::ffff:1.2.3.4 2001:db8::1 1 2\r\n');
    assert.equal(line(NONE), 'PROXY UNKNOWN\r\n');
  });

  it('addresses of version 6 in their shortest form', () => {
    const texts = [
      '1:2:3:4:5:6:7:8',
      '1::8',
      '::8',
      '1::',
      '0:0:1::',
      '1:0:0:4::8',
      '1::4:0:0:8',
      '1:0:3:4:5:6:7:8',
      'abcd:ef01::',
    ];
    for (const text of texts) {
      const expected = text === '0:0:1::' ? '0:0:1::' : text;
      assert.equal(line(addresses(text, 1, '::1', 2)), `PROXY TCP6 ${expected} ::1 1 2\r\n`);
    }
  });

  it('does not write where there is no room', () => {
    assert.throws(() => writeProxyV1(Buffer.alloc(106), 0, NONE), RangeError);
    assert.equal(writeProxyV1(Buffer.alloc(107), 0, NONE), 15);
  });
});

describe('version 2', () => {
  it('headers', () => {
    const end = writeProxyV2(room, 5, addresses('192.0.2.1', 8080, '198.51.100.2', 443));
    assert.deepEqual(room.subarray(5, end), binaryHeader());
    assert.deepEqual(
      room.subarray(5, writeProxyV2(room, 5, NONE)),
      binaryHeader({ command: 0x20, family: 0, body: Buffer.alloc(0) }),
    );
    const mixed = Buffer.from(room.subarray(5, writeProxyV2(room, 5, addresses('2001:db8::1', 1, '1.2.3.4', 2))));
    assert.deepEqual([mixed[13], mixed.length], [0x21, 52]);
    assert.equal(ends(parse(mixed).header), '2001:db8::1 1 1.2.3.4 2');
  });

  it('extensions go through, and a checksum is made anew', () => {
    const tlvs = Buffer.concat([
      Buffer.from('?'),
      tlv(ProxyTlvType.AUTHORITY, 'a.example'),
      tlv(ProxyTlvType.CRC32C, Buffer.alloc(4, 9)),
    ]);
    const end = writeProxyV2(room, 5, addresses('::1', 1, '::2', 2), tlvs, 1, tlvs.length - 1);
    const bytes = Buffer.from(room.subarray(5, end));
    assert.equal(outcome(bytes), 'OK');
    const { header } = parse(bytes);
    assert.equal(header.tlvBytes, tlvs.length - 1);
    const authority = findProxyTlv(bytes, header.tlvOffset, header.tlvBytes, ProxyTlvType.AUTHORITY);
    assert.equal(bytes.toString('latin1', authority, authority + 9), 'a.example');
    assert.equal(room[end], 0xee);
    assert.equal(writeProxyV2(room, 5, NONE, tlvs, 1, tlvs.length - 1), 21);
  });

  it('extensions of the caller', () => {
    const tlvs = Buffer.alloc(64);
    const length = writeProxyTlv(
      tlvs,
      writeProxyTlv(tlvs, 0, ProxyTlvType.ALPN, Buffer.from('h2')),
      ProxyTlvType.CRC32C,
      Buffer.alloc(4),
    );
    const end = writeProxyV2(room, 0, addresses('1.2.3.4', 1, '1.2.3.5', 2), tlvs, 0, length);
    assert.equal(outcome(Buffer.from(room.subarray(0, end))), 'OK');
    assert.throws(() => writeProxyTlv(tlvs, 60, ProxyTlvType.ALPN, Buffer.from('h2')), RangeError);
  });

  it('does not write where there is no room, nor more than may be read', () => {
    const some = addresses('1.2.3.4', 1, '1.2.3.5', 2);
    assert.throws(() => writeProxyV2(Buffer.alloc(27), 0, some), RangeError);
    assert.equal(writeProxyV2(Buffer.alloc(28), 0, some), 28);
    assert.throws(() => writeProxyV2(room, 0, some, Buffer.alloc(4200), 0, 4085), RangeError);
    assert.equal(writeProxyV2(room, 0, some, Buffer.alloc(4200), 0, 4084), 16 + 4096);
  });
});
