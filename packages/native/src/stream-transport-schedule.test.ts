// Random schedules: a stream crosses the transport while relays, stops, pauses and JavaScript copies alternate at random.
// Whatever the schedule, the bytes that arrive are the bytes that were sent, in order.

import { describe, it } from 'node:test';
import fc from 'fast-check';
import { copyThrough, cross, SCHEDULE_RUNS, scheduleShape } from '../test/schedule.ts';
import { TransportHarness } from '../test/transport-harness.ts';

const scenario = fc.record(scheduleShape(1_500_000, 14));

describe('random schedules', () => {
  it('lose, repeat and reorder nothing', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ receiveMaxBytes, eventsMax, ...schedule }) => {
        const h = new TransportHarness({ receiveMaxBytes, eventsMax, queueMaxBytes: 16 << 20 });
        try {
          const left = await h.accepted(h.listen());
          const right = await h.connected();
          h.reaction = (event, transport) => copyThrough(event, transport, left.id, right.id);
          await cross(h, left, right, schedule);
        } finally {
          h.close();
        }
      }),
      SCHEDULE_RUNS,
    );
  });
});
