// Fuzzing of the frame reader: against a reader of whole connections written the slow way, at any split, with frames of any
// kind, bad ones among them, and with raw bytes. It must never throw, and never look outside its range. FUZZ_SECONDS sets the time.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fuzzBudgetMs } from '../http1/test-support.ts';
import type { FrameLimits } from './frame-limits.ts';
import { FrameReader } from './frame-reader.ts';
import { everyByte, frame, framesOf, PREFACE, settings } from './test-support.ts';

const LIMITS: FrameLimits = { frameBytesMax: 60, fieldBlockBytesMax: 40, continuationsMax: 3, settingsMax: 4 };

/** The events of a server's bytes, all at once; a frame that is cut off tells nothing, so inputs hold whole frames. */
function referenceEvents(bytes: Buffer): string[] {
  const events: string[] = [];
  let block: { id: number; end: boolean; fault: string; hex: string; more: number } | undefined;
  const over = (fault: string, id = 0): boolean => {
    events.push(`fault ${fault} ${id}`);
    return id === 0;
  };
  const one = (type: number, flags: number, id: number, payload: Buffer, first: boolean): boolean => {
    const u31 = (at: number): number => payload.readUInt32BE(at) & 0x7fffffff;
    const length = payload.length;
    if (first && (type !== 4 || (flags & 1) === 1)) return over('SETTINGS_NOT_FIRST');
    if (length > LIMITS.frameBytesMax) return over('FRAME_TOO_LARGE');
    if (type === 9 && block === undefined) return over('CONTINUATION_UNEXPECTED');
    if (block !== undefined && (type !== 9 || id !== block.id)) return over('CONTINUATION_EXPECTED');
    if (type === 5) return over('PUSH_PROMISE');
    if ([0, 1, 2, 3].includes(type) && id === 0) return over('STREAM_ID_ZERO');
    if ([4, 6, 7].includes(type) && id !== 0) return over('STREAM_ID_NOT_ZERO');
    if (type === 2 && length !== 5) return over('BAD_FRAME_LENGTH', id);
    if ((type === 3 || type === 8) && length !== 4) return over('BAD_FRAME_LENGTH');
    if ((type === 6 && length !== 8) || (type === 7 && length < 8)) return over('BAD_FRAME_LENGTH');
    if (type === 4 && ((flags & 1) === 1 ? length > 0 : length % 6 !== 0)) return over('BAD_FRAME_LENGTH');
    if (type === 4 && length > 6 * LIMITS.settingsMax) return over('TOO_MANY_SETTINGS');
    const padded = type < 2 && (flags & 8) !== 0;
    const prefix = (padded ? 1 : 0) + (type === 1 && (flags & 0x20) !== 0 ? 5 : 0);
    if (length < prefix) return over('BAD_FRAME_LENGTH');
    const padding = padded ? payload[0] : 0;
    if (type === 0) events.push(`data ${id} ${length}`);
    if (prefix + padding > length) return over('BAD_PADDING');
    const body = payload.toString('hex', prefix, length - padding);
    if (type === 0) {
      if (body !== '') events.push(`bytes ${body}`);
      events.push(`data-end ${id} ${padded ? padding + 1 : 0} ${(flags & 1) === 1}`);
    } else if (type === 1 || type === 9) {
      if (type === 1) {
        const self = (flags & 0x20) !== 0 && u31(padded ? 1 : 0) === id;
        block = { id, end: (flags & 1) === 1, fault: self ? 'SELF_DEPENDENCY' : 'fine', hex: '', more: -1 };
      }
      if (++block!.more > LIMITS.continuationsMax) return over('TOO_MANY_CONTINUATIONS');
      block!.hex += body;
      if (block!.hex.length > 2 * LIMITS.fieldBlockBytesMax) return over('FIELD_BLOCK_TOO_LARGE');
      if ((flags & 4) !== 0) {
        events.push(`headers ${id} ${block!.end} ${block!.fault} ${block!.hex}`);
        block = undefined;
      }
    } else if (type === 2) {
      if (u31(0) === id) return over('SELF_DEPENDENCY', id);
      events.push(`priority ${id} ${u31(0)} ${payload[4] + 1} ${payload[0] >= 128}`);
    } else if (type === 3) events.push(`reset ${id} ${payload.readUInt32BE(0)}`);
    else if (type === 4) {
      for (let at = 0; at < length; at += 6) {
        events.push(`setting ${payload.readUInt16BE(at)} ${payload.readUInt32BE(at + 2)}`);
      }
      events.push((flags & 1) === 1 ? 'settings-ack' : 'settings-end');
    } else if (type === 6) {
      events.push(`ping${(flags & 1) === 1 ? '-ack' : ''} ${payload.readInt32BE(0)} ${payload.readInt32BE(4)}`);
    } else if (type === 7) events.push(`goaway ${u31(0)} ${payload.readUInt32BE(4)} ${length - 8}`);
    else if (type === 8) {
      if (u31(0) === 0) return over('ZERO_INCREMENT', id);
      events.push(`window ${id} ${u31(0)}`);
    } else events.push(`unknown ${type} ${length}`);
    return false;
  };
  for (let at = 0; at < bytes.length; ) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    const id = bytes.readUInt32BE(at + 5) & 0x7fffffff;
    if (one(bytes[at + 3], bytes[at + 4], id, bytes.subarray(at + 9, end), at === 0)) break;
    at = end;
  }
  return events;
}

const ID = fc.constantFrom(0, 1, 1, 1, 3, 3, 0x80000001, 0x7fffffff);
const FLAGS = fc.oneof(fc.constantFrom(0, 0, 1, 4, 4, 5, 8, 12, 0x2c), fc.nat(255));
const PAYLOAD = fc.oneof(
  fc.constantFrom(
    '',
    '00',
    '00000000',
    '00000001',
    '0000000100',
    '0102030405060708',
    '000300000001',
    '050102030405060708',
  ),
  fc.uint8Array({ maxLength: 64, size: 'max' }).map((bytes) => Buffer.from(bytes).toString('hex')),
  fc
    .constantFrom(4, 5, 8, 12)
    .chain((length) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString('hex')),
    ),
);
const FRAME = fc
  .tuple(fc.oneof(fc.integer({ min: 0, max: 10 }), fc.constantFrom(0, 1, 1, 9, 9, 9, 0xff)), FLAGS, ID, PAYLOAD)
  .map(([type, flags, id, payload]) => frame(type, flags, id, payload));
/** Stream, padding, priority and continuations in order; long enough to meet the limits of blocks. */
const BLOCK = fc
  .tuple(fc.constantFrom(1, 3), fc.constantFrom(0, 1, 8, 9, 0x20, 0x28), fc.array(fc.nat(15), { maxLength: 4 }))
  .map(([id, flags, lengths]) => {
    const prefix = `${(flags & 8) !== 0 ? '02' : ''}${(flags & 0x20) !== 0 ? '0000000700' : ''}`;
    const first = frame(
      1,
      flags | (lengths.length === 0 ? 4 : 0),
      id,
      `${prefix}8284${(flags & 8) !== 0 ? '0000' : ''}`,
    );
    const rest = lengths.map((length, index) =>
      frame(9, index === lengths.length - 1 ? 4 : 0, id, Buffer.alloc(length, 0x88)),
    );
    return Buffer.concat([first, ...rest]);
  });
const CONNECTION = fc
  .tuple(
    fc.oneof(fc.constant(settings()), FRAME),
    fc.array(fc.oneof(FRAME, BLOCK, BLOCK), { maxLength: 12, size: 'max' }),
  )
  .map(([first, more]) => Buffer.concat([first, ...more]));
const CUTS = fc.array(fc.nat(200), { maxLength: 10 });

const strictReader = (log: ConstructorParameters<typeof FrameReader>[0]): FrameReader =>
  new FrameReader(log, false, LIMITS);

describe('FrameReader (fuzz)', () => {
  it('tells what a slow reader finds, at any split', () => {
    let long = 0;
    fc.assert(
      fc.property(CONNECTION, CUTS, (bytes, cuts) => {
        const expected = referenceEvents(bytes);
        if (expected.length > 8) long++;
        assert.deepEqual(framesOf(bytes, [], strictReader), expected);
        assert.deepEqual(framesOf(bytes, everyByte(bytes), strictReader), expected);
        assert.deepEqual(framesOf(bytes, cuts, strictReader), expected);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
    assert.ok(long > 0, 'some connections go on for a while');
  });

  it('bears any bytes, also cut off anywhere', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200, size: 'max' }).map((raw) => Buffer.from(raw)),
      fc.tuple(CONNECTION, fc.nat(200), fc.nat(255)).map(([whole, at, value]) => {
        const broken = Buffer.concat([PREFACE, whole]).subarray(0, 24 + at);
        if (broken.length > 30) broken[(at * 7) % broken.length] = value;
        return broken;
      }),
    );
    fc.assert(
      fc.property(bytes, fc.boolean(), CUTS, (input, server, cuts) => {
        const make = (log: ConstructorParameters<typeof FrameReader>[0]): FrameReader =>
          new FrameReader(log, server, LIMITS);
        const whole = framesOf(input, [], make);
        // The last piece of data may be unfinished: it shows in neither.
        assert.deepEqual(framesOf(input, cuts, make), whole);
        assert.deepEqual(framesOf(input, everyByte(input), make), whole);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});
