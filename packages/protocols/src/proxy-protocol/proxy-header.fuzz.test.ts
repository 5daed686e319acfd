// Properties and fuzzing of PROXY headers: what the writers put in comes out, no split changes a result, hostile bytes never make
// the parser throw or look outside their range. FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import { ProxyError } from './proxy-error.ts';
import { ProxyHeader } from './proxy-header.ts';
import { PROXY_HEADER_BYTES_MAX } from './proxy-header-parser.ts';
import { writeProxyV1, writeProxyV2 } from './proxy-header-writer.ts';
import { addresses, ends, ipText, outcome, parse, tlv } from './test-support.ts';

const header = new ProxyHeader();
const room = Buffer.alloc(PROXY_HEADER_BYTES_MAX);

const PORT = fc.nat(0xffff);
const IP = fc.oneof(fc.ipV4(), fc.ipV6());
const ENDS = fc.tuple(IP, PORT, IP, PORT);
const TLVS = fc
  .array(fc.tuple(fc.integer({ min: 4, max: 255 }), fc.uint8Array({ maxLength: 40 })), { maxLength: 4 })
  .map((all) => Buffer.concat(all.map(([type, value]) => tlv(type, value))));

/** Every prefix needs more bytes or gives what the whole gives. */
function checkPrefixes(whole: Buffer): void {
  const expected = parse(whole, header).result;
  assert.ok(expected >= ProxyError.BAD_CHECKSUM && expected <= whole.length);
  if (expected > 0 && header.tlvBytes > 0) assert.equal(header.tlvOffset + header.tlvBytes, expected);
  if (expected > 0) assert.match(ends(header), /^(none|\S+ \d+ \S+ \d+)$/);
  for (let length = 0; length < whole.length; length++) {
    const { result } = parse(whole.subarray(0, length), header);
    if (expected > 0 && length < expected) assert.equal(result, 0, `${length} of ${whole.toString('hex')}`);
    else assert.ok(result === 0 || result === expected, `${length} of ${whole.toString('hex')}: ${result}`);
  }
}

describe('what is written', () => {
  it('is read back', () => {
    fc.assert(
      fc.property(ENDS, TLVS, ([source, sourcePort, destination, destinationPort], tlvs) => {
        const given = addresses(source, sourcePort, destination, destinationPort);
        const text = `${ipText(given.source)} ${sourcePort} ${ipText(given.destination)} ${destinationPort}`;
        const line = Buffer.from(room.subarray(0, writeProxyV1(room, 0, given)));
        assert.equal(parse(line, header).result, line.length);
        assert.equal(ends(header), text);
        checkPrefixes(line);
        const binary = Buffer.from(room.subarray(0, writeProxyV2(room, 0, given, tlvs, 0, tlvs.length)));
        assert.equal(parse(binary, header).result, binary.length);
        assert.deepEqual([ends(header), header.tlvBytes], [text, tlvs.length]);
        checkPrefixes(binary);
      }),
    );
  });

  it('an address is taken when Node takes it', () => {
    const unit = fc.constantFrom(...'01f:.', '::', '255');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit, maxLength: 14 }), fc.ipV6()), (text) => {
        const takes = (family: string): boolean => outcome(`PROXY ${family} ${text} ${text} 1 2\r\n`) === 'OK';
        assert.equal(takes('TCP4'), isIPv4(text), text);
        assert.equal(takes('TCP6'), isIPv6(text), text);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('hostile bytes', () => {
  const some = addresses('2001:db8::1', 8080, '192.0.2.1', 443);
  const line = Buffer.from(room.subarray(0, writeProxyV1(room, 0, some)));
  const tlvs = Buffer.concat([tlv(2, 'a.example'), tlv(3, Buffer.alloc(4)), tlv(0x20, Buffer.alloc(20))]);
  const binary = Buffer.from(room.subarray(0, writeProxyV2(room, 0, some, tlvs, 0, tlvs.length)));

  it('headers with ranges replaced (fuzz)', () => {
    const edit = fc.tuple(fc.nat(binary.length), fc.nat(3), fc.uint8Array({ maxLength: 3 }));
    fc.assert(
      fc.property(fc.boolean(), fc.array(edit, { minLength: 1, maxLength: 4 }), (isLine, edits) => {
        const bytes = edits.reduce<Buffer>(
          (before, [at, removed, inserted]) =>
            Buffer.concat([before.subarray(0, at), inserted, before.subarray(at + removed)]),
          isLine ? line : binary,
        );
        checkPrefixes(bytes);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });

  it('lines made of the words of lines (fuzz)', () => {
    const words = [
      'PROXY',
      ' ',
      'TCP4',
      'TCP6',
      'UNKNOWN',
      '1.2.3.4',
      '::',
      '::1',
      '1',
      '0',
      '65535',
      '\r',
      '\n',
      '\r\n',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 16 }), (picked) => {
        checkPrefixes(Buffer.from(`PROXY ${picked.join('')}\r\n`));
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});
