// The rules of RFC 9113 for a server: every case of server-rule-cases.ts is fed whole and byte by byte; then what needs more
// than one answer to show. What differs for a client is in session-rules-client.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_FRAME_LIMITS } from './frame-limits.ts';
import { FRAME_CASES, STREAM_CASES } from './server-rule-cases.ts';
import type { Http2SessionOptions } from './session-options.ts';
import {
  data,
  END_STREAM,
  everyByte,
  frame,
  headers,
  PONG,
  PREFACE,
  ping,
  rst,
  settings,
  settingsAck,
  Talk,
  windowUpdate,
  zeros,
} from './test-support.ts';

describe('HTTP/2 rules for a server', () => {
  for (const [section, what, frames, answer, told] of [...FRAME_CASES, ...STREAM_CASES]) {
    it(`§${section} ${what}`, () => {
      const bytes = Buffer.concat(frames);
      for (const cuts of [[], everyByte(bytes)]) {
        const talk = new Talk().hear(headers(1));
        talk.told();
        talk.hearInPieces(bytes, cuts);
        assert.equal(talk.sent().join(', '), answer);
        const events = talk.told();
        if (told !== undefined) assert.equal(events.at(-1), told);
        const over = answer.startsWith('goaway');
        assert.equal(talk.session.fault !== 0, over);
        if (!over) continue;
        assert.equal(events.filter((event) => event.startsWith('over')).length, 1);
        talk.hear(ping(), headers(9));
        assert.deepEqual([talk.sent(), talk.told()], [[], []], 'nothing happens behind the end');
      }
    });
  }

  it('§3.4 our SETTINGS come first, before anything is received', () => {
    const talk = new Talk({}, false);
    assert.deepEqual(talk.sent(), ['settings 0003000000fa000400040000000600100000', 'window 0 983041']);
  });

  it('options that have no place on the wire are refused', () => {
    const bad: Partial<Http2SessionOptions>[] = [
      { concurrentStreamsMax: -1 },
      { concurrentStreamsMax: 1.5 },
      { streamWindowBytes: 0 },
      { streamWindowBytes: 2 ** 31 },
      { connectionWindowBytes: 65_534 },
      { connectionWindowBytes: 2 ** 31 },
      { headerTableBytes: -1 },
      { headerListBytesMax: 2 ** 32 },
      { frames: { ...DEFAULT_FRAME_LIMITS, frameBytesMax: 16_383 } },
      { frames: { ...DEFAULT_FRAME_LIMITS, frameBytesMax: 2 ** 24 } },
    ];
    for (const options of bad) assert.throws(() => new Talk(options), RangeError, JSON.stringify(options));
    const most = { concurrentStreamsMax: 0, streamWindowBytes: 2 ** 31 - 1, connectionWindowBytes: 2 ** 31 - 1 };
    assert.deepEqual(new Talk(most).hear(headers(1)).sent(), ['rst 1 REFUSED_STREAM']);
  });

  it('§3.4 a connection that begins otherwise', () => {
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.concat([PREFACE, headers(1)]),
      Buffer.concat([PREFACE, settingsAck()]),
    ]) {
      const talk = new Talk({}, false);
      talk.sent();
      talk.hear(bytes);
      assert.deepEqual(talk.sent(), ['goaway 0 PROTOCOL_ERROR']);
    }
  });

  it('§4.3 a block of a refused stream is still told, for the decoder', () => {
    const talk = new Talk({ concurrentStreamsMax: 1 }).hear(headers(1), headers(3, 0, '8384'));
    assert.deepEqual(talk.told(), ['head 0 82', 'discarded 8384']);
    assert.deepEqual(talk.sent(), ['rst 3 REFUSED_STREAM']);
  });

  it('§5.1.2 streams beyond the limit are refused; those that end make room', () => {
    const talk = new Talk({ concurrentStreamsMax: 2 }).hear(headers(1), headers(3, END_STREAM), headers(5));
    assert.deepEqual(talk.sent(), ['rst 5 REFUSED_STREAM']);
    assert.equal(talk.session.streamCount, 2);
    talk.hear(data(5, '00'), headers(5, END_STREAM), rst(1), headers(7), headers(9));
    assert.deepEqual(talk.sent(), ['rst 9 REFUSED_STREAM']);
    // Stream 3 has been received, and now it is answered.
    talk.session.sentHeaders(1, true);
    assert.equal(talk.session.streamCount, 1);
    talk.hear(headers(11));
    assert.deepEqual(talk.sent(), []);
  });

  it('§5.4.1 the first fault counts', () => {
    const talk = new Talk().hear(ping(), frame(6, 0, 1, zeros(8)), headers(2));
    assert.deepEqual(talk.sent(), [PONG, 'goaway 0 PROTOCOL_ERROR']);
    assert.deepEqual(talk.told(), ['over STREAM_ID_NOT_ZERO']);
    talk.session.failConnection(1);
    assert.deepEqual(talk.sent(), []);
  });

  it('§6.5 settings are applied in order and told once for each frame', () => {
    const talk = new Talk().hear(settings([1, 0], [1, 100], [3, 7], [4, 1], [4, 2], [5, 20_000], [6, 9], [8, 1]));
    assert.deepEqual(talk.told(), ['settings']);
    const { peerSettings } = talk.session;
    assert.deepEqual(
      { ...peerSettings, fromServer: undefined },
      {
        headerTableBytes: 100,
        headerTableBytesLowest: 0,
        concurrentStreamsMax: 7,
        initialWindowBytes: 2,
        frameBytesMax: 20_000,
        headerListBytesMax: 9,
        extendedConnect: true,
        fromServer: undefined,
      },
    );
  });

  it('§6.8 leaving: no stream is lost in between, later ones are ignored but decoded', () => {
    const talk = new Talk().hear(headers(1));
    talk.session.announceLeave();
    talk.hear(headers(3));
    talk.session.ping(1, 2);
    talk.hear(ping(1, '0000000100000002'));
    assert.equal(talk.told().at(-1), 'pong 1 2');
    talk.session.leave();
    talk.session.leave();
    assert.deepEqual(talk.sent(), ['goaway 2147483647 NO_ERROR', 'ping 0000000100000002', 'goaway 3 NO_ERROR']);
    talk.hear(headers(5, 0, '84'), data(5, '00'), windowUpdate(5, 9), headers(5, END_STREAM, '85'), rst(5));
    assert.deepEqual(talk.told(), ['discarded 84', 'discarded 85']);
    assert.deepEqual(talk.sent(), []);
    assert.equal(talk.session.isFinished, false);
    talk.hear(rst(1), rst(3));
    assert.equal(talk.session.isFinished, true);
    talk.hear(headers(0));
    assert.deepEqual(talk.sent(), ['goaway 3 PROTOCOL_ERROR'], 'never a later stream than before');
  });

  it('§3 of RFC 8441: extended CONNECT is announced when asked for', () => {
    const talk = new Talk({ extendedConnect: true }, false);
    assert.match(talk.sent()[0], /000800000001$/);
  });
});

describe('HTTP/2 session of a server: what its user does', () => {
  it('a stream that is reset while its frame arrives', () => {
    const talk = new Talk().hear(headers(1));
    const bytes = data(1, zeros(100), END_STREAM);
    talk.log.on = (event, slot) => {
      if (event === 'data') talk.session.reset(slot, 8);
    };
    talk.hearInPieces(bytes, [50]);
    assert.deepEqual(talk.told(), ['head 0 82', 'data 0 41', 'closed 0']);
    assert.deepEqual(talk.sent(), ['rst 1 CANCEL']);
  });

  it('a stream that is answered and closed in the middle of being told', () => {
    const talk = new Talk();
    talk.log.on = (event, slot) => {
      if (event === 'end') talk.session.sentHeaders(slot, true);
    };
    talk.hear(headers(1, END_STREAM), headers(3), data(3, '', END_STREAM));
    assert.deepEqual(talk.told(), ['head 0 end 82', 'end 0', 'closed 0', 'head 0 82', 'end 0', 'closed 0']);
  });

  it('a stream that is given up in whatever is told about it is closed once', () => {
    const frames: [string, Buffer][] = [
      ['reset', rst(1)],
      ['fault', windowUpdate(1, 0)],
      ['end', data(1, '', END_STREAM)],
      ['trailers', headers(1, END_STREAM, '84')],
      ['writable', windowUpdate(1, 5)],
    ];
    for (const [word, bytes] of frames) {
      const talk = new Talk().hear(settings([4, 0]), headers(1));
      talk.session.sendable(0, 100, talk.now);
      talk.log.on = (event, slot) => {
        if (event === word) talk.session.reset(slot, 8);
      };
      talk.sent();
      talk.hear(bytes);
      const events = talk.told();
      assert.ok(
        events.some((event) => event.startsWith(word)),
        word,
      );
      assert.equal(events.filter((event) => event === 'closed 0').length, 1, word);
      assert.deepEqual(talk.sent(), ['rst 1 CANCEL']);
    }
  });

  it('a stream reset by us behind its end has nothing under way', () => {
    const talk = new Talk().hear(headers(1, END_STREAM));
    talk.session.reset(0, 0);
    talk.hear(headers(1, END_STREAM));
    assert.deepEqual(talk.sent(), ['rst 1 NO_ERROR', 'goaway 1 STREAM_CLOSED']);
  });

  it('an answer to a ping is told once', () => {
    const talk = new Talk();
    talk.session.ping(1, 2);
    talk.hear(ping(1, '0000000100000002'), ping(1, '0000000100000002'));
    assert.deepEqual(talk.told(), ['pong 1 2']);
  });

  it('gives large output back when it is emptied', () => {
    const talk = new Talk();
    for (let count = 0; count < 100; count++) talk.hear(ping());
    assert.equal(talk.sent().length, 100);
    assert.equal(talk.session.output.bytes.length, 0);
    talk.hear(ping());
    assert.equal(talk.sent().length, 1);
    assert.ok(talk.session.output.bytes.length > 0);
  });

  it('ends the connection from inside, for a block that cannot be decoded', () => {
    const talk = new Talk();
    talk.log.on = (event) => {
      if (event === 'head') talk.session.failConnection(26);
    };
    talk.hear(headers(1, END_STREAM), headers(3));
    assert.deepEqual(talk.told(), ['head 0 end 82', 'over BAD_FIELD_BLOCK']);
    assert.deepEqual(talk.sent(), ['goaway 1 COMPRESSION_ERROR']);
  });

  it('sending behind the end of a stream is a bug, and said so', () => {
    const talk = new Talk().hear(headers(1));
    talk.session.sentHeaders(0, false);
    talk.session.sentData(0, 0, true, talk.now);
    assert.throws(() => talk.session.sentData(0, 0, true, talk.now), RangeError);
    assert.throws(() => talk.session.sentHeaders(1, true), RangeError);
    talk.session.reset(5, 8);
    talk.session.failStream(5, 27);
    assert.deepEqual(talk.sent(), [], 'there is nothing to reset in a free slot');
  });
});
