// Flow control in both directions and on both levels (RFC 9113 §5.2, §6.9): what a peer may send and gets back, what we may
// send, negative windows, and who is told when windows open. A model checks that both ends agree over random histories.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Http2Role } from './session-options.ts';
import {
  data,
  END_STREAM,
  headers,
  PREFACE,
  ping,
  rst,
  settings,
  settingsAck,
  Talk,
  windowUpdate,
  zeros,
} from './test-support.ts';

const SMALL = { streamWindowBytes: 1000, connectionWindowBytes: 65_535 };

describe('flow control: what the peer sends', () => {
  it('§6.9.1 a stream window is kept to the byte', () => {
    const talk = new Talk(SMALL).hear(headers(1), data(1, zeros(1000)));
    assert.deepEqual(talk.sent(), []);
    talk.hear(data(1, ''), ping());
    assert.deepEqual(talk.sent(), ['ping-ack 0102030405060708']);
    talk.hear(data(1, '00'), ping());
    assert.deepEqual(talk.sent(), ['rst 1 FLOW_CONTROL_ERROR', 'ping-ack 0102030405060708']);
    assert.deepEqual(talk.told().slice(-2), ['fault 0 STREAM_WINDOW_EXCEEDED', 'closed 0']);
  });

  it('§6.9 a frame too large is noticed by its head', () => {
    const talk = new Talk(SMALL).hear(headers(1), data(1, zeros(1001)).subarray(0, 9));
    assert.deepEqual(talk.sent(), ['rst 1 FLOW_CONTROL_ERROR']);
  });

  it('§6.9.1 the window of the connection is one for all streams', () => {
    const talk = new Talk({ streamWindowBytes: 20_000, connectionWindowBytes: 65_535 });
    for (const id of [1, 3, 5, 7]) talk.hear(headers(id), data(id, zeros(16_000)));
    assert.deepEqual(talk.sent(), []);
    talk.hear(data(1, zeros(1535)));
    assert.equal(talk.session.fault, 0);
    talk.hear(data(1, '00'));
    assert.deepEqual(talk.sent(), ['goaway 7 FLOW_CONTROL_ERROR']);
    assert.equal(talk.told().at(-1), 'over CONNECTION_WINDOW_EXCEEDED');
  });

  it('§6.1 padding counts, and is given back by itself', () => {
    const talk = new Talk(SMALL).hear(headers(1), data(1, Buffer.concat([Buffer.from([249]), zeros(499)]), 8));
    assert.deepEqual(talk.told().at(-1), 'data 0 250');
    talk.session.consumed(0, 249);
    assert.deepEqual(talk.sent(), []);
    talk.session.consumed(0, 1);
    assert.deepEqual(talk.sent(), ['window 1 500']);
  });

  it('§6.9.1 what is consumed is given back by half windows, on both levels', () => {
    const talk = new Talk({ streamWindowBytes: 40_000, connectionWindowBytes: 65_535 });
    talk.hear(headers(1), data(1, zeros(16_000)), data(1, zeros(16_000)));
    talk.session.consumed(0, 19_999);
    assert.deepEqual(talk.sent(), []);
    talk.session.consumed(0, 1);
    assert.deepEqual(talk.sent(), ['window 1 20000']);
    talk.hear(data(1, zeros(16_000)));
    talk.session.consumed(0, 12_768);
    assert.deepEqual(talk.sent(), ['window 0 32768']);
  });

  it('§6.9 who has sent its last byte needs no window; the connection does', () => {
    const talk = new Talk({ streamWindowBytes: 40_000, connectionWindowBytes: 65_535 });
    talk.hear(headers(1), ...[1, 2].map(() => data(1, zeros(16_000))), data(1, zeros(800), END_STREAM));
    talk.session.consumed(0, 32_800);
    assert.deepEqual(talk.sent(), ['window 0 32800']);
  });

  it('§5.1 what a stream held is given back when it ends, however it does', () => {
    const ends: [string, (talk: Talk) => void][] = [
      ['reset by the peer', (talk) => talk.hear(rst(1))],
      ['reset by us', (talk) => talk.session.reset(0, 8)],
      ['for a fault', (talk) => talk.hear(windowUpdate(1, 0))],
      ['answered', (talk) => talk.hear(data(1, '', END_STREAM)).session.sentHeaders(0, true)],
    ];
    for (const [what, endIt] of ends) {
      const talk = new Talk({ streamWindowBytes: 65_535, connectionWindowBytes: 65_535 });
      talk.hear(headers(1), ...[1, 2, 3].map(() => data(1, zeros(12_000))));
      endIt(talk);
      assert.ok(talk.sent().includes('window 0 36000'), what);
    }
  });

  it('§6.9 data that is dropped counts on the connection, and is given back', () => {
    const talk = new Talk({ streamWindowBytes: 65_535, connectionWindowBytes: 65_535 }).hear(headers(1), rst(1));
    // Behind the first one, stream 1 is known to have been reset by us.
    talk.hear(...[1, 2, 3].map(() => data(1, zeros(12_000))));
    assert.deepEqual(talk.sent(), ['rst 1 STREAM_CLOSED', 'window 0 36000']);
  });

  it('§6.9.3 a smaller window than the initial one counts once it is acknowledged', () => {
    const talk = new Talk(SMALL, false);
    talk.sent();
    talk.hear(PREFACE, settings(), headers(1), data(1, zeros(5000)));
    assert.deepEqual(talk.sent(), ['settings-ack']);
    talk.hear(settingsAck(), headers(3), data(3, zeros(1000)), data(1, ''));
    assert.deepEqual(talk.sent(), []);
    // 1000 - 5000: what is given back lifts the window to 1000 again, and no further.
    talk.session.consumed(0, 5000);
    assert.deepEqual(talk.sent(), ['window 1 5000']);
    talk.hear(data(1, zeros(1000)));
    assert.deepEqual(talk.sent(), []);
    talk.hear(data(1, '00'));
    assert.deepEqual(talk.sent(), ['rst 1 FLOW_CONTROL_ERROR']);
  });

  it('to consume more than there is, is a bug, and said so', () => {
    const talk = new Talk(SMALL).hear(headers(1), data(1, zeros(10)));
    assert.throws(() => talk.session.consumed(0, 11), RangeError);
    assert.throws(() => talk.session.consumed(0, -1), RangeError);
    talk.session.consumed(0, 10);
    assert.throws(() => talk.session.consumed(0, 1), RangeError);
  });
});

describe('flow control: what we send', () => {
  it('§6.9.1 both windows and the largest frame bound it', () => {
    const talk = new Talk().hear(headers(1), headers(3));
    const { session, now } = talk;
    assert.equal(session.sendable(0, 100, now), 100);
    assert.equal(session.sendable(0, 1_000_000, now), 16_384);
    talk.hear(settings([5, 100_000]));
    assert.equal(session.sendable(0, 1_000_000, now), 65_535);
    session.sentData(0, 60_000, false, now);
    assert.deepEqual([session.sendable(0, 10_000, now), session.sendable(1, 10_000, now)], [5535, 5535]);
    talk.hear(windowUpdate(0, 1000));
    assert.deepEqual([session.sendable(0, 10_000, now), session.sendable(1, 10_000, now)], [5535, 6535]);
    assert.throws(() => session.sentData(0, 5536, false, now), RangeError);
    session.sentData(0, 5535, false, now);
    assert.equal(session.sendable(0, 1, now), 0);
    session.sentData(0, 0, true, now);
  });

  it('§6.9.2 a smaller initial window makes windows negative, and new ones small', () => {
    const talk = new Talk().hear(headers(1));
    const { session, now } = talk;
    session.sentData(0, 60_000, false, now);
    talk.hear(settings([4, 16_384]), headers(3));
    assert.deepEqual([session.sendable(0, 9, now), session.sendable(1, 9, now)], [0, 9]);
    talk.hear(windowUpdate(1, 43_616));
    assert.equal(session.sendable(0, 9, now), 0);
    talk.hear(windowUpdate(1, 5));
    assert.deepEqual(talk.told().slice(-1), ['writable 0']);
    assert.equal(session.sendable(0, 9, now), 5);
  });

  it('§6.9.2 a larger one opens them', () => {
    const talk = new Talk().hear(settings([4, 0]), headers(1));
    assert.equal(talk.session.sendable(0, 9, talk.now), 0);
    talk.told();
    talk.hear(settings([4, 7], [4, 5]));
    assert.deepEqual(talk.told(), ['settings', 'writable 0']);
    assert.equal(talk.session.sendable(0, 9, talk.now), 5);
  });

  it('tells those that wait, as far as the connection reaches', () => {
    const talk = new Talk().hear(settings([5, 100_000]), headers(1), headers(3), headers(5));
    const { session, now } = talk;
    session.sentData(0, session.sendable(0, 65_535, now), false, now);
    assert.deepEqual([session.sendable(1, 10, now), session.sendable(2, 10, now)], [0, 0]);
    talk.told();
    talk.log.on = (event, slot) => {
      if (event === 'writable') session.sentData(slot, session.sendable(slot, 10, now), false, now);
    };
    talk.hear(windowUpdate(0, 15));
    assert.deepEqual(talk.told(), ['writable 1', 'writable 2']);
    assert.equal(session.sendable(2, 5, now), 0);
    talk.hear(windowUpdate(1, 100));
    assert.deepEqual(talk.told(), [], 'stream 1 does not wait, and the connection is used up');
  });

  it('a stream that takes all does not starve the others', () => {
    const talk = new Talk().hear(headers(1), headers(3), headers(5), settings([4, 1_000_000]));
    const { session, now } = talk;
    while (session.sendable(0, 1e6, now) > 0) session.sentData(0, session.sendable(0, 1e6, now), false, now);
    assert.deepEqual([session.sendable(1, 1e6, now), session.sendable(2, 1e6, now)], [0, 0]);
    talk.log.on = (event, slot) => {
      if (event === 'writable') session.sentData(slot, session.sendable(slot, 1e6, now), false, now);
    };
    talk.told();
    for (let round = 0; round < 4; round++) talk.hear(windowUpdate(0, 1000));
    assert.deepEqual(talk.told(), ['writable 0', 'writable 1', 'writable 2', 'writable 0']);
  });

  it('§6.9 a window that is opened behind our end is no fault', () => {
    const talk = new Talk().hear(headers(1));
    talk.session.sentHeaders(0, true);
    talk.hear(windowUpdate(1, 100), ping());
    assert.deepEqual(talk.sent(), ['ping-ack 0102030405060708']);
  });
});

describe('flow control: two sessions', () => {
  it('agree about all windows, whatever is sent and consumed', () => {
    const act = fc.record({
      client: fc.boolean(),
      stream: fc.nat(3),
      bytes: fc.integer({ min: 1, max: 3000 }),
      consume: fc.boolean(),
    });
    const sizes = fc.record({
      streamWindowBytes: fc.integer({ min: 1, max: 5000 }),
      connectionWindowBytes: fc.constant(65_535),
    });
    fc.assert(
      fc.property(sizes, sizes, fc.array(act, { maxLength: 120, size: 'max' }), (clientSizes, serverSizes, acts) => {
        const client = new Talk({ ...clientSizes, role: Http2Role.CLIENT }, false);
        const server = new Talk(serverSizes, false);
        const pass = (from: Talk, to: Talk): void => {
          const { output } = from.session;
          const bytes = Buffer.from(output.bytes.subarray(0, output.length));
          output.clear();
          to.hear(bytes);
        };
        const exchange = (): void => {
          while (client.session.output.length + server.session.output.length > 0) {
            pass(client, server);
            pass(server, client);
          }
        };
        exchange();
        for (let slot = 0; slot < 4; slot++) {
          assert.equal(client.request(false), slot);
          server.hear(headers(slot * 2 + 1));
          server.session.sentHeaders(slot, false);
          client.hear(headers(slot * 2 + 1));
        }
        const held = { client: [0, 0, 0, 0], server: [0, 0, 0, 0] };
        const consume = (side: 'client' | 'server', slot: number): void => {
          (side === 'client' ? client : server).session.consumed(slot, held[side][slot]);
          held[side][slot] = 0;
          exchange();
        };
        for (const { client: byClient, stream, bytes, consume: consumes } of acts) {
          const [from, to] = byClient ? [client, server] : [server, client];
          const receiver = byClient ? 'server' : 'client';
          const allowed = from.session.sendable(stream, bytes, 0);
          if (allowed > 0) {
            from.session.sentData(stream, allowed, false, 0);
            to.hear(data(stream * 2 + 1, zeros(allowed)));
            held[receiver][stream] += allowed;
          }
          if (consumes) consume(receiver, stream);
          assert.deepEqual([client.session.fault, server.session.fault], [0, 0]);
        }
        for (let slot = 0; slot < 4; slot++) {
          consume('client', slot);
          consume('server', slot);
        }
        // Nothing is held: each side may send at least half a window again.
        for (let slot = 0; slot < 4; slot++) {
          assert.ok(client.session.sendable(slot, 1, 0) === 1 && server.session.sendable(slot, 1, 0) === 1);
        }
      }),
    );
  });
});
