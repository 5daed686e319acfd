import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { crc32c } from './crc32c.ts';
import { ProxyError, proxyErrorMessage } from './proxy-error.ts';
import { ProxyHeader, ProxyTransport } from './proxy-header.ts';
import { PROXY_HEADER_BYTES_MAX, PROXY_V2_BODY_BYTES_MAX } from './proxy-header-parser.ts';
import { findProxyTlv, ProxyTlvType, proxyTlvValueBytes } from './proxy-tlv.ts';
import { binaryHeader, ends, INET_BODY, outcome, parse, tlv } from './test-support.ts';

const V6_BODY = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.of(0, 1, 0xff, 0xff),
]);

describe('version 1', () => {
  it('addresses of both families', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['TCP4 192.0.2.1 198.51.100.2 8080 443', '192.0.2.1 8080 198.51.100.2 443'],
      ['TCP4 0.0.0.0 255.255.255.255 0 65535', '0.0.0.0 0 255.255.255.255 65535'],
      ['TCP6 2001:db8::1 ::1 1 2', '2001:db8::1 1 ::1 2'],
      ['TCP6 ::ffff:10.1.2.3 FE80:0:0:0:0:0:0:A 1 2', '10.1.2.3 1 fe80::a 2'],
      ['TCP6 1:2:3:4:5:6:7:: :: 1 2', '1:2:3:4:5:6:7:0 1 :: 2'],
      ['UNKNOWN', 'none'],
      ['UNKNOWN whatever it says 1 2 3', 'none'],
    ];
    for (const [text, expected] of cases) {
      const line = `PROXY ${text}\r\n`;
      const { result, header } = parse(Buffer.from(`${line}GET /`));
      assert.equal(result, line.length, text);
      assert.deepEqual([header.version, ends(header), header.tlvBytes], [1, expected, 0], text);
      if (expected !== 'none') assert.equal(header.transport, ProxyTransport.STREAM);
    }
  });

  it('takes the longest line, and none that is longer', () => {
    const group = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
    assert.equal(outcome(`PROXY TCP6 ${group} ${group} 65535 65535\r\n`), 'OK');
    const longest = `PROXY UNKNOWN ${'x'.repeat(91)}`;
    assert.equal(longest.length, 105);
    assert.equal(outcome(`${longest}\r\n`), 'OK');
    assert.equal(outcome(`${longest}\r`), 'NEED_MORE');
    assert.equal(outcome(`${longest}x`), 'LINE_TOO_LONG');
    assert.equal(outcome(`${longest}x\r\n`), 'LINE_TOO_LONG');
  });

  it('refuses what is wrong', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n', 'BAD_LINE_END'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx', 'BAD_LINE_END'],
      ['PROXY\r\n', 'BAD_PROTOCOL'],
      ['PROXYING / HTTP/1.1\r\n', 'BAD_PROTOCOL'],
      ['PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n', 'BAD_PROTOCOL'],
      ['PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n', 'BAD_PROTOCOL'],
      ['PROXY UNKNOWNS\r\n', 'BAD_PROTOCOL'],
      ['PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n', 'BAD_PROTOCOL'],
      ['PROXY TCP4 \r\n', 'BAD_ADDRESS'],
      ['PROXY TCP4 1.2.3.4\r\n', 'BAD_ADDRESS'],
      ['PROXY TCP4 ::1 ::1 1 2\r\n', 'BAD_ADDRESS'],
      ['PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n', 'BAD_ADDRESS'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4\r\n', 'BAD_PORT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', 'BAD_PORT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n', 'BAD_PORT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n', 'BAD_PORT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 -2\r\n', 'BAD_PORT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n', 'EXCESS_TEXT'],
      ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', 'EXCESS_TEXT'],
    ];
    for (const [text, expected] of cases) assert.equal(outcome(text), expected, text);
    for (const bad of ['1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', '1..3.4', '1.2.3.', ' 1.2.3.4'])
      assert.equal(outcome(`PROXY TCP4 ${bad} 1.2.3.4 1 2\r\n`), 'BAD_ADDRESS', bad);
    for (const bad of [
      '1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:8:9',
      ':::',
      '1::2::3',
      '12345::',
      '1:',
      ':1',
      ':1::',
      '::1:',
      'g::',
      '::1%1',
      '1:2:3:4:5:6:7:1.2.3.4',
      '::1.2.3',
      '1.2.3.4::',
      '1:2:3:4:5:6:7::8',
      '::1.2.3.4:5',
    ])
      assert.equal(outcome(`PROXY TCP6 ${bad} ::1 1 2\r\n`), 'BAD_ADDRESS', bad);
  });
});

describe('version 2', () => {
  it('addresses of both families, of streams and datagrams', () => {
    const v4 = parse(binaryHeader());
    assert.deepEqual([v4.result, v4.header.version, ends(v4.header)], [28, 2, '192.0.2.1 8080 198.51.100.2 443']);
    const v6 = parse(Buffer.concat([binaryHeader({ family: 0x22, body: V6_BODY }), Buffer.from('more')]));
    assert.deepEqual([v6.result, ends(v6.header)], [52, '2001:db8::1 1 2001:db8::2 65535']);
    assert.equal(v6.header.transport, ProxyTransport.DATAGRAM);
  });

  it('what has no addresses of ours is taken and says nothing', () => {
    const parts = [
      { command: 0x20 },
      { command: 0x20, family: 0xff, body: Buffer.alloc(3) },
      { family: 0, body: Buffer.alloc(0) },
      { family: 0, body: Buffer.from('whatever') },
      { family: 0x31, body: Buffer.alloc(216, 0x2f) },
      { family: 0x10 },
    ];
    for (const each of parts) {
      const bytes = binaryHeader(each);
      const { result, header } = parse(bytes);
      assert.equal(result, bytes.length);
      assert.deepEqual([header.version, ends(header), header.tlvBytes], [2, 'none', 0]);
    }
  });

  it('extensions are found', () => {
    const tlvs = [tlv(ProxyTlvType.NOOP, 'xx'), tlv(ProxyTlvType.AUTHORITY, 'a.example'), tlv(ProxyTlvType.ALPN, '')];
    const bytes = binaryHeader({ body: Buffer.concat([INET_BODY, ...tlvs]) });
    const { result, header } = parse(bytes);
    assert.equal(result, bytes.length);
    assert.deepEqual([header.tlvOffset, header.tlvBytes], [28, bytes.length - 28]);
    const find = (type: number): string | undefined => {
      const at = findProxyTlv(bytes, header.tlvOffset, header.tlvBytes, type);
      return at === -1 ? undefined : bytes.toString('latin1', at, at + proxyTlvValueBytes(bytes, at));
    };
    assert.deepEqual(
      [find(ProxyTlvType.AUTHORITY), find(ProxyTlvType.ALPN), find(ProxyTlvType.SSL)],
      ['a.example', '', undefined],
    );
  });

  it('a checksum is verified', () => {
    const withSum = (sum: Buffer): Buffer =>
      binaryHeader({ body: Buffer.concat([INET_BODY, tlv(ProxyTlvType.CRC32C, sum), tlv(ProxyTlvType.NOOP, 'x')]) });
    const zeroed = withSum(Buffer.alloc(4));
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32c(zeroed, 0, zeroed.length));
    const right = withSum(sum);
    assert.equal(outcome(right), 'OK');
    for (const at of [20, 27, 31, 34, right.length - 1]) {
      const wrong = Buffer.from(right);
      wrong[at] ^= 1;
      assert.equal(outcome(wrong), 'BAD_CHECKSUM', `${at}`);
    }
    const twice = Buffer.concat([INET_BODY, tlv(3, sum), tlv(3, sum)]);
    assert.equal(outcome(binaryHeader({ body: twice })), 'BAD_CHECKSUM');
    assert.equal(outcome(binaryHeader({ body: Buffer.concat([INET_BODY, tlv(3, 'x')]) })), 'BAD_CHECKSUM');
  });

  it('refuses what is wrong', () => {
    const cases: readonly (readonly [Buffer, string])[] = [
      [binaryHeader({ command: 0x11 }), 'BAD_VERSION'],
      [binaryHeader({ command: 0x22 }), 'BAD_COMMAND'],
      [binaryHeader({ family: 0x41 }), 'BAD_FAMILY'],
      [binaryHeader({ family: 0x13 }), 'BAD_FAMILY'],
      [binaryHeader({ body: INET_BODY.subarray(0, 11) }), 'BAD_LENGTH'],
      [binaryHeader({ family: 0x21 }), 'BAD_LENGTH'],
      [binaryHeader({ family: 0x31 }), 'BAD_LENGTH'],
      [binaryHeader({ bodyBytes: PROXY_V2_BODY_BYTES_MAX + 1 }), 'TOO_LARGE'],
      [binaryHeader({ command: 0x20, bodyBytes: 0xffff }), 'TOO_LARGE'],
      [binaryHeader({ bodyBytes: PROXY_V2_BODY_BYTES_MAX }), 'NEED_MORE'],
      [binaryHeader({ body: Buffer.concat([INET_BODY, Buffer.of(4, 0)]) }), 'BAD_TLV'],
      [binaryHeader({ body: Buffer.concat([INET_BODY, Buffer.of(4, 0, 1)]) }), 'BAD_TLV'],
    ];
    for (const [bytes, expected] of cases) assert.equal(outcome(bytes), expected, bytes.toString('hex'));
    const largest = Buffer.concat([INET_BODY, tlv(4, Buffer.alloc(PROXY_V2_BODY_BYTES_MAX - 12 - 3))]);
    assert.equal(binaryHeader({ body: largest }).length, PROXY_HEADER_BYTES_MAX);
    assert.equal(outcome(binaryHeader({ body: largest })), 'OK');
  });
});

describe('what is no header', () => {
  it('is told from one at the first byte that differs', () => {
    for (const text of ['GET / HTTP/1.1\r\n', 'PRI * HTTP/2.0', 'PUT', '\x16\x03\x01', '\r\n\r\n\0\r\nQUIZ', '\r\nGET'])
      assert.equal(outcome(text), 'NO_HEADER', text);
    for (const text of ['', 'P', 'PROXY', '\r\n\r\n\0\r\nQUIT\n', '\r\n'])
      assert.equal(outcome(text), 'NEED_MORE', text);
  });

  it('an object is cleared for the next header', () => {
    const header = new ProxyHeader();
    parse(binaryHeader({ body: Buffer.concat([INET_BODY, tlv(4, '')]) }), header);
    parse(Buffer.from('PROXY TCP4 1.2.3.4 5.6.7.8 9 x\r\n'), header);
    assert.deepEqual(header, new ProxyHeader());
  });
});

it('the checksum is that of RFC 3720 B.4', () => {
  assert.equal(crc32c(Buffer.alloc(32), 0, 32), 0x8a9136aa);
  assert.equal(crc32c(Buffer.alloc(32, 0xff), 0, 32), 0x62a8ab43);
  assert.equal(crc32c(Buffer.from('123456789'), 4, 9, crc32c(Buffer.from('1234'), 0, 4)), 0xe3069283);
});

it('every error has its sentence', () => {
  const messages = Object.values(ProxyError).map(proxyErrorMessage);
  assert.equal(new Set(messages).size, messages.length);
  assert.ok(!messages.includes(proxyErrorMessage(-99)));
});
