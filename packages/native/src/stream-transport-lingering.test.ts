// CLOSE: everything queued arrives, the peer gets a clean end, and neither a silent nor a talkative peer can keep the seat.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { knowsConnection } from '../test/kernel-view.ts';
import { delay, readAll, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event } from './index.ts';

describe('CLOSE', () => {
  let h: TransportHarness;
  beforeEach(() => {
    h = new TransportHarness({ queueMaxBytes: 16 << 20 });
  });
  afterEach(() => h.close());

  const gone = (): Promise<true> => h.until('the seat', () => h.transport.connectionCount === 0);

  it('delivers a long queue to a slow reader, then ends cleanly', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.pause();
    const bytes = seededBytes(10 << 20, 11);
    h.send(id, bytes);
    h.run((t) => t.close(id, 300));
    await delay(400);
    assert.equal(h.transport.connectionCount, 1, 'a queue has at least five seconds');
    socket.on('end', () => socket.end());
    assert.ok(bytes.equals(await readAll(socket)));
    await gone();
    assert.deepEqual(h.names(id), ['ACCEPTED']);
  });

  it('does not let input it never read destroy what it sent', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.pause(id));
    socket.write(seededBytes(600_000, 1));
    await delay(30);
    h.send(id, 'no, thank you');
    h.run((t) => t.close(id, 20_000));
    socket.write(seededBytes(600_000, 2));
    const answer = readAll(socket);
    socket.end();
    assert.equal((await answer).toString(), 'no, thank you');
    await gone();
  });

  it('gives up on a peer that never ends, after the linger time', async () => {
    const { socket, id } = await h.accepted(h.listen());
    const started = performance.now();
    h.run((t) => t.close(id, 120));
    assert.equal((await readAll(socket)).length, 0);
    await gone();
    assert.ok(performance.now() - started >= 119);
  });

  it('cuts off a peer that keeps talking beyond the discard limit', async () => {
    const { socket, id } = await h.accepted(h.listen());
    h.run((t) => t.close(id, 60_000));
    const block = seededBytes(1 << 20, 3);
    const broken = new Promise((resolve) => socket.on('close', resolve));
    const push = (): void => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on('drain', push);
    push();
    await broken;
    await gone();
  });

  it('closes at once when both sides are done, without linger time, or when broken', async () => {
    const port = h.listen();
    const ended = await h.accepted(port);
    ended.socket.end();
    await h.next(Event.END, ended.id);
    h.run((t) => t.close(ended.id, 60_000));
    await gone();
    const hurried = await h.accepted(port);
    h.send(hurried.id, 'bye');
    h.run((t) => t.close(hurried.id, 0));
    assert.equal((await readAll(hurried.socket)).toString(), 'bye');
    await gone();
    const reset = await h.accepted(port);
    h.run((t) => t.close(reset.id, 60_000));
    reset.socket.resetAndDestroy();
    await gone();
    assert.equal(h.count(Event.CLOSED), 0);
  });

  it('kills the id at once', async () => {
    const { id } = await h.accepted(h.listen());
    h.run((t) => {
      t.close(id, 50);
      t.reset(id);
      t.close(id, 0);
    });
    assert.equal(h.transport.staleCommands, 2);
    assert.equal(h.transport.localAddress(id), undefined);
    await gone();
  });
});

describe('CLOSE with a queue', () => {
  let h: TransportHarness;
  beforeEach(() => {
    h = new TransportHarness({ queueMaxBytes: 64 << 20 });
  });
  afterEach(() => h.close());

  /** Takes `bytes` every 500 ms: far less than what makes the socket writable again. */
  async function sip(socket: Socket, bytes: number, times: number): Promise<number> {
    let taken = 0;
    for (let i = 0; i < times; i++) {
      taken += (socket.read(bytes) as Buffer | null)?.length ?? 0;
      await delay(500);
    }
    return taken;
  }

  it('tells a reader so slow that its socket stands still from one that takes nothing', async () => {
    const port = h.listen();
    const [slow, stuck] = [await h.accepted(port), await h.accepted(port)];
    const bytes = seededBytes(24 << 20, 11);
    for (const { socket, id } of [slow, stuck]) {
      socket.pause();
      h.send(id, bytes);
    }
    await delay(200);
    const stuckPort = stuck.socket.localPort!;
    assert.ok(knowsConnection(stuckPort, port));
    h.run((t) => {
      t.close(slow.id, 300);
      t.close(stuck.id, 300);
    });
    let taken = await sip(slow.socket, 64 << 10, 13);
    assert.ok(taken > 0);
    for (let turn = 0; turn < 20 && knowsConnection(stuckPort, port); turn++)
      taken += await sip(slow.socket, 64 << 10, 1);
    assert.equal(h.transport.connectionCount, 1, 'one is still sending, after more than its patience');
    const cutOff = !knowsConnection(stuckPort, port);
    assert.ok(cutOff, 'reset: what is cut short does not look complete');
    slow.socket.on('end', () => slow.socket.end());
    assert.equal((await readAll(slow.socket)).length, bytes.length - taken);
    await h.until('the seat', () => h.transport.connectionCount === 0);
  });
});
