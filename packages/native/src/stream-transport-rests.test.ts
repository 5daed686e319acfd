// What a bulk relay could not pass on at once waits in a pipe: it counts as queued, goes out before anything that is sent later, whatever
// becomes of the relay, its source or its destination, and the pipe is free or closed afterwards.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../test/child.ts';
import { openPipeEndCount } from '../test/kernel-view.ts';
import { serverContext, TlsHarness } from '../test/tls-harness.ts';
import { delay, readAll, readBytes, type SeenEvent, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import {
  closeDescriptor,
  createConnectionMailbox,
  Event,
  INDEX_MASK,
  RELAY_SHUTDOWN,
  RELAY_SPLICE,
  RELAY_UNTIL_END,
  RelayEnd,
} from './index.ts';

/** Far more than the sockets of a connection take. */
const BYTES = 24_000_000;
const MIB = 1 << 20;
const STEP_MAX_BYTES = MIB;

let h: TransportHarness;
let port: number;
let pipeEnds: number;

beforeEach(() => {
  pipeEnds = openPipeEndCount();
  h = new TransportHarness();
  port = h.listen();
});
afterEach(() => {
  h.close();
  assert.equal(openPipeEndCount(), pipeEnds, 'no pipe is left');
});

const moved = (event: SeenEvent): number => (event.b >>> 0) * 2 ** 32 + (event.a >>> 0);
const queued = (id: number): number => h.transport.queuedBytes[id & INDEX_MASK]!;
const pipes = (): number => (openPipeEndCount() - pipeEnds) / 2;

type Ends = Awaited<ReturnType<TransportHarness['accepted']>>;
interface Stalled {
  readonly left: Ends;
  readonly right: Ends;
  readonly bytes: Buffer;
}

/** A relay whose destination has stopped taking bytes, with a rest in its pipe. */
async function stalled(seed: number, flags = 0): Promise<Stalled> {
  const left = await h.accepted(port);
  const right = await h.connected();
  const bytes = seededBytes(BYTES, seed);
  h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SPLICE | flags));
  left.socket.write(bytes);
  await h.until('a rest', () => queued(right.id) > 0);
  assert.ok(pipes() > 0, 'it is in a pipe');
  // What the peer's kernel still takes.
  for (let last = -1; last !== h.transport.receivedBytes(left.id); await delay(60)) {
    last = h.transport.receivedBytes(left.id);
  }
  assert.ok(queued(right.id) > 0 && queued(right.id) <= STEP_MAX_BYTES, `${queued(right.id)} bytes`);
  return { left, right, bytes };
}

describe('the rest of a relay', () => {
  it('is counted as what it is, and goes out when the reader reads', async () => {
    const { left, right, bytes } = await stalled(1);
    assert.equal(h.transport.queuedMemoryBytes, queued(right.id));
    assert.equal(h.transport.sentBytes(right.id), h.transport.receivedBytes(left.id));
    assert.ok((await readBytes(right.socket, bytes.length)).equals(bytes));
    assert.equal(h.transport.queuedMemoryBytes, 0);
    assert.equal(h.transport.splicedBytes, bytes.length);
    // Nobody was told of a queue that JavaScript has nothing to do with.
    assert.equal(h.count(Event.DRAINED), 0);
    assert.equal(pipes(), 1);
  });

  it('goes out after STOP_RELAY, before what JavaScript sends then, and is told to be gone', async () => {
    const { left, right, bytes } = await stalled(2);
    h.run((t) => t.stopRelay(left.id));
    const event = await h.next(Event.RELAYED, left.id);
    assert.equal(event.c, RelayEnd.STOPPED);
    h.run((t) => t.pause(left.id));
    assert.ok(queued(right.id) > 0);
    const tail = seededBytes(700_000, 3);
    h.send(right.id, tail);
    const expected = Buffer.concat([bytes.subarray(0, moved(event)), tail]);
    assert.ok((await readBytes(right.socket, expected.length)).equals(expected));
    await h.next(Event.DRAINED, right.id);
    assert.equal(queued(right.id), 0);
  });

  it('comes before what JavaScript sends while the relay goes on', async () => {
    const { left, right, bytes } = await stalled(4);
    const at = h.transport.receivedBytes(left.id);
    const middle = seededBytes(100_000, 5);
    h.send(right.id, middle);
    const expected = Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(at)]);
    assert.ok((await readBytes(right.socket, expected.length)).equals(expected));
  });

  it('comes before what is sent after a relay of a count, and before the end of the stream', async () => {
    // So much that the end of the count is in the rest.
    const probe = await stalled(6);
    const count = h.transport.receivedBytes(probe.left.id) - 1000;
    h.run((t) => {
      t.reset(probe.left.id);
      t.reset(probe.right.id);
    });
    const left = await h.accepted(port);
    const right = await h.connected();
    const bytes = seededBytes(count, 7);
    h.run((t) => t.relay(left.id, right.id, count, RELAY_SPLICE));
    left.socket.write(bytes);
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [count, RelayEnd.COUNT]);
    h.send(right.id, 'and then');
    h.run((t) => t.shutdown(right.id));
    const all = await readAll(right.socket);
    assert.ok(all.equals(Buffer.concat([bytes, Buffer.from('and then')])));
  });

  it('comes before the end that the source has sent', async () => {
    const { left, right, bytes } = await stalled(8, RELAY_SHUTDOWN);
    left.socket.end();
    const all = readAll(right.socket);
    assert.ok((await all).equals(bytes));
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [bytes.length, RelayEnd.SOURCE_END]);
  });

  it('arrives also when its source is reset or closed meanwhile', async () => {
    for (const how of ['by its peer', 'RESET', 'CLOSE'] as const) {
      const { left, right, bytes } = await stalled(9);
      const taken = h.transport.sentBytes(right.id);
      if (how === 'by its peer') {
        left.socket.resetAndDestroy();
      } else {
        h.run((t) => (how === 'RESET' ? t.reset(left.id) : t.close(left.id, 0)));
      }
      h.run((t) => t.shutdown(right.id));
      const all = await readAll(right.socket);
      assert.ok(all.length >= taken && all.equals(bytes.subarray(0, all.length)), how);
      right.socket.destroy();
    }
  });

  it('arrives before the end when JavaScript closes its destination', async () => {
    const { left, right, bytes } = await stalled(10);
    const taken = h.transport.sentBytes(right.id);
    h.run((t) => t.close(right.id, 5000));
    assert.equal((await h.next(Event.RELAYED, left.id)).c, RelayEnd.DESTINATION_BROKEN);
    right.socket.on('end', () => right.socket.end());
    assert.ok((await readAll(right.socket)).equals(bytes.subarray(0, taken)));
    h.run((t) => t.reset(left.id));
    await h.until('the seats', () => h.transport.connectionCount === 0);
  });

  it('is lost with its destination, and nobody else gets any of it', async () => {
    for (const how of ['by its peer', 'RESET', 'ENOBUFS'] as const) {
      const { left, right } = await stalled(11);
      const before = pipes();
      if (how === 'by its peer') right.socket.resetAndDestroy();
      else if (how === 'RESET') h.run((t) => t.reset(right.id));
      else h.send(right.id, seededBytes(12 * MIB, 12));
      assert.equal((await h.next(Event.RELAYED, left.id)).c, RelayEnd.DESTINATION_BROKEN, how);
      assert.equal(pipes(), before - 1, how);
      assert.equal(h.transport.queuedMemoryBytes, 0, how);
      h.run((t) => t.reset(left.id));
      const next = { left: await h.accepted(port), right: await h.connected() };
      h.run((t) => t.relay(next.left.id, next.right.id, RELAY_UNTIL_END, RELAY_SPLICE));
      const bytes = seededBytes(3_000_000, 13);
      next.left.socket.write(bytes);
      assert.ok((await readBytes(next.right.socket, bytes.length)).equals(bytes), how);
    }
  });

  it('keeps its connection from being handed over', async () => {
    const { send, receive } = createConnectionMailbox();
    try {
      const left = await h.connected();
      const right = await h.accepted(port);
      const bytes = seededBytes(BYTES, 14);
      h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SPLICE));
      left.socket.write(bytes);
      await h.until('a rest', () => queued(right.id) > 0);
      h.run((t) => t.stopRelay(left.id));
      const count = moved(await h.next(Event.RELAYED, left.id));
      assert.notEqual(h.transport.handOver(right.id, send, 0, 1), 0);
      assert.ok((await readBytes(right.socket, count)).equals(bytes.subarray(0, count)));
    } finally {
      closeDescriptor(send);
      closeDescriptor(receive);
    }
  });

  it('echoes through one connection', async () => {
    const left = await h.accepted(port);
    h.run((t) => t.relay(left.id, left.id, RELAY_UNTIL_END, RELAY_SPLICE | RELAY_SHUTDOWN));
    const bytes = seededBytes(BYTES, 15);
    left.socket.end(bytes);
    await h.until('a rest', () => queued(left.id) > 0);
    assert.ok((await readAll(left.socket)).equals(bytes));
    assert.equal((await h.next(Event.CLOSED, left.id)).a, 0);
  });

  it('goes with its transport', async () => {
    await stalled(16);
    await stalled(17);
    h.transport.destroy();
    assert.equal(pipes(), 0);
  });
});

describe('the rest of a relay, and TLS', () => {
  it('goes out as it is, before the handshake', async () => {
    const t = new TlsHarness();
    try {
      const left = await t.accepted(t.listen());
      const right = await t.connected();
      const bytes = seededBytes(BYTES, 18);
      t.run((transport) => transport.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SPLICE));
      left.socket.write(bytes);
      await t.until('a rest', () => t.transport.queuedBytes[right.id & INDEX_MASK]! > 0);
      t.run((transport) => transport.stopRelay(left.id));
      const count = moved(await t.next(Event.RELAYED, left.id));
      assert.equal(t.transport.startTls(right.id, serverContext(), 0, 0), 0);
      assert.ok((await readBytes(right.socket, count)).equals(bytes.subarray(0, count)));
      // No TLS: the handshake begins, and fails.
      right.socket.write('GET / HTTP/1.1\r\n\r\n');
      assert.notEqual((await t.next(Event.CLOSED, right.id)).a, 0);
    } finally {
      t.close();
    }
  });
});

describe('many slow readers', () => {
  const path = fileURLToPath(new URL('../test/programs/relay-many-rests.ts', import.meta.url));
  const RELAYS = 16;

  for (const { descriptors, pipesMax } of [
    { descriptors: 4096, pipesMax: RELAYS },
    // One for each 32 descriptors, and the one that is only passed through.
    { descriptors: 256, pipesMax: 256 / 32 + 1 },
  ]) {
    it(`have ${pipesMax} pipes where there are ${descriptors} descriptors, and lose nothing`, async () => {
      const { stdout, stderr } = await runProgram(path, { before: `ulimit -n ${descriptors}` });
      assert.equal(stderr, '');
      const { pipes: used, held, memory, whole, kept, left, after } = JSON.parse(stdout);
      assert.equal(used, pipesMax);
      assert.equal(whole, RELAYS);
      assert.equal(held.length, RELAYS);
      const sum = held.reduce((total: number, each: number) => total + each, 0);
      assert.ok(memory >= sum, 'all of it is counted');
      assert.ok(kept <= 16);
      assert.deepEqual([left, after], [0, 0]);
    });
  }
});

describe('pipes', () => {
  it('are made for those that need them at the same time, and few are kept', async () => {
    const all = await Promise.all(Array.from({ length: 3 }, (_, i) => stalled(20 + i)));
    assert.equal(pipes(), 3);
    for (const { right, bytes } of all) assert.ok((await readBytes(right.socket, bytes.length)).equals(bytes));
    assert.equal(pipes(), 3);
    await stalled(23);
    assert.equal(pipes(), 3);
    h.transport.destroy();
    assert.equal(pipes(), 0);
  });
});
