// Random schedules over TLS: as stream-transport-schedule.test.ts, with TLS on the source, the destination or both.

import { describe, it } from 'node:test';
import type tls from 'node:tls';
import fc from 'fast-check';
import { copyThrough, cross, SCHEDULE_RUNS, scheduleShape } from '../test/schedule.ts';
import { credentials, NAME, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { createTlsClientContext, Event } from './index.ts';

const scenario = fc.record({
  ...scheduleShape(900_000, 12),
  version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
  secure: fc.constantFrom('source', 'destination', 'both'),
});

const context = serverContext();
const client = createTlsClientContext({ authorities: [credentials().authority.chain] });

async function tlsConnected(
  h: TlsHarness,
  maxVersion: tls.SecureVersion,
): Promise<{ socket: tls.TLSSocket; id: number }> {
  const sockets: tls.TLSSocket[] = [];
  const port = await h.tlsServer({ maxVersion }, (socket) => sockets.push(socket));
  const id = h.transport.connect('127.0.0.1', port);
  h.transport.startTlsClient(id, client, NAME);
  await h.next(Event.TLS_READY, id);
  return { socket: await h.until('the server side', () => sockets[0]), id };
}

describe('random schedules over TLS', () => {
  it('lose, repeat and reorder nothing', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(scenario, async ({ version, secure, receiveMaxBytes, eventsMax, ...schedule }) => {
        const h = new TlsHarness({ receiveMaxBytes, eventsMax, queueMaxBytes: 16 << 20 });
        try {
          if (secure !== 'destination') h.choose = () => context;
          const port = h.listen();
          const maxVersion = version as tls.SecureVersion;
          const left = secure === 'destination' ? await h.accepted(port) : await h.tlsAccepted(port, { maxVersion });
          const right = secure === 'source' ? await h.connected() : await tlsConnected(h, maxVersion);
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
