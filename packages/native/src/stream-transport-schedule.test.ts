// Random schedules: a stream crosses the transport while relays, stops, pauses and JavaScript copies alternate at random.
// Whatever the schedule, the bytes that arrive are the bytes that were sent, in order. With small sockets nearly every step of a relay
// leaves a rest in a pipe or a queue, which what follows must come after.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { openPipeEndCount } from '../test/kernel-view.ts';
import { enterOwnNetwork, setNetworkControl } from '../test/own-network.ts';
import { copyThrough, cross, SCHEDULE_RUNS, scheduleShape } from '../test/schedule.ts';
import { TransportHarness } from '../test/transport-harness.ts';
import { INDEX_MASK } from './index.ts';

enterOwnNetwork();

const SOCKETS = {
  usual: { read: '4096 131072 6291456', write: '4096 16384 4194304', lengthMax: 1_500_000 },
  small: { read: '4096 16384 65536', write: '4096 4096 16384', lengthMax: 400_000 },
} as const;

describe('random schedules', () => {
  for (const [name, { read, write, lengthMax }] of Object.entries(SOCKETS)) {
    it(`lose, repeat and reorder nothing, with ${name} sockets`, { timeout: 120_000 }, async () => {
      setNetworkControl('ipv4/tcp_rmem', read);
      setNetworkControl('ipv4/tcp_wmem', write);
      const pipeEnds = openPipeEndCount();
      let batchesWithRest = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.record(scheduleShape(lengthMax, 14)),
          async ({ receiveMaxBytes, eventsMax, ...schedule }) => {
            const h = new TransportHarness({ receiveMaxBytes, eventsMax, queueMaxBytes: 16 << 20 });
            try {
              const left = await h.accepted(h.listen());
              const right = await h.connected();
              h.reaction = (event, transport) => copyThrough(event, transport, left.id, right.id);
              h.afterBatch = () => {
                if (h.transport.splicedBytes > 0 && h.transport.queuedBytes[right.id & INDEX_MASK]! > 0)
                  batchesWithRest++;
              };
              await cross(h, left, right, schedule);
            } finally {
              h.close();
            }
            assert.equal(openPipeEndCount(), pipeEnds);
          },
        ),
        SCHEDULE_RUNS,
      );
      if (name === 'small') assert.ok(batchesWithRest > 0, 'something had to wait');
    });
  }
});
