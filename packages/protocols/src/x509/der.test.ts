import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAlternativeNames } from './alternative-names.ts';
import { parseCertificateFields } from './certificate-fields.ts';
import { DerError, DerReader, DerTag } from './der-reader.ts';
import { derInteger, derText, readDerTime } from './der-values.ts';

const hex = (text: string): DerReader => new DerReader(Buffer.from(text.replaceAll(' ', ''), 'hex'));

test('elements are read one after the other, and entered', () => {
  const reader = hex('30 06 02 01 05 04 01 ff 05 00');
  const inner = reader.enter(DerTag.SEQUENCE);
  assert.equal(inner.tag, DerTag.INTEGER);
  assert.equal(derInteger(inner.read(DerTag.INTEGER)), 5n);
  assert.equal(inner.skip(DerTag.INTEGER), false);
  assert.deepEqual(inner.readWhole(), Buffer.of(4, 1, 255));
  inner.finish();
  assert.equal(inner.tag, -1);
  assert.throws(() => reader.finish(), /bytes follow/);
  assert.equal(reader.skip(DerTag.NULL), true);
  assert.equal(reader.isAtEnd, true);
});

test('lengths have one form, and end inside what they are in', () => {
  assert.equal(hex(`04 81 80 ${'00'.repeat(128)}`).read(DerTag.OCTET_STRING).length, 128);
  const faults: readonly (readonly [string, RegExp])[] = [
    ['', /missing/],
    ['04', /no usable length/],
    ['04 80 00 00', /no usable length/],
    ['04 85 00 00 00 00 01 00', /no usable length/],
    ['04 84 ff ff ff', /no usable length/],
    ['04 84 ff ff ff ff', /longer/],
    ['04 81 7f', /shortest/],
    ['04 82 00 80', /shortest/],
    ['04 02 00', /longer/],
    ['05 00', /found tag 5/],
  ];
  for (const [text, message] of faults) assert.throws(() => hex(text).read(DerTag.OCTET_STRING), message, text);
  assert.throws(() => hex('1f 81 00 00').readWhole(), /more than one byte/);
  assert.throws(() => hex('30 03 04 02 00').enter(DerTag.SEQUENCE).readWhole(), /longer/);
});

test('integers are signed', () => {
  const values = {
    '00': 0n,
    '7f': 127n,
    '0080': 128n,
    ff: -1n,
    '8000': -32768n,
    '00ffffffffffffffffff': 2n ** 72n - 1n,
  };
  for (const [bytes, value] of Object.entries(values)) assert.equal(derInteger(Buffer.from(bytes, 'hex')), value);
  assert.throws(() => derInteger(Buffer.alloc(0)), DerError);
});

test('times of both kinds, in their only form', () => {
  const time = (tag: number, text: string): number =>
    readDerTime(new DerReader(Buffer.from([tag, text.length, ...Buffer.from(text)])));
  assert.equal(time(0x17, '491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
  assert.equal(time(0x17, '500101000000Z'), Date.UTC(1950, 0, 1));
  assert.equal(time(0x18, '20200229123456Z'), Date.UTC(2020, 1, 29, 12, 34, 56));
  for (const text of ['200101000000', '2001010000Z', '200101000000+0100', '200101000000.5Z', '201301000000Z']) {
    assert.throws(() => time(0x17, text), DerError, text);
  }
  assert.throws(() => time(0x04, 'x'), /found tag/);
});

test('text in all its types', () => {
  assert.equal(derText(DerTag.UTF8_STRING, Buffer.from('Ä€')), 'Ä€');
  assert.equal(derText(DerTag.PRINTABLE_STRING, Buffer.from('a b')), 'a b');
  assert.equal(derText(DerTag.T61_STRING, Buffer.of(0xe4)), 'ä');
  assert.equal(derText(DerTag.BMP_STRING, Buffer.from('20ac00e4', 'hex')), '€ä');
  assert.equal(derText(DerTag.BMP_STRING, Buffer.from('d800', 'hex')), '\ufffd');
  assert.equal(derText(DerTag.UNIVERSAL_STRING, Buffer.from('0001f600ffffffff', 'hex')), '😀\ufffd');
  assert.equal(derText(DerTag.BMP_STRING, Buffer.of(1)), undefined);
  assert.equal(derText(DerTag.OCTET_STRING, Buffer.of(1)), undefined);
});

test('anything that is no certificate is one kind of error', () => {
  const attempt = (parse: () => unknown): void => {
    try {
      parse();
    } catch (error) {
      assert.ok(error instanceof DerError, String(error));
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      attempt(() => parseCertificateFields(Buffer.from(bytes)));
      attempt(() => parseAlternativeNames(Buffer.from([0x30, bytes.length, ...bytes])));
    }),
  );
});
