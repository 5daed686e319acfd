// How far a connection has got: bytes read, bytes the peer has taken, memory of queues, and the patience with slow readers.

import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { delay, readAll, readBytes, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, RELAY_UNTIL_END, RelayEnd } from './index.ts';

describe('progress', () => {
  let h: TransportHarness;
  beforeEach(() => {
    h = new TransportHarness({ queueMaxBytes: 64 << 20 });
  });
  afterEach(() => h.close());

  it('counts what is read, also by a relay', async () => {
    const source = await h.accepted(h.listen());
    const destination = await h.connected();
    source.socket.write('12345');
    await h.until('the bytes', () => h.received(source.id).length === 5);
    assert.equal(h.transport.receivedBytes(source.id), 5);
    h.run((t) => t.relay(source.id, destination.id, 1_000_000, 0));
    source.socket.write(seededBytes(1_000_000, 1));
    assert.equal((await readBytes(destination.socket, 1_000_000)).length, 1_000_000);
    assert.equal((await h.next(Event.RELAYED, source.id)).c, RelayEnd.COUNT);
    assert.equal(h.transport.receivedBytes(source.id), 1_000_005);
    await h.until('the acknowledgement', () => h.transport.takenBytes(destination.id) === 1_000_000);
  });

  it('tells what the peer has taken from what lies in our kernel', async () => {
    const { socket, id } = await h.accepted(h.listen());
    socket.pause();
    const bytes = seededBytes(32 << 20, 2);
    h.send(id, bytes);
    assert.equal(h.transport.sentBytes(id), bytes.length);
    // It takes what its kernel has room for, and then nothing more.
    let stalled = -1;
    while (h.transport.takenBytes(id) !== stalled) {
      stalled = h.transport.takenBytes(id);
      await delay(150);
    }
    assert.ok(stalled > 0 && stalled < bytes.length, `${stalled} bytes`);
    assert.ok(h.transport.queuedMemoryBytes > 0);
    const all = readAll(socket);
    h.run((t) => t.shutdown(id));
    assert.equal((await all).length, bytes.length);
    // The FIN counts as one byte until it is acknowledged too.
    await h.until('all of it', () => h.transport.takenBytes(id) >= bytes.length - 1);
    assert.equal(h.transport.queuedMemoryBytes, 0);
  });

  it('knows nothing of dead ids', async () => {
    const { id } = await h.accepted(h.listen());
    h.run((t) => t.reset(id));
    assert.deepEqual(
      [h.transport.receivedBytes(id), h.transport.sentBytes(id), h.transport.takenBytes(id)],
      [-1, -1, -1],
    );
    assert.deepEqual([h.transport.receivedBytes(0), h.transport.takenBytes(Number.NaN)], [-1, -1]);
  });

  it('gives the memory of queues back, however connections end', async () => {
    const port = h.listen();
    const ends: ((id: number, socket: { destroy(): unknown }) => void)[] = [
      (id) => h.run((t) => t.reset(id)),
      (_, socket) => socket.destroy(),
      (id, socket) => {
        h.run((t) => t.close(id, 100));
        socket.destroy();
      },
      (id) => {
        h.transport.send(id, h.transport.memory.length, 8);
        h.transport.flush();
      },
    ];
    for (const end of ends) {
      const { socket, id } = await h.accepted(port);
      socket.pause();
      h.send(id, seededBytes(16 << 20, 3));
      assert.ok(h.transport.queuedMemoryBytes > 1 << 20);
      end(id, socket);
      await h.until('the memory', () => h.transport.queuedMemoryBytes === 0);
    }
  });

  it('counts a relay that waits for its destination', async () => {
    const source = await h.accepted(h.listen());
    const destination = await h.connected();
    h.run((t) => t.relay(source.id, destination.id, RELAY_UNTIL_END, 0));
    source.socket.write(seededBytes(32 << 20, 4));
    await h.until('a queue', () => h.transport.queuedMemoryBytes > 0);
    await delay(50);
    assert.ok(h.transport.queuedMemoryBytes <= 1024 * 1024, `${h.transport.queuedMemoryBytes} bytes`);
    assert.ok(h.transport.receivedBytes(source.id) < 32 << 20);
  });
});

describe('memory of queues', () => {
  it('beyond the bound, relays queue small pieces and still deliver everything', async () => {
    const HIGH = 256 * 1024;
    const h = new TransportHarness({ queuedMemoryHighBytes: HIGH });
    try {
      const port = h.listen();
      const body = seededBytes(8 << 20, 5);
      const readers: Socket[] = [];
      for (let i = 0; i < 16; i++) {
        const source = await h.accepted(port);
        const destination = await h.connected();
        destination.socket.pause();
        h.run((t) => t.relay(source.id, destination.id, body.length, 0));
        source.socket.write(body);
        readers.push(destination.socket);
      }
      await h.until('queues', () => h.transport.queuedMemoryBytes >= HIGH);
      await delay(200);
      const most = HIGH + 256 * 1024 + 16 * 2 * 4_096;
      assert.ok(h.transport.queuedMemoryBytes <= most, `${h.transport.queuedMemoryBytes} bytes`);
      for (const reader of readers) assert.ok(body.equals(await readBytes(reader, body.length)));
    } finally {
      h.close();
    }
  });
});
