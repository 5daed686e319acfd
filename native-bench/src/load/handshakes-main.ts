// A new TLS connection for each request, over and over: connect, handshake, one request, its answer, until the proxy closes.
// Over our own transport as client, because wrk resumes sessions whether it should or not, and its client is heavier.
// Argument: a HandshakesPlan as JSON. Prints `ready`, waits for a line, then prints a HandshakesResult. A program of its own.

import { createTlsClientContext, Event, RECORD_WORDS, StreamTransport, TlsVersion, tlsResumed } from '@sluice/native';
import { quantile } from '../report/statistics.ts';
import { AnswerReader } from './answer-reader.ts';
import type { HandshakesPlan, HandshakesResult } from './handshakes-plan.ts';
import { BARE_HOST, get, requestText } from './load-request.ts';
import { GROUP, SUITE } from './tls-choices.ts';

const plan = JSON.parse(process.argv[2]!) as HandshakesPlan;
const TIMEOUT_MS = 10_000;
/** Servers give one or two at a time; a few more keep every connection supplied. */
const SESSIONS_OF_ONE = 4;
const REQUEST = Buffer.from(requestText(get('/', { headers: { Connection: 'close' } })), 'latin1');

const context = createTlsClientContext({
  insecure: true,
  minVersion: TlsVersion.TLS1_3,
  suites: SUITE,
  groups: GROUP,
  sessionsMax: plan.resume ? plan.connections * SESSIONS_OF_ONE : 0,
});

/** One connection after the other. */
class Seat {
  readonly sessionKey: string;
  readonly reader = new AnswerReader();
  startedAt = 0;
  resumed = false;
  answered = false;

  constructor(index: number) {
    this.sessionKey = plan.resume ? String(index) : '';
  }
}

const seats = new Map<number, Seat>();
let latenciesUs: number[] = [];
let counts = { handshakes: 0, resumed: 0, failed: 0 };
/** Before that, each connection is followed by another one. */
let deadline = 0;
let whenIdle: () => void = () => {};

const transport: StreamTransport = new StreamTransport({}, (count) => {
  const { events } = transport;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_WORDS;
    handle(events[at]!, events[at + 1]!, events[at + 2]!, events[at + 3]!);
  }
});

function handle(kind: number, connection: number, a: number, b: number): void {
  const seat = seats.get(connection);
  if (seat === undefined) return;
  if (kind === Event.TLS_READY) seat.resumed = tlsResumed(a);
  else if (kind === Event.DATA) take(seat, transport.memory.subarray(a, a + b));
  else if (kind === Event.END || kind === Event.DEADLINE) {
    if (kind === Event.END) transport.close(connection, 0);
    else transport.reset(connection);
    ended(connection, seat);
  } else if (kind === Event.CLOSED || kind === Event.CONNECT_FAILED) ended(connection, seat);
}

function take(seat: Seat, bytes: Buffer): void {
  if (seat.answered || !seat.reader.take(bytes)) return;
  seat.answered = seat.reader.status === 200;
  latenciesUs.push((performance.now() - seat.startedAt) * 1000);
}

function ended(connection: number, seat: Seat): void {
  seats.delete(connection);
  if (seat.answered) counts.handshakes++;
  else counts.failed++;
  if (seat.answered && seat.resumed) counts.resumed++;
  if (performance.now() < deadline) open(seat);
  else if (seats.size === 0) whenIdle();
}

function open(seat: Seat): void {
  seat.reader.reset();
  seat.answered = false;
  seat.resumed = false;
  seat.startedAt = performance.now();
  const connection = transport.connect('127.0.0.1', plan.port);
  seats.set(connection, seat);
  transport.startTlsClient(connection, context, BARE_HOST, seat.sessionKey);
  transport.deadline(connection, TIMEOUT_MS);
  const offset = transport.reserve(REQUEST.length);
  transport.memory.set(REQUEST, offset);
  transport.send(connection, offset, REQUEST.length);
}

/** Resolves when every connection has ended. */
async function run(all: readonly Seat[], seconds: number): Promise<HandshakesResult> {
  latenciesUs = [];
  counts = { handshakes: 0, resumed: 0, failed: 0 };
  const startedAt = performance.now();
  deadline = startedAt + seconds * 1000;
  await new Promise<void>((resolve) => {
    whenIdle = resolve;
    for (const seat of all) open(seat);
    transport.flush();
  });
  const durationUs = (performance.now() - startedAt) * 1000;
  latenciesUs.sort((a, b) => a - b);
  const [p50Us, p99Us, p999Us] = [0.5, 0.99, 0.999].map((part) => quantile(latenciesUs, part));
  return { durationUs, ...counts, p50Us: p50Us!, p99Us: p99Us!, p999Us: p999Us! };
}

const all = Array.from({ length: plan.connections }, (_, index) => new Seat(index));
// The first connections bring the sessions that the measured ones resume.
if (plan.resume) await run(all, 0);
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
process.stdout.write(`${JSON.stringify(await run(all, plan.seconds))}\n`, () => process.exit(0));
