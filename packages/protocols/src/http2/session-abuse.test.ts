// What the protocol allows, but nobody needs: each limit of AbuseLimits is met, ends the connection with ENHANCE_YOUR_CALM and a
// fault of its own, is not met by what clients usually do, and lets more through as time passes.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AbuseLimits, DEFAULT_ABUSE_LIMITS } from './abuse-limits.ts';
import { Http2Fault, http2FaultCode, http2FaultMessage, http2FaultName, isHttp2Abuse } from './http2-fault.ts';
import { Http2Role, type Http2SessionOptions } from './session-options.ts';
import {
  data,
  END_STREAM,
  frame,
  goaway,
  headers,
  ping,
  priority,
  rst,
  settings,
  Talk,
  windowUpdate,
  zeros,
} from './test-support.ts';
import { TokenBuckets } from './token-buckets.ts';

/** A session with the default limits but for some. */
function strict(limits: Partial<AbuseLimits>, options: Partial<Http2SessionOptions> = {}): Talk {
  return new Talk({ ...options, abuse: { ...DEFAULT_ABUSE_LIMITS, ...limits } });
}

type Flood = [
  limit: keyof AbuseLimits,
  fault: keyof typeof Http2Fault,
  what: string,
  /** The round-th frame, or frames, each of which takes one token. */
  frames: (round: number) => Buffer[],
];

const id = (round: number): number => 2 * round + 101;

const FLOODS: Flood[] = [
  ['resets', 'RESET_FLOOD', 'rapid reset', (n) => [headers(id(n)), rst(id(n))]],
  [
    'resets',
    'RESET_FLOOD',
    'making us reset: window overflow',
    (n) => [headers(id(n)), windowUpdate(id(n), 0x7fffffff)],
  ],
  ['resets', 'RESET_FLOOD', 'making us reset: empty window', (n) => [headers(id(n)), windowUpdate(id(n), 0)]],
  [
    'resets',
    'RESET_FLOOD',
    'making us reset: data behind the end',
    (n) => [headers(id(n), END_STREAM), data(id(n), '00')],
  ],
  ['resets', 'RESET_FLOOD', 'making us reset: depending on itself', (n) => [headers(id(n)), priority(id(n), id(n))]],
  [
    'resets',
    'RESET_FLOOD',
    'never let in',
    (n) => [headers(id(n), 0x20, `0000${id(n).toString(16).padStart(4, '0')}00 82`)],
  ],
  [
    'resets',
    'RESET_FLOOD',
    'data for closed streams',
    (n) => [headers(id(n)), data(id(n), '', END_STREAM), data(id(n), '00')],
  ],
  ['refusedStreams', 'REFUSED_STREAM_FLOOD', 'streams beyond the limit', (n) => [headers(id(n))]],
  ['settings', 'SETTINGS_FLOOD', 'SETTINGS', () => [settings([3, 7])]],
  ['settings', 'SETTINGS_FLOOD', 'SETTINGS without any', () => [settings()]],
  ['pings', 'PING_FLOOD', 'PING', () => [ping()]],
  ['emptyData', 'EMPTY_DATA_FLOOD', 'DATA without data', () => [data(1, '')]],
  ['emptyData', 'EMPTY_DATA_FLOOD', 'DATA with nothing but padding', () => [data(1, '01 00', 8)]],
  ['emptyHeaders', 'EMPTY_HEADERS_FLOOD', 'HEADERS without fields', (n) => [headers(id(n), 0, '')]],
  ['priorities', 'PRIORITY_FLOOD', 'PRIORITY', (n) => [priority(id(n), 1)]],
  ['windowUpdates', 'WINDOW_UPDATE_FLOOD', 'WINDOW_UPDATE of the connection', () => [windowUpdate(0, 100)]],
  ['windowUpdates', 'WINDOW_UPDATE_FLOOD', 'WINDOW_UPDATE of a stream', () => [windowUpdate(1, 100)]],
  ['windowUpdates', 'WINDOW_UPDATE_FLOOD', 'WINDOW_UPDATE of closed streams', () => [windowUpdate(99, 100)]],
  ['tinyWindowUpdates', 'TINY_WINDOW_UPDATES', 'windows opened byte by byte', (n) => [windowUpdate(n % 2, 1)]],
  ['ignoredFrames', 'IGNORED_FRAME_FLOOD', 'unknown types', () => [frame(0xaa, 0, 0)]],
  ['ignoredFrames', 'IGNORED_FRAME_FLOOD', 'resets of closed streams', () => [rst(99)]],
  ['ignoredFrames', 'IGNORED_FRAME_FLOOD', 'answers to no question', () => [ping(1)]],
  ['ignoredFrames', 'IGNORED_FRAME_FLOOD', 'GOAWAY again and again', () => [goaway(0)]],
  ['ignoredFrames', 'IGNORED_FRAME_FLOOD', 'stream errors of closed streams', () => [windowUpdate(99, 0)]],
];

/** The table says 1 for the stream that is open; in a session that has seen one more end, it has another number. */
function alive(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at < copy.length; at += 9 + copy.readUIntBE(at, 3)) {
    if (copy.readUInt32BE(at + 5) === 1) copy.writeUInt32BE(101, at + 5);
  }
  return copy;
}

/** Rounds that pass before the connection ends; -1: it does not, in 60. */
function roundsOf(talk: Talk, frames: (round: number) => Buffer[]): number {
  for (let round = 0; round < 60; round++) {
    talk.hear(...frames(round));
    if (talk.session.fault !== 0) return round;
  }
  return -1;
}

describe('floods', () => {
  for (const [limit, fault, what, frames] of FLOODS) {
    it(`${limit}: ${what}`, () => {
      const options = limit === 'refusedStreams' ? { concurrentStreamsMax: 1 } : { concurrentStreamsMax: 1000 };
      const talk = strict({ [limit]: { burst: 20, perSecond: 4 } }, options).hear(
        headers(99, END_STREAM),
        rst(99),
        headers(101),
      );
      const rename = (round: number): Buffer[] => frames(round + 1).map((bytes) => alive(bytes));
      const passed = roundsOf(talk, rename);
      assert.equal(http2FaultName(talk.session.fault), fault);
      assert.ok(passed >= 17 && passed <= 20, `${passed} passed`);
      assert.match(talk.sent().at(-1)!, /^goaway \d+ ENHANCE_YOUR_CALM$/);
      assert.equal(talk.told().at(-1), `over ${fault}`);
    });

    it(`${limit}: ${what}, at a rate that is allowed`, () => {
      const options = limit === 'refusedStreams' ? { concurrentStreamsMax: 1 } : { concurrentStreamsMax: 1000 };
      const talk = strict({ [limit]: { burst: 20, perSecond: 4 } }, options).hear(
        headers(99, END_STREAM),
        rst(99),
        headers(101),
      );
      const slowly = (round: number): Buffer[] => {
        talk.now += 250;
        return frames(round + 1).map((bytes) => alive(bytes));
      };
      assert.equal(roundsOf(talk, slowly), -1);
    });
  }

  it('resets of a server are its own affair: each one needs a request of ours', () => {
    const talk = strict({ resets: { burst: 2, perSecond: 0 } }, { role: Http2Role.CLIENT });
    for (let count = 0; count < 10; count++) {
      talk.request();
      talk.hear(rst(2 * count + 1));
    }
    assert.equal(talk.session.fault, 0);
  });

  it('malformed requests count as resets', () => {
    const talk = strict({ resets: { burst: 3, perSecond: 0 } });
    talk.log.on = (event, slot) => {
      if (event === 'head') talk.session.failStream(slot, Http2Fault.MALFORMED_MESSAGE);
    };
    talk.hear(headers(1), headers(3), headers(5));
    assert.deepEqual(talk.sent(), ['rst 1 PROTOCOL_ERROR', 'rst 3 PROTOCOL_ERROR', 'rst 5 PROTOCOL_ERROR']);
    talk.hear(headers(7));
    assert.deepEqual(talk.sent(), ['goaway 7 ENHANCE_YOUR_CALM']);
  });

  it('resets of our own are not the fault of the peer', () => {
    const talk = strict({ resets: { burst: 1, perSecond: 0 } });
    talk.log.on = (event, slot) => {
      if (event === 'head') talk.session.reset(slot, 0);
    };
    for (let stream = 1; stream < 40; stream += 2) talk.hear(headers(stream));
    assert.equal(talk.session.fault, 0);
  });
});

describe('what clients do is no flood, with the default limits', () => {
  it('cancelling all streams at once, twice', () => {
    const talk = new Talk();
    for (let stream = 1; stream < 1000; stream += 2) {
      talk.hear(headers(stream, END_STREAM));
      if (talk.session.streamCount < 250) continue;
      for (let open = stream - 498; open <= stream; open += 2) talk.hear(rst(open));
    }
    assert.equal(talk.session.fault, 0);
  });

  it('cancelling one of many requests, some too late, on a connection that is always busy', () => {
    const talk = new Talk();
    for (let stream = 1; stream < 40_000; stream += 2) {
      talk.hear(headers(stream, END_STREAM), frame(0x10, 0, 0, '00000001'));
      if (stream % 10 === 1) talk.hear(rst(stream));
      else talk.session.sentHeaders(0, true);
      if (stream % 10 === 3) talk.hear(rst(stream));
    }
    assert.equal(talk.session.fault, 0);
  });

  it('empty trailers', () => {
    const talk = new Talk();
    for (let stream = 1; stream < 1000; stream += 2) {
      talk.hear(headers(stream), headers(stream, END_STREAM, ''));
      talk.session.sentHeaders(0, true);
    }
    assert.equal(talk.session.fault, 0);
  });

  it('a PING for every message', () => {
    const talk = new Talk().hear(headers(1));
    for (let count = 0; count < 5000; count++) {
      talk.hear(data(1, zeros(20)), ping());
      talk.session.consumed(0, 20);
      talk.sent();
    }
    assert.equal(talk.session.fault, 0);
  });

  it('an update of both windows for every frame, also for small ones', () => {
    for (const bytes of [10, 16_384]) {
      const talk = new Talk().hear(headers(1));
      for (let count = 0; count < 5000; count++) {
        assert.equal(talk.session.sendable(0, bytes, talk.now), bytes);
        talk.session.sentData(0, bytes, false, talk.now);
        talk.hear(windowUpdate(0, bytes), windowUpdate(1, bytes));
      }
      assert.equal(talk.session.fault, 0);
    }
  });
});

describe('tiny windows', () => {
  it('are not paid for by the frames that they make small', () => {
    const talk = new Talk().hear(settings([4, 0]), headers(1));
    let sent = 0;
    while (talk.session.fault === 0 && sent < 1000) {
      const allowed = talk.session.sendable(0, 10_000, talk.now);
      if (allowed > 0) talk.session.sentData(0, allowed, false, talk.now);
      sent += allowed;
      talk.hear(windowUpdate(1, 1));
    }
    assert.equal(talk.session.fault, Http2Fault.TINY_WINDOW_UPDATES);
    assert.ok(sent <= 101, `${sent} bytes`);
  });
});

describe('answers that are not read', () => {
  const limits = { unsentBytesMax: 1000 };

  it('PING and SETTINGS are not answered beyond the limit', () => {
    for (const question of [ping(), settings()]) {
      const talk = strict(limits);
      talk.unsentBytes = 1000;
      talk.hear(question);
      assert.equal(talk.sent().length, 1);
      talk.unsentBytes = 1001;
      talk.hear(question);
      assert.deepEqual(talk.sent(), ['goaway 0 ENHANCE_YOUR_CALM']);
      assert.deepEqual(talk.told().at(-1), 'over ANSWERS_NOT_READ');
    }
  });

  it('what is in the output counts', () => {
    const talk = strict(limits);
    for (let count = 0; count < 60; count++) talk.hear(ping());
    assert.equal(talk.session.fault, Http2Fault.ANSWERS_NOT_READ);
    assert.ok(talk.session.output.length < 1100);
  });

  it('resets that the peer brings about count', () => {
    const talk = strict(limits, { concurrentStreamsMax: 1 });
    talk.hear(headers(1));
    talk.unsentBytes = 2000;
    talk.hear(headers(3));
    assert.equal(talk.session.fault, Http2Fault.ANSWERS_NOT_READ);
  });

  it('frames that need no answer may come', () => {
    const talk = strict(limits);
    talk.unsentBytes = 1_000_000;
    talk.hear(headers(1), data(1, '00'), windowUpdate(1, 100), ping(1), rst(1));
    assert.equal(talk.session.fault, 0);
  });
});

describe('readers that stall', () => {
  const limits = { stallMs: 1000, stallProgressBytes: 100 };
  const blocked = (): Talk => {
    const talk = strict(limits).hear(settings([4, 0]), headers(1));
    assert.equal(talk.session.sendable(0, 10_000, talk.now), 0);
    return talk;
  };

  it('are those that take nothing for a while', () => {
    const { session, now } = blocked();
    assert.deepEqual([session.isStreamStalled(0, now + 999), session.isStalled(now + 999)], [false, false]);
    assert.deepEqual([session.isStreamStalled(0, now + 1000), session.isStalled(now + 1000)], [true, true]);
  });

  it('or next to nothing', () => {
    const talk = blocked();
    for (let count = 0; count < 9; count++) {
      talk.now += 100;
      talk.hear(windowUpdate(1, 11));
      talk.session.sentData(0, talk.session.sendable(0, 10_000, talk.now), false, talk.now);
      talk.session.sendable(0, 10_000, talk.now);
    }
    talk.now += 100;
    assert.equal(talk.session.isStalled(talk.now), true, '99 bytes');
  });

  it('not those that take enough', () => {
    const talk = blocked();
    for (let count = 0; count < 30; count++) {
      talk.now += 900;
      assert.equal(talk.session.isStalled(talk.now), false);
      talk.hear(windowUpdate(1, 100));
      talk.session.sentData(0, talk.session.sendable(0, 10_000, talk.now), false, talk.now);
      assert.equal(talk.session.sendable(0, 10_000, talk.now), 0);
    }
  });

  it('not the connection while another stream is served, or waits for us', () => {
    const talk = blocked().hear(headers(3));
    assert.equal(talk.session.isStreamStalled(0, talk.now + 5000), true);
    assert.equal(talk.session.isStalled(talk.now + 5000), false);
    talk.session.reset(1, 0);
    assert.equal(talk.session.isStalled(talk.now + 5000), true);
  });

  it('nobody, where nothing is to be sent', () => {
    const talk = strict(limits);
    assert.equal(talk.session.isStalled(1e9), false);
    talk.hear(headers(1));
    assert.equal(talk.session.isStalled(1e9), false);
    talk.session.sendable(0, 10, talk.now);
    assert.equal(talk.session.isStalled(1e9), false);
  });

  it('nor those that we have ended without sending the rest', () => {
    const talk = blocked();
    talk.session.sentHeaders(0, true);
    assert.equal(talk.session.isStalled(talk.now + 5000), false);
    talk.told();
    talk.hear(windowUpdate(1, 100));
    assert.deepEqual(talk.told(), []);
  });

  it('nor those that have all of it', () => {
    const talk = blocked().hear(windowUpdate(1, 10_000));
    talk.session.sentData(0, talk.session.sendable(0, 10_000, talk.now), true, talk.now);
    assert.equal(talk.session.isStalled(talk.now + 5000), false);
  });
});

describe('TokenBuckets', () => {
  it('give a burst, then a rate; credit never exceeds the burst; a clock that goes back gives nothing', () => {
    const buckets = new TokenBuckets(
      [
        { burst: 2, perSecond: 10 },
        { burst: Number.POSITIVE_INFINITY, perSecond: 0 },
      ],
      0,
    );
    assert.deepEqual(
      [0, 0, 0, 99, 100, 100, 50, 200].map((now) => buckets.take(0, now)),
      [true, true, false, false, true, false, false, true],
    );
    buckets.credit(0, 100);
    assert.deepEqual(
      [0, 0, 0].map(() => buckets.take(0, 200)),
      [true, true, false],
    );
    assert.deepEqual(
      [0, 0, 0].map(() => buckets.take(0, 1e6)),
      [true, true, false],
      'time gives no more than the burst',
    );
    for (let count = 0; count < 1000; count++) assert.equal(buckets.take(1, 0), true);
  });
});

describe('faults', () => {
  it('have a name, a code and a sentence each', () => {
    const faults = Object.values(Http2Fault);
    assert.equal(new Set(faults).size, faults.length);
    assert.equal(new Set(faults.map(http2FaultMessage)).size, faults.length);
    for (const [name, fault] of Object.entries(Http2Fault)) {
      assert.equal(http2FaultName(fault), name);
      assert.ok(http2FaultCode(fault) > 0 && http2FaultCode(fault) <= 0xd);
      assert.match(http2FaultMessage(fault), /^[a-z].*[^.]$/i);
    }
    assert.equal(isHttp2Abuse(Http2Fault.RESET_FLOOD), true);
    assert.equal(isHttp2Abuse(Http2Fault.BAD_PADDING), false);
  });
});
