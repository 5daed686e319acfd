// Bulk relays, which move pages through a pipe: byte for byte the same as copies, and what a broken connection leaves in the pipe
// never reaches another one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type net from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../test/child.ts';
import { openDescriptorCount, openPipeEndCount } from '../test/kernel-view.ts';
import { delay, readAll, readBytes, type SeenEvent, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, RELAY_COPY, RELAY_SHUTDOWN, RELAY_SPLICE, RELAY_UNTIL_END, RelayEnd } from './index.ts';

const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const moved = (event: SeenEvent) => (event.b >>> 0) * 2 ** 32 + (event.a >>> 0);

let h: TransportHarness;
let port: number;

beforeEach(() => {
  h = new TransportHarness({ queueMaxBytes: 1 << 20 });
  port = h.listen();
});
afterEach(() => h.close());

/** Reads slowly at first, so that the destination fills up and takes parts of what it is offered. */
async function readSlowly(socket: net.Socket, length: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for (let i = 0; total < length; i++) {
    // At least one byte: what is there comes as a whole.
    const piece = await readBytes(socket, 1);
    pieces.push(piece);
    total += piece.length;
    if (i < 20) await delay(3);
  }
  return Buffer.concat(pieces);
}

describe('bulk relays', () => {
  it('move exactly their count to a slow reader, then hand later bytes to JavaScript', async () => {
    const left = await h.accepted(port);
    const right = await h.connected();
    const bytes = seededBytes(24_000_001, 31);
    h.run((t) => t.relay(left.id, right.id, bytes.length, 0));
    left.socket.write(bytes);
    left.socket.write('after');
    assert.equal(digest(await readSlowly(right.socket, bytes.length)), digest(bytes));
    const event = await h.next(Event.RELAYED, left.id);
    assert.deepEqual([moved(event), event.c], [bytes.length, RelayEnd.COUNT]);
    await h.until('the rest', () => h.received(left.id).toString() === 'after');
  });

  it('work on Unix sockets, alone and together with TCP', async () => {
    const path = h.listenUnix(2);
    const bytes = seededBytes(6_000_000, 32);
    for (const target of [path, port]) {
      for (const ends of [
        [target, path],
        [path, target],
      ]) {
        const source = await h.accepted(ends[0]!);
        const destination = await h.accepted(ends[1]!);
        h.run((t) => t.relay(source.id, destination.id, RELAY_UNTIL_END, RELAY_SHUTDOWN));
        const all = readAll(destination.socket);
        source.socket.end(bytes);
        assert.equal(digest(await all), digest(bytes));
        assert.equal(moved(await h.next(Event.RELAYED, source.id)), bytes.length);
      }
    }
  });

  it('leave nothing for the next relay when their destination breaks', async () => {
    for (let round = 0; round < 5; round++) {
      const broken = { left: await h.accepted(port), right: await h.connected() };
      const whole = { left: await h.accepted(port), right: await h.connected() };
      h.run((t) => {
        t.relay(broken.left.id, broken.right.id, RELAY_UNTIL_END, 0);
        t.relay(whole.left.id, whole.right.id, 9_000_000, 0);
      });
      const noise = Buffer.alloc(30_000_000, 'x');
      broken.left.socket.write(noise);
      const bytes = seededBytes(9_000_000, 33 + round);
      whole.left.socket.write(bytes);
      await readBytes(broken.right.socket, 500_000 + round * 333_333);
      const all = readBytes(whole.right.socket, bytes.length);
      broken.right.socket.resetAndDestroy();
      assert.equal((await h.next(Event.RELAYED, broken.left.id)).c, RelayEnd.DESTINATION_BROKEN);
      assert.equal(digest(await all), digest(bytes));
      h.run((t) => t.reset(broken.left.id));
    }
  });

  it('can be stopped, and lose nothing of what they had taken', async () => {
    const left = await h.accepted(port);
    const right = await h.connected();
    const bytes = seededBytes(8_000_000, 40);
    h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, 0));
    left.socket.write(bytes);
    const first = await readBytes(right.socket, 1_000_000);
    h.run((t) => t.stopRelay(left.id));
    const event = await h.next(Event.RELAYED, left.id);
    assert.equal(event.c, RelayEnd.STOPPED);
    const taken = moved(event);
    const rest = await readBytes(right.socket, taken - first.length);
    assert.ok(Buffer.concat([first, rest]).equals(bytes.subarray(0, taken)));
    await h.until('the rest', () => h.received(left.id).length === bytes.length - taken);
    assert.ok(h.received(left.id).equals(bytes.subarray(taken)));
  });
});

describe('the pipes of a transport', () => {
  it('are made with the first bulk that needs them, and go with the transport', async () => {
    const pairs = await Promise.all(
      Array.from({ length: 8 }, async () => ({ left: await h.accepted(port), right: await h.connected() })),
    );
    const [before, pipeEnds] = [openDescriptorCount(), openPipeEndCount()];
    for (const { left, right } of pairs) h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, 0));
    for (const { left, right } of pairs) {
      left.socket.write('small');
      await readBytes(right.socket, 5);
    }
    assert.equal(openDescriptorCount(), before);
    await Promise.all(
      pairs.map(async ({ left, right }, i) => {
        const bytes = seededBytes(4_000_000, 60 + i);
        left.socket.write(bytes);
        assert.equal(digest(await readBytes(right.socket, bytes.length)), digest(bytes));
      }),
    );
    assert.ok(h.transport.splicedBytes > 0);
    const made = openPipeEndCount() - pipeEnds;
    assert.ok(made >= 2 && made <= 2 * pairs.length, `${made} ends`);
    assert.equal(openDescriptorCount(), before + made);
    h.transport.destroy();
    assert.equal(openPipeEndCount(), pipeEnds);
  });

  it('are done without while there is no descriptor for them', async () => {
    const path = fileURLToPath(new URL('../test/programs/relay-without-pipe.ts', import.meta.url));
    const { stdout, stderr } = await runProgram(path, { before: 'ulimit -n 80' });
    assert.equal(stderr, '');
    const { rounds, relayed } = JSON.parse(stdout);
    assert.deepEqual(rounds, [
      { whole: true, spliced: 0 },
      { whole: true, spliced: 3_000_000 },
    ]);
    assert.equal(relayed, 0);
  });
});

describe('the manner of a relay', () => {
  it('follows what passes: copied, spliced in bulk, copied again', { timeout: 90_000 }, async () => {
    const left = await h.accepted(port);
    const right = await h.connected();
    h.run((t) => {
      t.relay(left.id, right.id, RELAY_UNTIL_END, 0);
      t.relay(right.id, left.id, RELAY_UNTIL_END, 0);
    });
    const spliced = async (act: () => Promise<void>): Promise<number> => {
      const before = h.transport.splicedBytes;
      await act();
      return h.transport.splicedBytes - before;
    };
    const exchanges = async (): Promise<void> => {
      for (let i = 0; i < 20; i++) {
        left.socket.write(seededBytes(300, i + 1));
        assert.ok((await readBytes(right.socket, 300)).equals(seededBytes(300, i + 1)));
        right.socket.write(seededBytes(9000, i + 1));
        assert.ok((await readBytes(left.socket, 9000)).equals(seededBytes(9000, i + 1)));
      }
    };
    const bulk = (from: net.Socket, to: net.Socket, seed: number) => async (): Promise<void> => {
      const bytes = seededBytes(12_000_000, seed);
      from.write(bytes);
      assert.equal(digest(await readBytes(to, bytes.length)), digest(bytes));
    };
    /** What ends a bulk transfer is seen only by the first small piece after it, so that one of each direction may pass as the bulk did. */
    const copiedAgain = async (): Promise<void> => {
      assert.ok((await spliced(exchanges)) <= 300 + 9000);
      assert.equal(await spliced(exchanges), 0);
    };
    assert.equal(await spliced(exchanges), 0);
    for (const seed of [1, 2]) {
      assert.ok((await spliced(bulk(left.socket, right.socket, seed))) > 6_000_000);
      await copiedAgain();
      assert.ok((await spliced(bulk(right.socket, left.socket, seed))) > 6_000_000);
      await copiedAgain();
    }
  });

  for (const [name, flags] of [
    ['as the transport thinks', 0],
    ['copied', RELAY_COPY],
    ['spliced', RELAY_SPLICE],
    ['copied when both are wished for', RELAY_COPY | RELAY_SPLICE],
  ] as const) {
    it(`makes no difference to bytes, counts and ends: ${name}`, async () => {
      const left = await h.accepted(port);
      const right = await h.connected();
      h.run((t) => {
        t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SHUTDOWN | flags);
        t.relay(right.id, left.id, RELAY_UNTIL_END, RELAY_SHUTDOWN | flags);
      });
      const bytes = seededBytes(7_000_003, 50 + flags);
      const there = readAll(right.socket);
      const back = readAll(left.socket);
      for (const [at, end] of [
        [0, 1],
        [1, 70_000],
        [70_000, 6_000_000],
        [6_000_000, bytes.length],
      ]) {
        left.socket.write(bytes.subarray(at, end));
        await delay(2);
      }
      left.socket.end();
      assert.equal(digest(await there), digest(bytes));
      right.socket.end(bytes.subarray(0, 500_000));
      assert.equal(digest(await back), digest(bytes.subarray(0, 500_000)));
      for (const [id, count] of [
        [left.id, bytes.length],
        [right.id, 500_000],
      ] as const) {
        const event = await h.next(Event.RELAYED, id);
        assert.deepEqual([moved(event), event.c], [count, RelayEnd.SOURCE_END]);
      }
    });
  }
});
