// The rules of RFC 9113 a server must check, as a table: frames of a client, and what is answered. Every case is fed whole and
// byte by byte, behind a stream 1 that is open. What differs for a client is in session-rules-client.test.ts.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  continuation,
  data,
  END_STREAM,
  everyByte,
  frame,
  goaway,
  headers,
  PREFACE,
  ping,
  priority,
  rst,
  settings,
  settingsAck,
  Talk,
  windowUpdate,
  zeros,
} from './test-support.ts';

/** `[section, what, frames, answers, the last that was told]`; frames of the answer to a good PING stand for "goes on". */
type Case = [section: string, what: string, frames: Buffer[], answer: string, told?: string];

const PONG = 'ping-ack 0102030405060708';
const end = (code: string, last = 1): string => `goaway ${last} ${code}`;

const FRAME_CASES: Case[] = [
  ['4.1', 'an unknown type is ignored', [frame(0xaa, 0xff, 1, '00'), ping()], PONG],
  ['4.1', 'the reserved bit is ignored', [frame(6, 0, 0x80000000, '0102030405060708')], PONG],
  ['4.1', 'unknown flags are ignored', [ping(0xfe)], PONG],
  [
    '4.2',
    'DATA beyond the largest frame',
    [frame(0, 0, 1, '', 16_385)],
    end('FRAME_SIZE_ERROR'),
    'over FRAME_TOO_LARGE',
  ],
  ['4.2', 'HEADERS beyond it', [frame(1, 4, 3, '', 16_385)], end('FRAME_SIZE_ERROR'), 'over FRAME_TOO_LARGE'],
  ['4.2', 'an unknown type beyond it', [frame(0xaa, 0, 3, '', 0xffffff)], end('FRAME_SIZE_ERROR')],
  ['4.2', 'the largest frame', [frame(0xaa, 0, 3, zeros(16_384)), ping()], PONG],
  [
    '4.2',
    'DATA too short for the length of its padding',
    [frame(0, 8, 1)],
    end('FRAME_SIZE_ERROR'),
    'over BAD_FRAME_LENGTH',
  ],
  ['4.2', 'HEADERS too short for the length of its padding', [frame(1, 12, 3)], end('FRAME_SIZE_ERROR')],
  ['4.2', 'HEADERS too short for its priority', [frame(1, 0x24, 3, '00000000')], end('FRAME_SIZE_ERROR')],
  ['4.2', 'HEADERS too short for both', [frame(1, 0x2c, 3, '0000000000')], end('FRAME_SIZE_ERROR')],
  [
    '4.3',
    'a frame inside of a field block',
    [frame(1, 0, 3, '82'), ping()],
    end('PROTOCOL_ERROR'),
    'over CONTINUATION_EXPECTED',
  ],
  ['4.3', 'a PRIORITY frame inside of it', [frame(1, 0, 3, '82'), priority(3, 1)], end('PROTOCOL_ERROR')],
  ['4.3', 'a stream inside of it', [frame(1, 0, 3, '82'), headers(5)], end('PROTOCOL_ERROR')],
  ['4.3', 'the same HEADERS again', [frame(1, 0, 3, '82'), headers(3)], end('PROTOCOL_ERROR')],
  [
    '4.3',
    'a CONTINUATION of another stream',
    [frame(1, 0, 3, '82'), continuation(1, 4)],
    end('PROTOCOL_ERROR'),
    'over CONTINUATION_EXPECTED',
  ],
  ['5.5', 'an unknown type inside of it', [frame(1, 0, 3, '82'), frame(0xaa, 0, 0)], end('PROTOCOL_ERROR')],
  ['5.5', 'an unknown setting is ignored', [settings([0xff, 7]), ping()], `settings-ack, ${PONG}`],
  ['6.1', 'DATA of stream 0', [data(0, '00')], end('PROTOCOL_ERROR'), 'over STREAM_ID_ZERO'],
  ['6.1', 'padding as long as the payload', [data(1, '02 00', 8)], end('PROTOCOL_ERROR'), 'over BAD_PADDING'],
  ['6.1', 'padding longer than it', [data(1, 'ff 00', 8)], end('PROTOCOL_ERROR'), 'over BAD_PADDING'],
  ['6.2', 'HEADERS of stream 0', [headers(0)], end('PROTOCOL_ERROR'), 'over STREAM_ID_ZERO'],
  ['6.2', 'padding longer than HEADERS', [headers(3, 8, '02 82')], end('PROTOCOL_ERROR'), 'over BAD_PADDING'],
  [
    '6.2',
    'padding that leaves no room for priority',
    [headers(3, 0x28, '01 00000000 00')],
    end('PROTOCOL_ERROR'),
    'over BAD_PADDING',
  ],
  ['6.3', 'PRIORITY of stream 0', [priority(0, 1)], end('PROTOCOL_ERROR'), 'over STREAM_ID_ZERO'],
  ['6.3', 'PRIORITY of another length', [frame(2, 0, 1, '00000000'), ping()], `rst 1 FRAME_SIZE_ERROR, ${PONG}`],
  ['6.3', 'the same on a stream that cannot be reset', [frame(2, 0, 9, '000000000000')], end('FRAME_SIZE_ERROR')],
  ['6.3', 'PRIORITY of an idle stream', [priority(99, 1), priority(98, 1), ping()], PONG],
  ['5.3.1 of RFC 7540', 'PRIORITY on itself', [priority(1, 1)], 'rst 1 PROTOCOL_ERROR', 'closed 0'],
  ['5.3.1 of RFC 7540', 'the same while idle', [priority(3, 3)], end('PROTOCOL_ERROR'), 'over SELF_DEPENDENCY'],
  [
    '5.3.1 of RFC 7540',
    'HEADERS on itself',
    [headers(3, 0x20, '0000000300 82')],
    'rst 3 PROTOCOL_ERROR',
    'discarded 82',
  ],
  ['6.4', 'RST_STREAM of stream 0', [rst(0)], end('PROTOCOL_ERROR'), 'over STREAM_ID_ZERO'],
  ['6.4', 'RST_STREAM of another length', [frame(3, 0, 1, '000000')], end('FRAME_SIZE_ERROR'), 'over BAD_FRAME_LENGTH'],
  ['6.4', 'RST_STREAM of another length, longer', [frame(3, 0, 1, '0000000000')], end('FRAME_SIZE_ERROR')],
  ['6.5', 'SETTINGS of a stream', [frame(4, 0, 1)], end('PROTOCOL_ERROR'), 'over STREAM_ID_NOT_ZERO'],
  [
    '6.5',
    'SETTINGS of a broken length',
    [frame(4, 0, 0, '0003000000')],
    end('FRAME_SIZE_ERROR'),
    'over BAD_FRAME_LENGTH',
  ],
  ['6.5', 'an acknowledgement with settings', [frame(4, 1, 0, '000300000001')], end('FRAME_SIZE_ERROR')],
  ['6.5', 'an acknowledgement of a stream', [frame(4, 1, 1)], end('PROTOCOL_ERROR')],
  [
    '6.5',
    'more settings than there are',
    [frame(4, 0, 0, zeros(390))],
    end('ENHANCE_YOUR_CALM'),
    'over TOO_MANY_SETTINGS',
  ],
  ['6.5.2', 'ENABLE_PUSH beyond 1', [settings([2, 2])], end('PROTOCOL_ERROR'), 'over BAD_SETTING'],
  ['6.5.2', 'ENABLE_PUSH 0 and 1 of a client', [settings([2, 0], [2, 1])], 'settings-ack', 'settings'],
  [
    '6.5.2',
    'an initial window beyond 2^31-1',
    [settings([4, 0x80000000])],
    end('FLOW_CONTROL_ERROR'),
    'over BAD_INITIAL_WINDOW',
  ],
  ['6.5.2', 'the same, taken back at once', [settings([4, 0x80000000], [4, 1])], end('FLOW_CONTROL_ERROR')],
  ['6.5.2', 'frames below 16,384 bytes', [settings([5, 16_383])], end('PROTOCOL_ERROR'), 'over BAD_SETTING'],
  ['6.5.2', 'frames beyond 2^24-1', [settings([5, 0x1000000])], end('PROTOCOL_ERROR'), 'over BAD_SETTING'],
  ['6.5.2', 'the bounds of both', [settings([5, 16_384], [5, 0xffffff], [4, 0x7fffffff], [4, 0])], 'settings-ack'],
  ['3 of RFC 8441', 'ENABLE_CONNECT_PROTOCOL beyond 1', [settings([8, 2])], end('PROTOCOL_ERROR'), 'over BAD_SETTING'],
  ['3 of RFC 8441', 'the same taken back', [settings([8, 1], [8, 0])], end('PROTOCOL_ERROR'), 'over BAD_SETTING'],
  ['6.5.3', 'an acknowledgement of nothing', [settingsAck()], end('PROTOCOL_ERROR'), 'over UNEXPECTED_SETTINGS_ACK'],
  ['6.6', 'PUSH_PROMISE of a client', [frame(5, 4, 1, '0000000282')], end('PROTOCOL_ERROR'), 'over PUSH_PROMISE'],
  [
    '6.6',
    'PUSH_PROMISE inside of a field block',
    [frame(1, 0, 3, '82'), frame(5, 4, 3, '0000000282')],
    end('PROTOCOL_ERROR'),
  ],
  ['6.7', 'PING is answered with its own bytes', [ping(0, 'fffefdfc80000000')], 'ping-ack fffefdfc80000000'],
  ['6.7', 'the answer to a PING is not answered', [ping(1)], ''],
  ['6.7', 'PING of a stream', [frame(6, 0, 1, zeros(8))], end('PROTOCOL_ERROR'), 'over STREAM_ID_NOT_ZERO'],
  ['6.7', 'PING of another length', [frame(6, 0, 0, zeros(7))], end('FRAME_SIZE_ERROR'), 'over BAD_FRAME_LENGTH'],
  ['6.7', 'an answer of another length', [frame(6, 1, 0, zeros(9))], end('FRAME_SIZE_ERROR')],
  ['6.8', 'GOAWAY of a stream', [frame(7, 0, 1, zeros(8))], end('PROTOCOL_ERROR'), 'over STREAM_ID_NOT_ZERO'],
  ['6.8', 'GOAWAY too short', [frame(7, 0, 0, zeros(7))], end('FRAME_SIZE_ERROR'), 'over BAD_FRAME_LENGTH'],
  [
    '6.8',
    'GOAWAY that names a later stream than before',
    [goaway(2), goaway(4)],
    end('PROTOCOL_ERROR'),
    'over GOAWAY_INCREASED',
  ],
  ['6.8', 'GOAWAY twice: the connection goes on', [goaway(0x7fffffff), goaway(0), headers(3), ping()], PONG],
  ['6.9', 'a window that grows by nothing', [windowUpdate(1, 0), ping()], `rst 1 PROTOCOL_ERROR, ${PONG}`],
  ['6.9', 'the same with the reserved bit', [windowUpdate(1, 0x80000000)], 'rst 1 PROTOCOL_ERROR', 'closed 0'],
  ['6.9', 'the same on the connection', [windowUpdate(0, 0)], end('PROTOCOL_ERROR'), 'over ZERO_INCREMENT'],
  ['6.9', 'the same on an idle stream', [windowUpdate(3, 0)], end('PROTOCOL_ERROR'), 'over ZERO_INCREMENT'],
  [
    '6.9',
    'WINDOW_UPDATE of another length',
    [frame(8, 0, 1, '000001')],
    end('FRAME_SIZE_ERROR'),
    'over BAD_FRAME_LENGTH',
  ],
  ['6.9', 'of another length, on the connection', [frame(8, 0, 0, '0000000001')], end('FRAME_SIZE_ERROR')],
  ['6.9.1', 'a window beyond 2^31-1', [windowUpdate(1, 0x7fffffff)], 'rst 1 FLOW_CONTROL_ERROR', 'closed 0'],
  ['6.9.1', 'a window of 2^31-1', [windowUpdate(1, 0x7fffffff - 65_535), ping()], PONG],
  [
    '6.9.1',
    'the connection beyond 2^31-1',
    [windowUpdate(0, 0x7fffffff)],
    end('FLOW_CONTROL_ERROR'),
    'over WINDOW_OVERFLOW',
  ],
  [
    '6.9.2',
    'an initial window that overflows another',
    [windowUpdate(1, 1000), settings([4, 0x7fffffff])],
    end('FLOW_CONTROL_ERROR'),
  ],
  ['6.10', 'CONTINUATION of stream 0', [continuation(0)], end('PROTOCOL_ERROR'), 'over CONTINUATION_UNEXPECTED'],
  [
    '6.10',
    'CONTINUATION of stream 0 inside of a block',
    [frame(1, 0, 3, '82'), continuation(0)],
    end('PROTOCOL_ERROR'),
  ],
  ['6.10', 'CONTINUATION without HEADERS', [continuation(1)], end('PROTOCOL_ERROR'), 'over CONTINUATION_UNEXPECTED'],
  ['6.10', 'CONTINUATION behind the end of a block', [headers(3), continuation(3)], end('PROTOCOL_ERROR', 3)],
  ['6.10', 'CONTINUATION behind DATA', [data(1, '00'), continuation(1)], end('PROTOCOL_ERROR')],
];

const STREAM_CASES: Case[] = [
  ['5.1', 'idle: DATA', [data(3, '00')], end('PROTOCOL_ERROR'), 'over IDLE_STREAM'],
  ['5.1', 'idle: RST_STREAM (§6.4)', [rst(3)], end('PROTOCOL_ERROR'), 'over IDLE_STREAM'],
  ['5.1', 'idle: WINDOW_UPDATE', [windowUpdate(3, 1)], end('PROTOCOL_ERROR'), 'over IDLE_STREAM'],
  ['5.1', 'idle: a stream that only a server could open', [data(2, '00')], end('PROTOCOL_ERROR'), 'over IDLE_STREAM'],
  ['5.1', 'half-closed: DATA', [headers(3, END_STREAM), data(3, '00'), ping()], `rst 3 STREAM_CLOSED, ${PONG}`],
  ['5.1', 'half-closed: HEADERS', [headers(3, END_STREAM), headers(3, END_STREAM)], 'rst 3 STREAM_CLOSED', 'closed 1'],
  [
    '5.1',
    'half-closed: WINDOW_UPDATE, PRIORITY',
    [headers(3, END_STREAM), windowUpdate(3, 100), priority(3, 1), ping()],
    PONG,
  ],
  ['5.1', 'half-closed: RST_STREAM', [headers(3, END_STREAM), rst(3)], '', 'closed 1'],
  ['5.1', 'closed by the client: DATA', [rst(1), data(1, '00'), data(1, '00'), ping()], `rst 1 STREAM_CLOSED, ${PONG}`],
  [
    '5.1',
    'closed by the client: HEADERS',
    [rst(1), headers(1, END_STREAM)],
    end('STREAM_CLOSED'),
    'over STREAM_CLOSED',
  ],
  [
    '5.1',
    'closed: WINDOW_UPDATE, RST_STREAM, PRIORITY',
    [rst(1), windowUpdate(1, 9), rst(1), priority(1, 3), ping()],
    PONG,
  ],
  ['5.1', 'closed: errors of the stream are not answered', [rst(1), windowUpdate(1, 0), priority(1, 1), ping()], PONG],
  [
    '5.1',
    'reset by us: what was under way',
    [windowUpdate(1, 0), data(1, '00'), headers(1, END_STREAM, '84'), rst(1), ping()],
    `rst 1 PROTOCOL_ERROR, ${PONG}`,
  ],
  ['5.1.1', 'an even identifier', [headers(2)], end('PROTOCOL_ERROR'), 'over BAD_STREAM_ID'],
  ['5.1.1', 'an identifier that was skipped', [headers(5), headers(3)], end('PROTOCOL_ERROR', 5), 'over BAD_STREAM_ID'],
  ['5.1.1', 'skipped identifiers', [headers(5), headers(0x7fffffff)], '', 'head 2 82'],
  ['5.1.1', 'frames of a stream that was skipped', [headers(5), windowUpdate(3, 1), rst(3), ping()], PONG],
  ['8.1', 'trailers', [data(1, '00'), headers(1, END_STREAM, '84')], '', 'end 0'],
  ['8.1', 'trailers that end nothing', [headers(1, 0, '84'), ping()], `rst 1 PROTOCOL_ERROR, ${PONG}`],
  ['8.1', 'DATA behind trailers', [headers(1, END_STREAM, '84'), data(1, '00')], 'rst 1 STREAM_CLOSED', 'closed 0'],
  ['6.8', 'GOAWAY of a client: its streams go on', [goaway(0), data(1, '00', END_STREAM)], '', 'end 0'],
];

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
    const talk = new Talk().hear(settings([1, 100], [1, 0], [3, 7], [4, 1], [4, 2], [5, 20_000], [6, 9], [8, 1]));
    assert.deepEqual(talk.told(), ['settings']);
    const { peerSettings } = talk.session;
    assert.deepEqual(
      { ...peerSettings, fromServer: undefined },
      {
        headerTableBytes: 0,
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
