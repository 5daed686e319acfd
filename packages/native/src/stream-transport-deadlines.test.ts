// Deadlines: never early, in order, once, pushed back by traffic when idle ones, and gone with their connection.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { delay, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, RELAY_UNTIL_END, StreamTransport } from './index.ts';

describe('DEADLINE', () => {
  let h: TransportHarness;
  let port: number;
  beforeEach(() => {
    h = new TransportHarness();
    port = h.listen();
  });
  afterEach(() => h.close());

  it('fires in order, once each, never early', async () => {
    const ids: number[] = [];
    for (let i = 0; i < 6; i++) ids.push((await h.accepted(port)).id);
    const waits = [90, 30, 150, 60, 120, 5];
    const started = performance.now();
    h.run((t) => {
      for (const [i, id] of ids.entries()) t.deadline(id, waits[i]!);
    });
    const order: number[] = [];
    for (let i = 0; i < ids.length; i++) {
      const event = await h.next(Event.DEADLINE);
      const wait = waits[ids.indexOf(event.connection)]!;
      assert.ok(performance.now() - started >= wait, `${wait} ms came early`);
      order.push(wait);
    }
    assert.deepEqual(order, [5, 30, 60, 90, 120, 150]);
    await delay(30);
    assert.equal(h.count(Event.DEADLINE), 6);
  });

  it('is replaced by a later, an earlier and no deadline', async () => {
    const [later, earlier, none] = [await h.accepted(port), await h.accepted(port), await h.accepted(port)];
    h.run((t) => {
      t.deadline(later!.id, 20);
      t.deadline(earlier!.id, 60_000);
      t.deadline(none!.id, 20);
    });
    h.run((t) => {
      t.deadline(later!.id, 150);
      t.deadline(earlier!.id, 40);
      t.deadline(none!.id, 0);
    });
    assert.equal((await h.next(Event.DEADLINE)).connection, earlier!.id);
    assert.equal((await h.next(Event.DEADLINE)).connection, later!.id);
    assert.equal(h.count(Event.DEADLINE), 2);
  });

  it('fires at once when overdue and treats fractions as a millisecond', async () => {
    const { id } = await h.accepted(port);
    h.run((t) => t.deadline(id, -5));
    await h.next(Event.DEADLINE, id);
    h.run((t) => t.deadline(id, -0.25));
    await h.next(Event.DEADLINE, id);
    h.run((t) => t.deadline(id, 0.25));
    await h.next(Event.DEADLINE, id);
  });

  it('accepts deadlines far beyond the wheel and beyond int32', async () => {
    const { id, socket } = await h.accepted(port);
    h.run((t) => t.deadline(id, 1e12));
    await delay(40);
    assert.equal(h.count(Event.DEADLINE), 0);
    h.run((t) => t.deadline(id, 10));
    await h.next(Event.DEADLINE, id);
    socket.write('lives on');
    await h.next(Event.DATA, id);
  });

  it('when idle, is pushed back by bytes either way and by relays', async () => {
    const left = await h.accepted(port);
    const right = await h.connected();
    const silent = await h.accepted(port);
    h.run((t) => {
      for (const { id } of [left, right, silent]) t.idleDeadline(id, 1200);
      t.relay(left.id, right.id, RELAY_UNTIL_END, 0);
    });
    right.socket.resume();
    // Whoever was not pushed back is due together with the silent one.
    while (h.count(Event.DEADLINE, silent.id) === 0) {
      left.socket.write('tick');
      await delay(30);
    }
    assert.deepEqual(
      h.seen.filter((event) => event.kind === Event.DEADLINE).map((event) => event.connection),
      [silent.id],
    );
    await h.next(Event.DEADLINE, left.id);
    await h.next(Event.DEADLINE, right.id);
  });

  it('bounds connecting and stalled reading alike, and dies with the connection', async () => {
    const { socket, id } = await h.accepted(port);
    h.run((t) => t.pause(id));
    socket.write(seededBytes(1000, 1));
    h.run((t) => t.deadline(id, 20));
    await h.next(Event.DEADLINE, id);
    h.run((t) => {
      t.deadline(id, 20);
      t.reset(id);
    });
    await delay(50);
    assert.equal(h.count(Event.DEADLINE), 1);
  });

  it('keeps order and count with thousands of them set and moved at random', async () => {
    const own = new TransportHarness({ connectionsMax: 400 });
    try {
      const path = own.listenUnix();
      const ids: number[] = [];
      for (let i = 0; i < 150; i++) ids.push(own.transport.connectUnix(path));
      await own.until('all', () => own.count(Event.ACCEPTED) === ids.length);
      const due = new Map<number, number>();
      let state = 12_345;
      const random = (below: number): number => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
        return (state >>> 8) % below;
      };
      own.run((t) => {
        for (let i = 0; i < 3000; i++) {
          const id = ids[random(ids.length)]!;
          const wait = random(10) === 0 ? 0 : 1 + random(300);
          t.deadline(id, wait);
          due.set(id, wait);
        }
      });
      const started = own.transport.now;
      const late: number[] = [];
      own.reaction = (event) => {
        if (event.kind === Event.DEADLINE) late.push(own.transport.now - started - due.get(event.connection)!);
      };
      const expected = [...due.values()].filter((wait) => wait > 0).length;
      await own.until('all deadlines', () => late.length >= expected);
      await delay(30);
      assert.equal(late.length, expected);
      assert.ok(Math.min(...late) >= 0, `early by ${Math.min(...late)}`);
    } finally {
      own.close();
    }
  });
});

describe('an idle transport', () => {
  it('has no clock of its own ticking', async () => {
    const transport = new StreamTransport({}, () => assert.fail('no events expected'));
    try {
      await delay(30);
      const before = transport.now;
      await delay(60);
      assert.equal(transport.now, before, 'a turn ran though nothing was to be done');
    } finally {
      transport.destroy();
    }
  });
});
