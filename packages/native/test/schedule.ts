// A stream crosses the transport while relays, stops, pauses and JavaScript copies alternate as a schedule says; what arrives must
// be what was sent, in order. For plain connections and for TLS; how the two connections are made is the test's business.

import assert from 'node:assert/strict';
import type net from 'node:net';
import fc from 'fast-check';
import { Event, RELAY_COPY, RELAY_SPLICE, RELAY_UNTIL_END, type StreamTransport } from '../src/index.ts';
import { delay, readAll, type SeenEvent, seededBytes, type TransportHarness } from './transport-harness.ts';

type Step =
  | { readonly kind: 'relay'; readonly bytes: number; readonly flags: number }
  | { readonly kind: 'relayAll'; readonly flags: number }
  | { readonly kind: 'stop' | 'pause' | 'resume' | 'settle' };

/** As the transport thinks, copied, spliced. */
const manner = fc.constantFrom(0, RELAY_COPY, RELAY_SPLICE);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('relay' as const), bytes: fc.nat(200_000), flags: manner }),
  fc.record({ kind: fc.constant('relayAll' as const), flags: manner }),
  fc.record({ kind: fc.constantFrom('stop', 'pause', 'resume', 'settle') }),
);

export interface Schedule {
  readonly length: number;
  readonly seed: number;
  /** Bytes of one write. */
  readonly chunk: number;
  readonly steps: readonly Step[];
  /** Positions at which the reader stands still for a moment. */
  readonly readPauses: readonly number[];
}

/** One side of the crossing: our connection, and the socket of its peer. */
export interface Side {
  readonly id: number;
  readonly socket: net.Socket;
}

/** What a schedule and the transport under it are made of; tests add what is theirs. */
export function scheduleShape(lengthMax: number, stepsMax: number) {
  return {
    length: fc.integer({ min: 0, max: lengthMax }),
    seed: fc.integer({ min: 1, max: 1e6 }),
    chunk: fc.integer({ min: 1, max: 100_000 }),
    receiveMaxBytes: fc.constantFrom(1024, 5000, 65_536),
    eventsMax: fc.constantFrom(1, 2, 64),
    steps: fc.array(step, { maxLength: stepsMax }),
    readPauses: fc.array(fc.nat(200_000), { maxLength: 6 }),
  };
}

/** Same runs every time, others with SLUICE_TEST_SEED. */
export const SCHEDULE_RUNS = {
  numRuns: 40,
  seed: Number(process.env.SLUICE_TEST_SEED ?? 20_240_611),
  endOnFailure: true,
} as const;

/** Copies DATA and ends through JavaScript; relays report their own ends. To be called for every event. */
export function copyThrough(event: SeenEvent, transport: StreamTransport, from: number, to: number): void {
  if (event.connection !== from) return;
  if (event.kind === Event.DATA) transport.send(to, event.a, event.b);
  if (event.kind === Event.END) transport.shutdown(to);
  if (event.kind === Event.RELAYED && event.c === 1) transport.shutdown(to);
}

/** Sends, plays the schedule, compares, and ends both connections. `copyThrough` must be in place. */
export async function cross(h: TransportHarness, left: Side, right: Side, schedule: Schedule): Promise<void> {
  const { length, seed, chunk, steps, readPauses } = schedule;
  const bytes = seededBytes(length, seed);
  const arrived = readAll(right.socket);
  pauseAt(right.socket, readPauses);
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
}

function pauseAt(socket: net.Socket, positions: readonly number[]): void {
  const pauses = [...positions].sort((x, y) => x - y);
  let total = 0;
  socket.on('data', (part: Buffer) => {
    total += part.length;
    if (pauses.length === 0 || total < pauses[0]!) return;
    pauses.shift();
    socket.pause();
    setTimeout(() => socket.resume(), 3);
  });
}

async function play(h: TransportHarness, steps: readonly Step[], from: number, to: number): Promise<void> {
  for (const step of steps) {
    const { kind } = step;
    h.run((t) => {
      if (kind === 'relay') t.relay(from, to, step.bytes, step.flags);
      if (kind === 'relayAll') t.relay(from, to, RELAY_UNTIL_END, step.flags);
      if (kind === 'stop') t.stopRelay(from);
      if (kind === 'pause') t.pause(from);
      if (kind === 'resume') t.resume(from);
    });
    if (kind === 'settle') await delay(2);
    else await new Promise(setImmediate);
  }
  h.run((t) => t.resume(from));
}
