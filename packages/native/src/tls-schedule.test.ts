// Random schedules over TLS: as stream-transport-schedule.test.ts, with TLS on the source, the destination or both.

import { describe, it } from 'node:test';
import type tls from 'node:tls';
import fc from 'fast-check';
import { copyThrough, cross, SCHEDULE_RUNS, scheduleShape } from '../test/schedule.ts';
import { serverContext, TlsHarness } from '../test/tls-harness.ts';

const scenario = fc.record({
  ...scheduleShape(900_000, 12),
  version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
  secure: fc.constantFrom('source', 'destination', 'both'),
});

const context = serverContext();

describe('random schedules over TLS', () => {
  it('lose, repeat and reorder nothing', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ version, secure, receiveMaxBytes, eventsMax, ...schedule }) => {
        const h = new TlsHarness({ receiveMaxBytes, eventsMax, queueMaxBytes: 16 << 20 });
        try {
          if (secure !== 'destination') h.choose = () => context;
          const port = h.listen();
          const maxVersion = version as tls.SecureVersion;
          const left = secure === 'destination' ? await h.accepted(port) : await h.tlsAccepted(port, { maxVersion });
          const right = secure === 'source' ? await h.connected() : await h.tlsConnected({ maxVersion });
          h.onEvent = (event, transport) => copyThrough(event, transport, left.id, right.id);
          await cross(h, left, right, schedule);
        } finally {
          h.close();
        }
      }),
      SCHEDULE_RUNS,
    );
  });
});
