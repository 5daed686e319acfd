// The frame reader: what it tells about every type of frame, whole and byte by byte; bounds of field blocks; the prefaces.
// Which fault a bad frame is, is in session-rules.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { matchClientPreface, PrefaceMatch } from './client-preface.ts';
import { FieldBlock } from './field-block.ts';
import { DEFAULT_FRAME_LIMITS } from './frame-limits.ts';
import { FrameReader } from './frame-reader.ts';
import {
  clientBytesReader,
  continuation,
  data,
  everyByte,
  FrameLog,
  frame,
  framesOf,
  goaway,
  headers,
  PREFACE,
  ping,
  priority,
  rst,
  serverBytesReader,
  settings,
  settingsAck,
  windowUpdate,
  zeros,
} from './test-support.ts';

describe('FrameReader: what each frame tells', () => {
  const cases: [what: string, bytes: Buffer, ...events: string[]][] = [
    ['DATA', data(1, 'aabbcc'), 'data 1 3', 'bytes aabbcc', 'data-end 1 0 false'],
    ['DATA with END_STREAM', data(1, 'aa', 1), 'data 1 1', 'bytes aa', 'data-end 1 0 true'],
    ['DATA without data', data(3, '', 1), 'data 3 0', 'data-end 3 0 true'],
    ['DATA with padding', data(1, '02 aabb 0000', 8), 'data 1 5', 'bytes aabb', 'data-end 1 3 false'],
    ['DATA with padding of length 0', data(1, '00 aa', 8), 'data 1 2', 'bytes aa', 'data-end 1 1 false'],
    ['DATA with nothing but padding', data(1, '02 0000', 9), 'data 1 3', 'data-end 1 3 true'],
    ['DATA with nothing but the length of its padding', data(1, '00', 8), 'data 1 1', 'data-end 1 1 false'],
    ['padding that is not zero', data(1, '01 aa ff', 8), 'data 1 3', 'bytes aa', 'data-end 1 2 false'],
    ['unused flags of DATA', data(1, 'aa', 0xf6), 'data 1 1', 'bytes aa', 'data-end 1 0 false'],
    ['the reserved bit of a stream identifier', data(0x80000001, 'aa'), 'data 1 1', 'bytes aa', 'data-end 1 0 false'],
    ['HEADERS', headers(1, 0, '8284'), 'headers 1 false fine 8284'],
    ['HEADERS with END_STREAM', headers(1, 1, '82'), 'headers 1 true fine 82'],
    ['HEADERS without fields', headers(1, 0, ''), 'headers 1 false fine '],
    ['HEADERS with padding', headers(1, 8, '02 82 0000'), 'headers 1 false fine 82'],
    ['HEADERS with priority', headers(3, 0x20, '80000001 ff 82'), 'headers 3 false fine 82'],
    ['HEADERS with both', headers(3, 0x28, '01 00000001 ff 82 00'), 'headers 3 false fine 82'],
    ['HEADERS that depend on themselves', headers(3, 0x20, '80000003 ff 82'), 'headers 3 false SELF_DEPENDENCY 82'],
    ['PRIORITY', frame(2, 0, 3, '80000001 ff'), 'priority 3 1 256 true'],
    ['RST_STREAM', rst(3, 0xffffffff), 'reset 3 4294967295'],
    ['SETTINGS', settings([3, 100], [0xf000, 0xffffffff]), 'setting 3 100', 'setting 61440 4294967295', 'settings-end'],
    ['SETTINGS without any', settings(), 'settings-end'],
    ['their acknowledgement', settingsAck(), 'settings-ack'],
    ['PING', ping(0, '01020304 ff060708'), 'ping 16909060 -16382200'],
    ['its answer', ping(1), 'ping-ack 16909060 84281096'],
    ['GOAWAY', goaway(0x80000005, 2), 'goaway 5 2 0'],
    ['GOAWAY with debug data', frame(7, 0, 0, '00000005 00000000 616263'), 'goaway 5 0 3'],
    ['WINDOW_UPDATE', windowUpdate(1, 0x80000001), 'window 1 1'],
    ['WINDOW_UPDATE of the connection', windowUpdate(0, 0x7fffffff), 'window 0 2147483647'],
    ['an unknown type', frame(0xbe, 0xff, 7, '0102'), 'unknown 190 2'],
    ['an unknown type without payload', frame(0xbe, 0, 0), 'unknown 190 0'],
  ];
  for (const [what, bytes, ...events] of cases) {
    it(what, () => {
      // A frame behind it shows that the reader is at the right byte.
      const server = Buffer.concat([settings(), bytes, ping()]);
      const client = Buffer.concat([PREFACE, server]);
      const expected = ['settings-end', ...events, 'ping 16909060 84281096'];
      assert.deepEqual(framesOf(client, [], clientBytesReader), expected);
      assert.deepEqual(framesOf(client, everyByte(client), clientBytesReader), expected);
      assert.deepEqual(framesOf(server, [], serverBytesReader), expected);
    });
  }
});

describe('FrameReader: field blocks', () => {
  const block = Buffer.concat([
    frame(1, 0x29, 5, '02 00000000 10 8284 0000'),
    continuation(5, 0, ''),
    continuation(5, 0xf3, '8687'),
    continuation(5, 4, '88'),
  ]);

  it('joins HEADERS and CONTINUATION, wherever they are split', () => {
    const bytes = Buffer.concat([settings(), block, ping()]);
    const expected = ['settings-end', 'headers 5 true fine 8284868788', 'ping 16909060 84281096'];
    for (let cut = 1; cut < bytes.length; cut++) {
      assert.deepEqual(framesOf(bytes, [cut], serverBytesReader), expected, `cut at ${cut}`);
    }
    assert.deepEqual(framesOf(bytes, everyByte(bytes), serverBytesReader), expected);
  });

  it('leaves a block where it is when it comes whole', () => {
    let seen: Buffer | undefined;
    const log = new FrameLog();
    log.onHeaders = (_id, _end, _fault, bytes) => {
      seen = bytes;
    };
    const bytes = Buffer.concat([settings(), headers(1, 8, '01 82 00'), headers(3, 0, '')]);
    const reader = new FrameReader(log, false);
    // Without the last byte of the padding, which nobody needs.
    reader.read(bytes, 0, 9 + 9 + 2);
    assert.equal(seen, bytes);
    assert.equal(reader.isInsideFrame, true);
    reader.read(bytes, 9 + 9 + 2, bytes.length);
    assert.equal(reader.isInsideFrame, false);
  });

  it('takes memory for what has come, up to the bound, and gives it back', () => {
    const block = new FieldBlock(1500);
    const lengths = [10, 1014, 400, 76].map((length) => {
      block.append(zeros(2000), 100, 100 + length);
      return [block.length, block.bytes.length];
    });
    assert.deepEqual(lengths, [
      [10, 1024],
      [1024, 1024],
      [1424, 1500],
      [1500, 1500],
    ]);
    block.release();
    assert.deepEqual([block.length, block.bytes.length], [0, 0]);
  });

  const limits = { ...DEFAULT_FRAME_LIMITS, fieldBlockBytesMax: 6, continuationsMax: 3 };
  const outcome = (...frames: Buffer[]): string | undefined => {
    const bytes = Buffer.concat([settings(), ...frames]);
    return framesOf(bytes, [], (log) => new FrameReader(log, false, limits)).at(-1);
  };

  it('bounds their bytes, when they are announced', () => {
    assert.equal(outcome(headers(1, 0, '010203040506')), 'headers 1 false fine 010203040506');
    assert.equal(outcome(headers(1, 0, '01020304050607').subarray(0, 9)), 'fault FIELD_BLOCK_TOO_LARGE 0');
    assert.equal(outcome(headers(1, 8, '09 010203040506').subarray(0, 10)), 'fault BAD_PADDING 0');
    const begun = frame(1, 0, 1, '010203');
    assert.equal(outcome(begun, continuation(1, 4, '040506')), 'headers 1 false fine 010203040506');
    assert.equal(outcome(begun, continuation(1, 4, '04050607').subarray(0, 9)), 'fault FIELD_BLOCK_TOO_LARGE 0');
  });

  it('bounds the number of CONTINUATION frames', () => {
    const begun = frame(1, 0, 1, '01');
    const more = continuation(1, 0, '');
    assert.equal(outcome(begun, more, more, continuation(1, 4, '02')), 'headers 1 false fine 0102');
    assert.equal(outcome(begun, more, more, more, continuation(1, 4, '02')), 'fault TOO_MANY_CONTINUATIONS 0');
    assert.equal(
      outcome(begun, continuation(1, 4, ''), begun, more, more, continuation(1, 4, '')),
      'headers 1 false fine 01',
    );
  });

  it('bounds the number of settings', () => {
    const make = (log: FrameLog): FrameReader =>
      new FrameReader(log, false, { ...DEFAULT_FRAME_LIMITS, settingsMax: 2 });
    assert.equal(framesOf(settings([1, 1], [1, 2]), [], make).at(-1), 'settings-end');
    assert.deepEqual(framesOf(settings([1, 1], [1, 2], [1, 3]), [], make), ['fault TOO_MANY_SETTINGS 0']);
  });
});

describe('FrameReader: the end', () => {
  it('tells nothing behind a fault', () => {
    const bytes = Buffer.concat([settings(), frame(6, 0, 1, zeros(8)), ping()]);
    assert.deepEqual(framesOf(bytes, [], serverBytesReader), ['settings-end', 'fault STREAM_ID_NOT_ZERO 0']);
  });

  it('goes on behind the fault of a stream', () => {
    const bytes = Buffer.concat([settings(), frame(2, 0, 1, '00'), windowUpdate(1, 0), priority(3, 3), ping()]);
    const expected = ['fault BAD_FRAME_LENGTH 1', 'fault ZERO_INCREMENT 1', 'fault SELF_DEPENDENCY 3'];
    assert.deepEqual(framesOf(bytes, [], serverBytesReader).slice(1, -1), expected);
  });

  it('a fault of one stream is not that of the next', () => {
    const bytes = Buffer.concat([settings(), headers(3, 0x20, '0000000300 82'), headers(5)]);
    assert.deepEqual(framesOf(bytes, [], serverBytesReader).slice(1), [
      'headers 3 false SELF_DEPENDENCY 82',
      'headers 5 false fine 82',
    ]);
  });

  it('stops in the middle of data', () => {
    const log = new FrameLog();
    const reader = new FrameReader(log, false);
    let pieces = 0;
    log.onDataBytes = () => {
      pieces++;
      reader.stop();
    };
    const bytes = Buffer.concat([settings(), data(1, 'aa', 1), data(1, 'bb')]);
    reader.read(bytes, 0, bytes.length);
    assert.deepEqual([pieces, log.events], [1, ['settings-end', 'data 1 1']]);
  });

  it('stops in the middle of whatever it is told', () => {
    const bytes = Buffer.concat([
      settings([1, 1], [2, 0]),
      data(1, 'aabb', 1),
      headers(1),
      frame(1, 0, 3, '82'),
      continuation(3, 4),
      data(1, '01 aa 00', 8),
      ping(),
    ]);
    const whole = framesOf(bytes, [], serverBytesReader).filter((event) => !event.startsWith('bytes'));
    assert.ok(whole.length > 8);
    for (const cuts of [[], everyByte(bytes)]) {
      for (let calls = 1; calls <= whole.length; calls++) {
        const log = new FrameLog();
        const reader = new FrameReader(log, false);
        const { events } = log;
        const push = events.push.bind(events);
        events.push = (...texts: string[]) => {
          const length = push(...texts);
          if (events.filter((event) => !event.startsWith('bytes')).length === calls) reader.stop();
          return length;
        };
        for (let at = 0; at < bytes.length; at += cuts.length === 0 ? bytes.length : 1) {
          reader.read(bytes, at, cuts.length === 0 ? bytes.length : at + 1);
        }
        assert.equal(reader.isStopped, true);
        assert.deepEqual(
          events.filter((event) => !event.startsWith('bytes')),
          whole.slice(0, calls),
        );
      }
    }
  });
});

describe('the client preface (RFC 9113 §3.4)', () => {
  it('is told from other bytes as soon as possible', () => {
    for (let length = 0; length < PREFACE.length; length++) {
      assert.equal(matchClientPreface(PREFACE, 0, length), PrefaceMatch.PARTIAL);
      const other = Buffer.from(PREFACE.subarray(0, length + 1));
      other[length] ^= 1;
      assert.equal(matchClientPreface(other, 0, other.length), PrefaceMatch.NO);
    }
    const longer = Buffer.concat([Buffer.from('x'), PREFACE, settings()]);
    assert.equal(matchClientPreface(longer, 1, longer.length), PrefaceMatch.WHOLE);
    assert.equal(matchClientPreface(Buffer.from('PRI / HTTP/1.1\r\n'), 0, 16), PrefaceMatch.NO);
  });

  it('must come whole, and SETTINGS behind it', () => {
    const wrong = Buffer.from(PREFACE);
    wrong[23] ^= 1;
    for (const cuts of [[], everyByte(wrong)]) {
      assert.deepEqual(framesOf(wrong, cuts, clientBytesReader), ['fault BAD_PREFACE 0']);
    }
    assert.deepEqual(framesOf(PREFACE, [], clientBytesReader), []);
    const noSettings = Buffer.concat([PREFACE, ping()]);
    assert.deepEqual(framesOf(noSettings, [], clientBytesReader), ['fault SETTINGS_NOT_FIRST 0']);
  });

  it('a server that speaks HTTP/1 is no HTTP/2 server', () => {
    const answer = Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n');
    assert.deepEqual(framesOf(answer, [], serverBytesReader), ['fault SETTINGS_NOT_FIRST 0']);
  });

  it('frames up to the announced size may come', () => {
    const make = (log: FrameLog): FrameReader =>
      new FrameReader(log, false, { ...DEFAULT_FRAME_LIMITS, frameBytesMax: 20_000 });
    const fits = Buffer.concat([settings(), frame(0xbe, 0, 0, zeros(20_000))]);
    assert.equal(framesOf(fits, [], make).at(-1), 'unknown 190 20000');
    const large = Buffer.concat([settings(), frame(0xbe, 0, 0, '', 20_001)]);
    assert.equal(framesOf(large, [], make).at(-1), 'fault FRAME_TOO_LARGE 0');
  });
});
