// Random schedules of clients, servers and decisions. Whatever happens: a flow carries one client's datagrams, unchanged and in order,
// an answer reaches the client it is for, every flow that was not refused ends once, and every datagram is counted.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { DatagramHarness, type Peer } from '../test/datagram-harness.ts';
import { SCHEDULE_RUNS } from '../test/schedule.ts';
import { delay, seededBytes } from '../test/transport-harness.ts';
import { FlowEvent, FlowTotal } from './index.ts';

const CLIENTS = 5;
/** Client and number of a datagram, in front of its bytes. */
const HEAD_BYTES = 6;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      client: fc.nat(CLIENTS - 1),
      count: fc.integer({ min: 1, max: 20 }),
      size: fc.constantFrom(0, 1, 50, 1200, 1201, 8000, 65_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('close' as const), flow: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

const schedule = fc.record({
  offload: fc.boolean(),
  wildcard: fc.boolean(),
  eventsMax: fc.constantFrom(1, 3, 64),
  flowsMax: fc.constantFrom(2, 4, 100),
  refuseEvery: fc.constantFrom(2, 5, 1000),
  decideLate: fc.boolean(),
  answers: fc.integer({ min: 1, max: 3 }),
  steps: fc.array(step, { maxLength: 25 }),
});

function compose(client: number, number: number, size: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt16BE(client, 0);
  head.writeUInt32BE(number, 2);
  return Buffer.concat([head, seededBytes(size, client * 65_536 + number + 1)]);
}

/** Client and number. */
function check(bytes: Buffer): readonly [number, number] {
  const client = bytes.readUInt16BE(0);
  const number = bytes.readUInt32BE(2);
  assert.ok(bytes.equals(compose(client, number, bytes.length - HEAD_BYTES)), 'a datagram is what was sent');
  return [client, number];
}

/** A flow is a port at the server. One that was left may serve another client's flow later, but never the first one's again. */
function checkServer(server: Peer): void {
  const flows = new Map<number, { clients: number[]; last: number }>();
  for (const [i, bytes] of server.received.entries()) {
    const [client, number] = check(bytes);
    const flow = flows.get(server.senders[i]!.port) ?? { clients: [], last: -1 };
    flows.set(server.senders[i]!.port, flow);
    if (flow.clients.at(-1) !== client) {
      assert.ok(!flow.clients.includes(client), 'a flow has one client');
      flow.clients.push(client);
      flow.last = -1;
    }
    // The last one of all may have been sent several times.
    assert.ok(number >= flow.last, `order within a flow: ${number} after ${flow.last}`);
    flow.last = number;
  }
}

function checkClient(client: Peer, index: number, port: number): void {
  let last = -1;
  for (const [i, bytes] of client.received.entries()) {
    const [owner, number] = check(bytes);
    assert.equal(owner, index, 'an answer is for this client');
    assert.equal(client.senders[i]!.port, port);
    assert.ok(number >= last, `order of answers: ${number} after ${last}`);
    last = number;
  }
}

async function play(h: DatagramHarness, s: typeof schedule extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const port = h.listen({ flowsMax: s.flowsMax }, 1, s.wildcard ? '' : '127.0.0.1');
  const server = await h.peer((bytes, from, socket) => {
    for (let i = 0; i < s.answers; i++) socket.send(bytes, from.port, from.address);
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => h.peer()));
  const flows: number[] = [];
  const refused = new Set<number>();
  const decide = (flow: number) => {
    if (h.transport.flowCount === 0) return;
    if (flows.push(flow) % s.refuseEvery !== 0) h.transport.connectFlow(flow, '127.0.0.1', server.port);
    else if (h.transport.refuse(flow) === 0) refused.add(flow);
  };
  h.reaction = (event) => {
    if (event.kind !== FlowEvent.NEW) return;
    if (s.decideLate) setTimeout(decide, 2, event.flow);
    else decide(event.flow);
  };
  let number = 0;
  for (const step of s.steps) {
    if (step.kind === 'settle') await delay(3);
    if (step.kind === 'close' && flows.length > 0) h.transport.closeFlow(flows[step.flow % flows.length]!);
    if (step.kind !== 'send') continue;
    for (let i = 0; i < step.count; i++) {
      clients[step.client]!.socket.send(compose(step.client, number++, step.size), port, '127.0.0.1');
    }
  }
  await delay(20);
  // Still alive: every client gets an answer to a last one.
  for (const [index, client] of clients.entries()) {
    const last = number++;
    await h.until('a last answer', () => {
      client.socket.send(compose(index, last, 10), port, '127.0.0.1');
      return client.received.some((bytes) => bytes.readUInt32BE(2) === last);
    });
  }
  h.transport.unlisten(1, false, true);
  await h.next(FlowEvent.LISTENER_CLOSED);
  checkServer(server);
  for (const [index, client] of clients.entries()) checkClient(client, index, port);
  const news = h.seen.filter((event) => event.kind === FlowEvent.NEW).map((event) => event.flow);
  const ends = h.seen.filter((event) => event.kind === FlowEvent.CLOSED).map((event) => event.flow);
  assert.deepEqual(ends.sort(), news.filter((flow) => !refused.has(flow)).sort());
  assert.equal(h.transport.flowCount, 0);
  checkTotals(h);
}

/** Whatever came was passed on or is counted among what was dropped. */
function checkTotals({ transport: { totals } }: DatagramHarness): void {
  const sum = (...names: string[]) =>
    names.reduce((all, name) => all + totals[FlowTotal[name as keyof typeof FlowTotal]]!, 0);
  // What the kernel had no room for never came.
  const drops = Object.keys(FlowTotal).filter((name) => name.startsWith('DROPPED_') && name !== 'DROPPED_RECEIVING');
  assert.equal(sum('FROM_CLIENTS', 'FROM_SERVERS'), sum('TO_SERVERS', 'TO_CLIENTS', ...drops));
  assert.equal(totals[FlowTotal.QUEUED_BYTES], 0);
}

describe('random schedules of datagrams', () => {
  let h: DatagramHarness | undefined;
  afterEach(() => h?.close());

  it('keep every flow whole and apart', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(schedule, async (s) => {
        h = new DatagramHarness({ offload: s.offload, eventsMax: s.eventsMax, undecidedDatagramsMax: 16 });
        await play(h, s);
        await h.close();
        h = undefined;
      }),
      SCHEDULE_RUNS,
    );
  });
});
