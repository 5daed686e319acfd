// Random schedules over TLS: as stream-transport-schedule.test.ts, with TLS on the source, the destination or both.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type tls from 'node:tls';
import fc from 'fast-check';
import { credentials, NAME, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { delay, readAll, seededBytes } from '../test/transport-harness.ts';
import { createTlsClientContext, Event, RELAY_UNTIL_END } from './index.ts';

type Step =
  | { readonly kind: 'relay'; readonly bytes: number }
  | { readonly kind: 'relayAll' | 'stop' | 'pause' | 'resume' | 'settle' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('relay' as const), bytes: fc.nat(200_000) }),
  fc.record({ kind: fc.constantFrom('relayAll', 'stop', 'pause', 'resume', 'settle') }),
);

const scenario = fc.record({
  length: fc.integer({ min: 0, max: 900_000 }),
  seed: fc.integer({ min: 1, max: 1e6 }),
  chunk: fc.integer({ min: 1, max: 100_000 }),
  receiveMaxBytes: fc.constantFrom(1024, 5000, 65_536),
  eventsMax: fc.constantFrom(1, 2, 64),
  version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
  secure: fc.constantFrom('source', 'destination', 'both'),
  steps: fc.array(step, { maxLength: 12 }),
  readPauses: fc.array(fc.nat(200_000), { maxLength: 6 }),
});

const context = serverContext();
const client = createTlsClientContext({ authorities: [credentials().authority.chain] });

/** Copies DATA and ends through JavaScript; relays report their own ends. */
function copyThrough(h: TlsHarness, from: number, to: number): void {
  h.onEvent = (event, t) => {
    if (event.connection !== from) return;
    if (event.kind === Event.DATA) t.send(to, event.a, event.b);
    if (event.kind === Event.END) t.shutdown(to);
    if (event.kind === Event.RELAYED && event.c === 1) t.shutdown(to);
  };
}

async function play(h: TlsHarness, steps: readonly Step[], from: number, to: number): Promise<void> {
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
      fc.asyncProperty(scenario, async ({ length, seed, chunk, version, secure, steps, readPauses, ...options }) => {
        const h = new TlsHarness({ ...options, queueMaxBytes: 16 << 20 });
        try {
          if (secure !== 'destination') h.choose = () => context;
          const port = h.listen();
          const maxVersion = version as tls.SecureVersion;
          const left = secure === 'destination' ? await h.accepted(port) : await h.tlsAccepted(port, { maxVersion });
          const right = secure === 'source' ? await h.connected() : await tlsConnected(h, maxVersion);
          copyThrough(h, left.id, right.id);
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
