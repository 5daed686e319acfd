// The rules of RFC 9113 where a client differs from a server: every case of client-rule-cases.ts is fed whole and byte by byte.
// Also how a client opens streams and learns that they are refused.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLIENT_CASES } from './client-rule-cases.ts';
import { Http2Role } from './session-options.ts';
import {
  data,
  END_STREAM,
  everyByte,
  goaway,
  headers,
  PONG,
  PREFACE,
  ping,
  rst,
  settings,
  settingsAck,
  Talk,
  zeros,
} from './test-support.ts';

const CLIENT = { role: Http2Role.CLIENT };

describe('HTTP/2 rules for a client', () => {
  for (const [section, what, frames, answer, told] of CLIENT_CASES) {
    it(`§${section} ${what}`, () => {
      const bytes = Buffer.concat(frames);
      for (const cuts of [[], everyByte(bytes)]) {
        const talk = new Talk(CLIENT);
        assert.equal(talk.request(), 0);
        talk.hearInPieces(bytes, cuts);
        assert.equal(talk.sent().join(', '), answer);
        if (told !== undefined) assert.equal(talk.told().at(-1), told);
        assert.equal(talk.session.fault !== 0, answer.startsWith('goaway'));
      }
    });
  }

  it('§3.4 preface and SETTINGS come first; pushes are switched off', () => {
    const talk = new Talk(CLIENT, false);
    assert.deepEqual(talk.sent(), ['preface', 'settings 000200000000000400040000000600100000', 'window 0 983041']);
    talk.hear(PREFACE);
    assert.deepEqual(talk.told(), ['over SETTINGS_NOT_FIRST']);
  });

  it('§8.1 interim heads, then the final one', () => {
    const talk = new Talk(CLIENT);
    const slot = talk.request(false);
    let interim = 2;
    talk.log.on = (event) => {
      if (event === 'head' && interim-- > 0) talk.session.interimHead(slot);
    };
    talk.hear(
      headers(1, 0, '01'),
      headers(1, 0, '02'),
      headers(1, 0, '88'),
      data(1, '00'),
      headers(1, END_STREAM, '84'),
    );
    assert.deepEqual(talk.told(), ['head 0 01', 'head 0 02', 'head 0 88', 'data 0 1', 'trailers 0 end 84', 'end 0']);
    assert.equal(talk.session.hasRemoteEnded(slot), true);
    talk.session.sentData(slot, 0, true, talk.now);
    assert.deepEqual(talk.told(), ['closed 0']);
  });

  it('§8.1 data behind nothing but an interim head', () => {
    const talk = new Talk(CLIENT);
    const slot = talk.request();
    talk.log.on = (event) => {
      if (event === 'head') talk.session.interimHead(slot);
    };
    talk.hear(headers(1, 0, '01'), data(1, '00'));
    assert.deepEqual(talk.told(), ['head 0 01', 'fault 0 DATA_BEFORE_HEAD', 'closed 0']);
  });

  it('§5.1 what was under way when we gave a stream up', () => {
    const talk = new Talk(CLIENT);
    talk.session.reset(talk.request(), 8);
    talk.hear(headers(1, 0, '88'), data(1, zeros(1000)), headers(1, END_STREAM, '84'), ping());
    assert.deepEqual(talk.sent(), ['rst 1 CANCEL', PONG]);
    assert.deepEqual(talk.told(), ['closed 0', 'discarded 88', 'discarded 84']);
  });

  it('§5.1 the same, for a stream given up long ago', () => {
    const talk = new Talk(CLIENT);
    for (let count = 0; count < 400; count++) talk.session.reset(talk.request(), 8);
    talk.sent();
    talk.hear(headers(1, END_STREAM, '88'), ping());
    assert.deepEqual(talk.sent(), [PONG]);
    assert.equal(talk.session.fault, 0);
  });
});

describe('HTTP/2 session of a client: opening streams', () => {
  it('§5.1.2 as many as the server allows, at most as many as we want', () => {
    const talk = new Talk({ ...CLIENT, concurrentStreamsMax: 3 });
    talk.hear(settings([3, 2]));
    assert.deepEqual([talk.request(), talk.request(), talk.request()], [0, 1, -1]);
    talk.hear(settings([3, 100]));
    assert.deepEqual([talk.session.openStream(), talk.session.openStream()], [2, -1]);
    assert.deepEqual(
      [0, 1, 2].map((slot) => talk.session.streamId(slot)),
      [1, 3, 5],
    );
    talk.hear(headers(3, END_STREAM));
    assert.equal(talk.session.openStream(), 1);
    assert.equal(talk.session.streamId(1), 7);
    talk.hear(settings([3, 0]));
    talk.hear(rst(1));
    assert.equal(talk.session.openStream(), -1);
    assert.equal(talk.session.canOpenEver, true);
  });

  it('§6.8 streams that the server will not serve are told as refused', () => {
    const talk = new Talk(CLIENT);
    for (let count = 0; count < 3; count++) talk.request();
    talk.hear(goaway(3, 0));
    assert.deepEqual(talk.told(), ['goaway 3 NO_ERROR', 'reset 2 REFUSED_STREAM', 'closed 2']);
    assert.deepEqual([talk.session.openStream(), talk.session.canOpenEver], [-1, false]);
    talk.hear(headers(1, END_STREAM), headers(3, END_STREAM));
    assert.equal(talk.session.isFinished, true);
    assert.equal(talk.session.fault, 0);
  });

  it('§6.8 first a warning, then the last stream', () => {
    const talk = new Talk(CLIENT);
    talk.request();
    talk.hear(goaway(0x7fffffff));
    assert.deepEqual([talk.told(), talk.session.openStream()], [['goaway 2147483647 NO_ERROR'], -1]);
    talk.hear(goaway(0));
    assert.deepEqual(talk.told(), ['goaway 0 NO_ERROR', 'reset 0 REFUSED_STREAM', 'closed 0']);
  });

  it('§5.1.1 identifiers are used up once', () => {
    const talk = new Talk(CLIENT);
    const internals = talk.session as unknown as { core: { nextOwnStream: number } };
    internals.core.nextOwnStream = 0x7fffffff;
    assert.equal(talk.session.streamId(talk.request()), 0x7fffffff);
    assert.deepEqual([talk.session.openStream(), talk.session.canOpenEver], [-1, false]);
  });

  it('§6.5.3 our settings count when they are acknowledged', () => {
    const talk = new Talk(CLIENT, false);
    assert.equal(talk.session.awaitsSettingsAck, true);
    talk.hear(settings(), settingsAck());
    assert.equal(talk.session.awaitsSettingsAck, false);
    assert.deepEqual(talk.told(), ['settings', 'acknowledged']);
  });

  it('a server opens none', () => {
    assert.equal(new Talk().session.openStream(), -1);
  });
});
