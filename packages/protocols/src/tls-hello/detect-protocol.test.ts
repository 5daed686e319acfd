import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DetectedProtocol, detectProtocol, looksLikeTls } from './detect-protocol.ts';
import { helloBytes } from './test-support.ts';

const NAMES = new Map(Object.entries(DetectedProtocol).map(([name, value]) => [value as number, name]));

function detect(text: string | Buffer): string {
  const bytes = Buffer.concat([
    Buffer.from('\x16\x03', 'latin1'),
    Buffer.from(text as string, 'latin1'),
    Buffer.from('\x03 GET '),
  ]);
  return NAMES.get(detectProtocol(bytes, 2, bytes.length - 6)) ?? 'unknown';
}

test('what clients begin with', () => {
  const cases: readonly (readonly [string | Buffer, string])[] = [
    ['', 'NEED_MORE'],
    [helloBytes(), 'TLS'],
    ['\x16', 'NEED_MORE'],
    ['\x16\x03', 'TLS'],
    ['\x16\x02', 'OTHER'],
    ['\x80\x2e\x01', 'OTHER'],
    ['\x17\x03\x03', 'OTHER'],
    ['\0\0\0\x08\x04\xd2\x16\x2f', 'POSTGRES_TLS'],
    ['\0\0\0\x08\x04\xd2\x16\x2fmore', 'POSTGRES_TLS'],
    ['\0\0\0\x08\x04\xd2\x16', 'NEED_MORE'],
    ['\0\0\0\x08\x04\xd2\x16\x30', 'OTHER'], // GSSENCRequest
    ['\0\0\0\x29\0\x03\0\0user', 'OTHER'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'HTTP2'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r', 'NEED_MORE'],
    ['PRI * HTTP/2.0\r\n\r\nXX', 'HTTP1'],
    ['PRI', 'NEED_MORE'],
    ['PRINT / HTTP/1.1', 'HTTP1'],
    ['P', 'NEED_MORE'],
    ['POST ', 'HTTP1'],
    ['GET', 'NEED_MORE'],
    ['GET / HTTP/1.1', 'HTTP1'],
    ['\r\nGET ', 'HTTP1'],
    ['\r', 'NEED_MORE'],
    ['\r\n', 'NEED_MORE'],
    ['\rG', 'OTHER'],
    ['\r\n\r\n', 'OTHER'],
    [' GET', 'OTHER'],
    ['EHLO\r\n', 'OTHER'],
    ['EHLO me', 'HTTP1'],
    ['SSH-2.0-x\r\n', 'OTHER'],
    ['a'.repeat(32), 'NEED_MORE'],
    [`${'a'.repeat(32)} `, 'HTTP1'],
    ['a'.repeat(33), 'OTHER'],
    ['{"json":1}', 'OTHER'],
  ];
  for (const [text, expected] of cases) assert.equal(detect(text), expected, JSON.stringify(text.toString('latin1')));
});

test('more bytes never change a decision', () => {
  const piece = fc.constantFrom(
    '\x16',
    '\x03',
    '\0\0\0\x08',
    '\x04\xd2\x16\x2f',
    'PRI * HTTP/2.0',
    '\r\n',
    'SM',
    'GET',
    ' ',
    '\x80',
    'ä',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const text = pieces.join('');
      let before = 'NEED_MORE';
      for (let length = 0; length <= text.length; length++) {
        const now = detect(text.slice(0, length));
        assert.ok(
          before === 'NEED_MORE' || now === before,
          `${JSON.stringify(text)} at ${length}: ${before}, then ${now}`,
        );
        before = now;
      }
    }),
    { numRuns: 2_000 },
  );
});

test('two bytes tell TLS', () => {
  const bytes = Buffer.of(0x16, 0x03, 0x01);
  assert.equal(looksLikeTls(bytes, 0, 0), DetectedProtocol.NEED_MORE);
  assert.equal(looksLikeTls(bytes, 0, 1), DetectedProtocol.NEED_MORE);
  assert.equal(looksLikeTls(bytes, 0, 2), DetectedProtocol.TLS);
  assert.equal(looksLikeTls(bytes, 1, 3), DetectedProtocol.OTHER);
});
