// Exchanges over TCP, one after the other on each of so many connections, or each on a connection of its own. A closed loop over our own
// transport as client, which costs less than a generator of HTTP and leaves more of its processor to the server.
// Argument: an ExchangesPlan as JSON. Warms up, prints `ready`, waits for a line, then prints an ExchangesResult.

import { setTimeout as sleep } from 'node:timers/promises';
import { Event, INDEX_MASK, RECORD_WORDS, StreamTransport } from '@sluice/native';
import { quantile } from '../report/statistics.ts';
import { REQUEST_BYTES, requestOf } from '../upstream/exchange-protocol.ts';
import type { ExchangesPlan, ExchangesResult } from './exchanges-plan.ts';
import { FillSender } from './fill-sender.ts';

const plan = JSON.parse(process.argv[2]!) as ExchangesPlan;
const SILENCE_MAX_MS = 10_000;
const LINGER_MS = 1_000;
const KIB = 1024;

/** One exchange after the other. */
interface Seat {
  /** 0: it has none. */
  connection: number;
  startedAtMs: number;
  missingBytes: number;
}

const seats: Seat[] = Array.from({ length: plan.connections }, () => ({
  connection: 0,
  startedAtMs: 0,
  missingBytes: 0,
}));
/** By the connection's place in the transport's table. */
const seatOf: (Seat | undefined)[] = [];
let latenciesUs: number[] = [];
let failed = 0;
let busy = 0;
/** Of the transport's clock. Before that, each exchange is followed by another one. */
let deadlineMs = 0;
let whenIdle: () => void = () => {};

const transport: StreamTransport = new StreamTransport({ receiveMaxBytes: 256 * KIB }, (count) => {
  const { events } = transport;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_WORDS;
    handle(events[at]!, events[at + 1]!, events[at + 3]!);
  }
});
const sender = new FillSender(transport);
const requestAt = transport.reserve(REQUEST_BYTES);
transport.memory.set(requestOf(plan), requestAt);

function handle(kind: number, connection: number, length: number): void {
  const seat = seatOf[connection & INDEX_MASK];
  if (seat?.connection !== connection) return;
  if (kind === Event.DATA) take(seat, length);
  else if (kind === Event.DRAINED) sender.onDrained(connection);
  else if (kind !== Event.CONNECTED) fail(seat, kind !== Event.CLOSED && kind !== Event.CONNECT_FAILED);
}

function take(seat: Seat, length: number): void {
  if (length > seat.missingBytes) {
    fail(seat, true);
    return;
  }
  seat.missingBytes -= length;
  if (seat.missingBytes > 0) return;
  latenciesUs.push((transport.now - seat.startedAtMs) * 1000);
  if (plan.reconnects) {
    transport.close(seat.connection, LINGER_MS);
    seat.connection = 0;
  }
  next(seat);
}

function fail(seat: Seat, isAlive: boolean): void {
  if (isAlive) transport.reset(seat.connection);
  sender.forget(seat.connection);
  seat.connection = 0;
  // One that waits for nothing has only lost its connection.
  if (seat.missingBytes === 0) return;
  seat.missingBytes = 0;
  failed++;
  next(seat);
}

function next(seat: Seat): void {
  if (transport.now < deadlineMs) begin(seat);
  else if (--busy === 0) whenIdle();
}

function begin(seat: Seat): void {
  seat.startedAtMs = transport.now;
  if (seat.connection === 0) open(seat);
  seat.missingBytes = plan.answerBytes;
  transport.send(seat.connection, requestAt, REQUEST_BYTES);
  if (plan.uploadBytes > 0) sender.send(seat.connection, plan.uploadBytes);
}

function open(seat: Seat): void {
  seat.connection = transport.connect('127.0.0.1', plan.port);
  seatOf[seat.connection & INDEX_MASK] = seat;
  transport.idleDeadline(seat.connection, SILENCE_MAX_MS);
}

/** As the transport's clock, which stands still outside of batches. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Resolves when the last exchange has ended. */
async function run(seconds: number): Promise<ExchangesResult> {
  latenciesUs = [];
  failed = 0;
  busy = seats.length;
  const startedAtMs = monotonicMs();
  deadlineMs = startedAtMs + seconds * 1000;
  await new Promise<void>((resolve) => {
    whenIdle = resolve;
    for (const seat of seats) begin(seat);
    transport.flush();
  });
  const durationUs = (monotonicMs() - startedAtMs) * 1000;
  // What the proxy does for their ends belongs to them.
  while (plan.reconnects && transport.connectionCount > 0) await sleep(1);
  const sorted = Float64Array.from(latenciesUs).sort();
  const [p50Us, p99Us, p999Us] = [0.5, 0.99, 0.999].map((part) => quantile(sorted, part));
  return { durationUs, exchanges: sorted.length, failed, p50Us: p50Us!, p99Us: p99Us!, p999Us: p999Us! };
}

await run(plan.warmUpSeconds);
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
process.stdout.write(`${JSON.stringify(await run(plan.seconds))}\n`, () => process.exit(0));
