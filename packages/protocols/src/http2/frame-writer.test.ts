// The frame writer: what it writes is what the reader (and the hand-written parser of the tests) reads; field blocks in pieces;
// what has no place on the wire is refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldBlockFramesBytes, writeFieldBlock } from './field-block-writer.ts';
import {
  writeDataHead,
  writeFrameHead,
  writeGoaway,
  writePing,
  writeRstStream,
  writeSettings,
  writeSettingsAck,
  writeWindowUpdate,
} from './frame-writer.ts';
import { everyByte, framesOf, serverBytesReader } from './test-support.ts';

type Write = (buffer: Buffer, offset: number) => number;

/** What the reader tells about frames written one behind the other, with SETTINGS in front. */
function told(...writes: Write[]): string[] {
  const buffer = Buffer.alloc(4096, 0xee);
  let at = writeSettings(buffer, 5, []);
  for (const write of writes) at = write(buffer, at);
  assert.deepEqual(buffer.subarray(at), Buffer.alloc(4096 - at, 0xee), 'nothing behind');
  return framesOf(buffer.subarray(5, at), [], serverBytesReader).slice(1);
}

describe('frame writer', () => {
  const cases: [what: string, write: Write, ...events: string[]][] = [
    ['RST_STREAM', (b, at) => writeRstStream(b, at, 7, 0xffffffff), 'reset 7 4294967295'],
    [
      'SETTINGS',
      (b, at) => writeSettings(b, at, [3, 0xffffffff, 0x1234, 0]),
      'setting 3 4294967295',
      'setting 4660 0',
      'settings-end',
    ],
    ['its acknowledgement', writeSettingsAck, 'settings-ack'],
    ['PING', (b, at) => writePing(b, at, -1, 1, false), 'ping -1 1'],
    ['its answer', (b, at) => writePing(b, at, 2147483647, -2147483648, true), 'ping-ack 2147483647 -2147483648'],
    ['GOAWAY', (b, at) => writeGoaway(b, at, 2147483647, 11), 'goaway 2147483647 11 0'],
    ['WINDOW_UPDATE', (b, at) => writeWindowUpdate(b, at, 0, 2147483647), 'window 0 2147483647'],
    [
      'DATA without data',
      (b, at) => writeDataHead(b, at, 2147483647, 0, true),
      'data 2147483647 0',
      'data-end 2147483647 0 true',
    ],
  ];
  for (const [what, write, ...events] of cases) {
    it(what, () => {
      assert.deepEqual(told(write), events);
    });
  }

  it('the head of DATA alone', () => {
    const buffer = Buffer.alloc(9);
    assert.equal(writeDataHead(buffer, 0, 1, 0xfedcba, false), 9);
    assert.equal(buffer.toString('hex'), 'fedcba000000000001');
  });

  it('refuses what has no place on the wire, and to write past the end', () => {
    const buffer = Buffer.alloc(20);
    assert.throws(() => writeFrameHead(buffer, 0, 0x1000000, 0, 0, 1), RangeError);
    assert.throws(() => writeFrameHead(buffer, 0, -1, 0, 0, 1), RangeError);
    assert.throws(() => writeFrameHead(buffer, 0, 0, 0, 0, 0x80000000), RangeError);
    assert.throws(() => writeFrameHead(buffer, 0, Number.NaN, 0, 0, 1), RangeError);
    assert.throws(() => writeWindowUpdate(buffer, 0, 1, 0), RangeError);
    assert.throws(() => writeWindowUpdate(buffer, 0, 1, 0x80000000), RangeError);
    assert.throws(() => writeRstStream(buffer, 8, 1, 0), RangeError);
    assert.throws(() => writePing(buffer, 4, 0, 0, false), RangeError);
    assert.throws(() => writeSettings(buffer, 0, [1, 2, 3, 4]), RangeError);
    assert.throws(() => writeSettingsAck(buffer, 12), RangeError);
    assert.throws(() => writeSettingsAck(buffer, -1), RangeError);
    assert.throws(() => writeFieldBlock(buffer, 0, 1, Buffer.alloc(12), 0, 12, false, 16_384), RangeError);
    assert.deepEqual(buffer, Buffer.alloc(20), 'nothing was written');
  });
});

describe('writeFieldBlock', () => {
  const blockOf = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => index & 0xff));

  it('writes one frame or as many as needed, from elsewhere or in place', () => {
    const sizes = fc.record({ length: fc.nat(120), limit: fc.integer({ min: 1, max: 40 }), gap: fc.nat(20) });
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.boolean(), ({ length, limit, gap }, endStream, inPlace) => {
        const offset = 3;
        const block = blockOf(length);
        const total = fieldBlockFramesBytes(length, limit);
        const buffer = Buffer.alloc(offset + total + length + gap + 9, 0xee);
        let source = block;
        let start = 0;
        if (inPlace) {
          source = buffer;
          start = offset + 9 + gap;
          block.copy(buffer, start);
        }
        const end = writeFieldBlock(buffer, offset, 5, source, start, start + length, endStream, limit);
        assert.equal(end, offset + total);
        const settings = Buffer.from('000000040000000000', 'hex');
        const bytes = Buffer.concat([settings, buffer.subarray(offset, end)]);
        const expected = ['settings-end', `headers 5 ${endStream} fine ${block.toString('hex')}`];
        if (length <= 64 * limit) assert.deepEqual(framesOf(bytes, everyByte(bytes), serverBytesReader), expected);
        for (let at = 9; at < bytes.length; at += 9 + bytes.readUIntBE(at, 3))
          assert.ok(bytes.readUIntBE(at, 3) <= limit);
      }),
    );
  });

  it('a block that fills its frame exactly is not continued', () => {
    assert.equal(fieldBlockFramesBytes(16_384, 16_384), 16_384 + 9);
    assert.equal(fieldBlockFramesBytes(16_385, 16_384), 16_385 + 18);
    assert.equal(fieldBlockFramesBytes(0, 16_384), 9);
  });
});
