import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pieces } from '../testing/index.ts';
import { Base64Decoder } from './base64-decoder.ts';

function decode(chunks: readonly Uint8Array[]): Buffer {
  const decoder = new Base64Decoder();
  const parts = chunks.map((chunk) => Buffer.from(decoder.push(chunk)));
  decoder.end();
  return Buffer.concat(parts);
}

test('base64 in any pieces, with padding and line ends anywhere, is what was encoded', () => {
  const segments = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(segments, fc.array(fc.nat(50)), fc.boolean(), (bytes, cuts, hasLines) => {
      const text = bytes.map((each) => Buffer.from(each).toString('base64')).join('');
      const sent = Buffer.from(hasLines ? text.replace(/.{7}/g, '$&\r\n') : text);
      assert.deepEqual(decode(pieces(sent, cuts)), Buffer.concat(bytes));
    }),
  );
});

test('all 256 byte values in one piece', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  assert.deepEqual(decode([Buffer.from(bytes.toString('base64'))]), bytes);
});

test('what is not base64 is an error', () => {
  for (const text of ['A', 'AA', 'AAA', 'AA=', '=', 'A===', 'AA=A', 'AAA=A', 'AAAA=', 'AA-_', 'AAA ', 'AAAé']) {
    assert.throws(() => decode([Buffer.from(text)]), /base64/, text);
  }
});

test('bytes that no alphabet has are errors, whatever comes before', () => {
  const alphabet = /[A-Za-z0-9+/=\r\n]/;
  for (let byte = 0; byte < 256; byte++) {
    if (alphabet.test(String.fromCharCode(byte))) continue;
    assert.throws(() => decode([Buffer.from('QUJD'), Buffer.of(byte)]), /not base64/, `${byte}`);
  }
});
