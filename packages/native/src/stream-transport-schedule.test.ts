// Random schedules: a stream crosses the transport while relays, stops, pauses and JavaScript copies alternate at random.
// Whatever the schedule, the bytes that arrive are the bytes that were sent, in order.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { delay, readAll, type SeenEvent, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, RELAY_UNTIL_END } from './index.ts';

type Step =
  | { readonly kind: 'relay'; readonly bytes: number }
  | { readonly kind: 'relayAll' | 'stop' | 'pause' | 'resume' | 'settle' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('relay' as const), bytes: fc.nat(200_000) }),
  fc.record({ kind: fc.constantFrom('relayAll', 'stop', 'pause', 'resume', 'settle') }),
);

const scenario = fc.record({
  length: fc.integer({ min: 0, max: 1_500_000 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
  chunk: fc.integer({ min: 1, max: 100_000 }),
  receiveMaxBytes: fc.constantFrom(1024, 5000, 65_536),
  eventsMax: fc.constantFrom(1, 2, 64),
  steps: fc.array(step, { maxLength: 14 }),
  readPauses: fc.array(fc.nat(200_000), { maxLength: 6 }),
});

/** Copies DATA and ends through JavaScript; relays report their own ends. */
function copyThrough(h: TransportHarness, from: () => number, to: () => number): void {
  h.reaction = (event: SeenEvent, t) => {
    if (event.connection !== from()) return;
    if (event.kind === Event.DATA) t.send(to(), event.a, event.b);
    if (event.kind === Event.END) t.shutdown(to());
    if (event.kind === Event.RELAYED && event.c === 1) t.shutdown(to());
  };
}

async function play(h: TransportHarness, steps: readonly Step[], from: number, to: number): Promise<void> {
  for (const { kind, ...rest } of steps) {
    h.run((t) => {
      if (kind === 'relay') t.relay(from, to, (rest as { bytes: number }).bytes, 0);
      if (kind === 'relayAll') t.relay(from, to, RELAY_UNTIL_END, 0);
      if (kind === 'stop') t.stopRelay(from);
      if (kind === 'pause') t.pause(from);
      if (kind === 'resume') t.resume(from);
    });
    if (kind === 'settle') await delay(2);
    else await new Promise(setImmediate);
  }
  h.run((t) => t.resume(from));
}

describe('random schedules', () => {
  it('lose, repeat and reorder nothing', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ length, seed, chunk, receiveMaxBytes, eventsMax, steps, readPauses }) => {
        const h = new TransportHarness({ receiveMaxBytes, eventsMax, queueMaxBytes: 16 << 20 });
        try {
          const left = await h.accepted(h.listen());
          const right = await h.connected();
          copyThrough(
            h,
            () => left.id,
            () => right.id,
          );
          const bytes = seededBytes(length, seed);
          const arrived = readAll(right.socket);
          const pauses = [...readPauses].sort((x, y) => x - y);
          let total = 0;
          right.socket.on('data', (part: Buffer) => {
            total += part.length;
            if (pauses.length === 0 || total < pauses[0]!) return;
            pauses.shift();
            right.socket.pause();
            setTimeout(() => right.socket.resume(), 3);
          });
          const piece = Math.max(chunk, Math.ceil(length / 300));
          for (let at = 0; at < length; at += piece) left.socket.write(bytes.subarray(at, at + piece));
          left.socket.end();
          await play(h, steps, left.id, right.id);
          assert.ok(bytes.equals(await arrived));
          right.socket.end();
          left.socket.resume();
          h.run((t) => t.shutdown(left.id));
          await h.next(Event.CLOSED, left.id);
          await h.next(Event.CLOSED, right.id);
          assert.ok(h.count(Event.END, left.id) <= 1);
          assert.equal(h.transport.connectionCount, 0);
        } finally {
          h.close();
        }
      }),
      { numRuns: 40, seed: Number(process.env.SLUICE_TEST_SEED ?? 20_240_611), endOnFailure: true },
    );
  });
});
