import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { ReadOnlyMemory } from './read-only-memory.ts';

function memoryOf(bytes: Uint8Array): ReadOnlyMemory {
  const buffer = new ArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return new ReadOnlyMemory(buffer);
}

test('numbers are little endian and need no alignment', () => {
  const bytes = Buffer.from('00ff0180feffffff7b14ae47e17a843fffffffffffff1f00', 'hex');
  const memory = memoryOf(bytes);
  assert.equal(memory.byteLength, 24);
  assert.equal(memory.u8(1), 0xff);
  assert.equal(memory.u16(1), 0x01ff);
  assert.equal(memory.u32(1), 0xfe8001ff);
  assert.equal(memory.i32(4), -2);
  assert.equal(memory.f64(8), 0.01);
  assert.equal(memory.u64(16), 2n ** 53n - 1n);
  assert.equal(memory.u64Number(16), Number.MAX_SAFE_INTEGER);
});

test('a 64-bit number that a double cannot hold is refused, not rounded', () => {
  const memory = memoryOf(Buffer.from('0000000000002000', 'hex'));
  assert.equal(memory.u64(0), 2n ** 53n);
  assert.throws(() => memory.u64Number(0), RangeError);
});

test('text, copies and checksums come from the range asked for', () => {
  const memory = memoryOf(Buffer.from('xxgrün und ÿxx'));
  assert.equal(memory.utf8(2, 12), 'grün und ÿ');
  assert.equal(memory.latin1(2, 5), 'grÃ¼n');
  const copy = memory.copy(2, 2);
  copy[0] = 0;
  assert.equal(memory.latin1(2, 2), 'gr');
  const target = Buffer.alloc(6, '.');
  memory.copyTo(target, 1, 2, 2);
  assert.equal(target.toString(), '.gr...');
  assert.equal(memory.crc32(2, 5), crc32(Buffer.from('grün')));
});

test('comparing agrees with Buffer.compare for every pair of ranges', () => {
  const bytes = fc.uint8Array({ maxLength: 80, max: 3 });
  fc.assert(
    fc.property(bytes, bytes, fc.nat(80), fc.nat(80), (here, there, from, otherFrom) => {
      const memory = memoryOf(here);
      const offset = Math.min(from, here.length);
      const otherOffset = Math.min(otherFrom, there.length);
      const length = here.length - offset;
      const otherLength = there.length - otherOffset;
      const expected = Buffer.compare(here.subarray(offset), there.subarray(otherOffset));
      assert.equal(memory.compare(offset, length, there, otherOffset, otherLength), expected);
      if (length === otherLength) assert.equal(memory.equals(offset, there, otherOffset, length), expected === 0);
      const sameText = memory.equalsLatin1(offset, length, Buffer.from(there.subarray(otherOffset)).toString('latin1'));
      assert.equal(sameText, expected === 0);
    }),
    { numRuns: 300 },
  );
});

test('long equal beginnings are compared to the end', () => {
  const long = Buffer.alloc(200, 'a');
  const memory = memoryOf(long);
  assert.equal(memory.equals(0, long, 0, 200), true);
  assert.equal(memory.compare(0, 199, long, 0, 200), -1);
  const other = Buffer.from(long);
  other[199] = 0x62;
  assert.equal(memory.equals(0, other, 0, 200), false);
  assert.equal(memory.compare(0, 200, other, 0, 200), -1);
});

test('no range outside of the memory can be read', () => {
  const memory = memoryOf(new Uint8Array(8));
  const ranges: [number, number][] = [
    [8, 1],
    [-1, 2],
    [0, 9],
    [Number.NaN, 1],
    [0, -1],
    [2 ** 40, 1],
    [0, Number.NaN],
  ];
  for (const [offset, length] of ranges) {
    assert.throws(() => memory.latin1(offset, length), RangeError);
    assert.throws(() => memory.utf8(offset, length), RangeError);
    assert.throws(() => memory.copy(offset, length), RangeError);
    assert.throws(() => memory.crc32(offset, length), RangeError);
    assert.throws(() => memory.copyTo(Buffer.alloc(99), 0, offset, length), RangeError);
    assert.throws(() => memory.equals(offset, Buffer.alloc(99), 0, length), RangeError);
    assert.throws(() => memory.compare(offset, length, Buffer.alloc(99), 0, 1), RangeError);
    assert.throws(() => memory.equalsLatin1(offset, length, 'x'), RangeError);
  }
  for (const offset of [8, -1, 2 ** 40]) assert.throws(() => memory.u8(offset), RangeError);
  for (const read of ['u16', 'u32', 'i32', 'f64', 'u64', 'u64Number'] as const) {
    assert.throws(() => memory[read](7), RangeError, read);
  }
  assert.throws(() => memory.equals(0, Buffer.alloc(3), 0, 4), RangeError);
  assert.throws(() => memory.copyTo(Buffer.alloc(3), 0, 0, 4), RangeError);
});

test('ordinary memory is only forgotten by unmap', () => {
  const buffer = new ArrayBuffer(4);
  const memory = new ReadOnlyMemory(buffer);
  assert.equal(memory.unmap(), true);
  assert.equal(memory.unmap(), false);
  assert.equal(memory.byteLength, 0);
  assert.throws(() => memory.u8(0), RangeError);
  assert.equal(buffer.byteLength, 4);
});
