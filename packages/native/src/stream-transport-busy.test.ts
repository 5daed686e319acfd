// A busy transport: batches that follow each other within one turn of the event loop, and what still gets its turn.
// Pairs of connections of one transport send every byte back, so that each batch makes the next.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { TransportHarness } from '../test/transport-harness.ts';
import { Event } from './index.ts';

const PAIRS = 8;
/** Of the addon: after so many events everything else gets its turn; the batch that reaches it may have a few more. */
const EVENTS_BETWEEN_TURNS = 256 + 2 * PAIRS;

describe('a busy transport', () => {
  let h: TransportHarness;
  let ids: number[];
  let events: number;

  beforeEach(async () => {
    h = new TransportHarness();
    events = 0;
    const port = h.listen();
    ids = Array.from({ length: PAIRS }, () => h.transport.connect('127.0.0.1', port));
    for (const id of ids) await h.next(Event.CONNECTED, id);
    h.reaction = (event, transport) => {
      if (event.kind !== Event.DATA) return;
      events++;
      transport.send(event.connection, event.a, event.b);
      // The record of it is not needed.
      h.seen.length = 0;
    };
  });

  afterEach(() => h.close());

  function start(): void {
    for (const id of ids) h.send(id, 'ping');
  }

  it('handles several batches in a turn', async () => {
    const before = h.batches;
    let turns = 0;
    start();
    while (events < 20_000) {
      await new Promise(setImmediate);
      turns++;
    }
    assert.ok(h.batches - before > 4 * turns, `${h.batches - before} batches in ${turns} turns`);
  });

  it('leaves timers, immediates and microtasks their turn', async () => {
    let most = 0;
    let since = 0;
    let timerFired = false;
    h.afterBatch = () => {
      if (since === 0)
        queueMicrotask(() => {
          most = Math.max(most, events - since);
          since = 0;
        });
      since ||= events;
    };
    start();
    const timer = setTimeout(() => {
      timerFired = true;
    }, 5);
    let mostBeforeImmediate = 0;
    while (events < 20_000 || !timerFired) {
      const seen = events;
      await new Promise(setImmediate);
      mostBeforeImmediate = Math.max(mostBeforeImmediate, events - seen);
    }
    clearTimeout(timer);
    assert.ok(most > 0 && most <= EVENTS_BETWEEN_TURNS, `${most} events before a microtask`);
    assert.ok(mostBeforeImmediate <= 5 * EVENTS_BETWEEN_TURNS, `${mostBeforeImmediate} events before an immediate`);
  });

  it('can be destroyed in a batch that is not the first of its turn', async () => {
    let batchesOfTurn = 0;
    let destroyedIn = 0;
    h.afterBatch = () => {
      if (batchesOfTurn++ === 0)
        queueMicrotask(() => {
          batchesOfTurn = 0;
        });
      if (batchesOfTurn === 3) {
        destroyedIn = batchesOfTurn;
        h.transport.destroy();
      }
    };
    start();
    await h.until('the end', () => destroyedIn === 3);
    const seen = events;
    await new Promise(setImmediate);
    assert.equal(events, seen);
    assert.equal(h.transport.connectionCount, 0);
  });

  it('executes what microtasks command', async () => {
    let answers = 0;
    h.reaction = (event, transport) => {
      if (event.kind !== Event.DATA) return;
      answers++;
      const { connection } = event;
      queueMicrotask(() => {
        const offset = transport.reserve(4);
        transport.memory.write('pong', offset);
        transport.send(connection, offset, 4);
      });
    };
    start();
    await h.until('a thousand answers', () => answers > 1_000);
  });

  it('loses and mixes up nothing', async () => {
    const sent = new Map<number, string>();
    const wrong: string[] = [];
    h.reaction = (event, transport) => {
      if (event.kind !== Event.DATA) return;
      events++;
      const text = event.bytes.toString();
      const expected = sent.get(event.connection);
      if (expected !== undefined && expected !== text) wrong.push(`${text} in place of ${expected}`);
      // The side that connected counts, the other one sends back what it gets.
      const next = expected === undefined ? text : `${event.connection}:${events}`;
      if (expected !== undefined) sent.set(event.connection, next);
      const offset = transport.reserve(next.length);
      transport.memory.write(next, offset);
      transport.send(event.connection, offset, next.length);
      h.seen.length = 0;
    };
    for (const id of ids) {
      sent.set(id, `${id}:0`);
      h.send(id, `${id}:0`);
    }
    await h.until('enough', () => events > 10_000);
    assert.deepEqual(wrong, []);
  });
});
