// Every bound: seats, listener limits, descriptors, rings, pool, and commands that make no sense. Reaching one may delay, never
// lose, spin or crash.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';
import { afterEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { delay, readBytes, seededBytes, TransportHarness } from '../test/transport-harness.ts';
import { Event, StreamTransport, type StreamTransportOptions } from './index.ts';

const { EINVAL, EMFILE } = constants.errno;

let h: TransportHarness;
function start(options: StreamTransportOptions): void {
  h = new TransportHarness(options);
}
afterEach(() => h?.close());

describe('limits of connections', () => {
  it('pauses the listener when all seats are taken and resumes when one is free', async () => {
    start({ connectionsMax: 2 });
    const port = h.listen(6);
    const first = await h.accepted(port);
    await h.accepted(port);
    const third = await h.client(port);
    third.write('waiting');
    const paused = await h.next(Event.LISTENER_PAUSED);
    assert.deepEqual([paused.connection, paused.a, paused.b], [0, 6, 0]);
    assert.throws(() => h.transport.connect('127.0.0.1', port), { code: 'ENOBUFS' });
    await delay(150);
    assert.equal(h.count(Event.ACCEPTED), 2);
    h.run((t) => t.reset(first.id));
    const { connection } = await h.next(Event.ACCEPTED);
    assert.equal(h.transport.connectionCount, 2);
    await h.until('its bytes', () => h.received(connection).toString() === 'waiting');
    h.run((t) => t.reset(connection));
    assert.equal((await h.next(Event.LISTENER_RESUMED)).a, 6);
    assert.equal(h.count(Event.LISTENER_PAUSED), 1);
  });

  it('holds all listeners together to a limit, whoever has the connections', async () => {
    start({ acceptedMax: 8 });
    const one = h.listen(1);
    const other = h.listen(2);
    // With two listeners each has 8 / 4 places of its own: one may take 6, the other the rest, and nobody a ninth.
    for (let i = 0; i < 6; i++) await h.accepted(one);
    await h.client(one);
    assert.equal((await h.next(Event.LISTENER_PAUSED)).a, 1);
    const { id } = await h.accepted(other);
    await h.accepted(other);
    await h.client(other);
    assert.equal((await h.next(Event.LISTENER_PAUSED)).a, 2);
    await delay(120);
    assert.equal(h.count(Event.ACCEPTED), 8);
    // A place that becomes free goes to the listener that has fewer than its own.
    h.run((t) => t.reset(id));
    assert.equal((await h.next(Event.ACCEPTED)).a, 2);
    await delay(50);
    assert.equal(h.count(Event.ACCEPTED), 9);
  });

  it('counts connections to servers for nobody', async () => {
    start({ acceptedMax: 2 });
    const port = h.listen();
    await h.connected();
    await h.connected();
    const { id } = await h.accepted(port);
    h.run((t) => t.close(id, 0));
    await h.accepted(port);
    await h.accepted(port);
    await h.client(port);
    await h.next(Event.LISTENER_PAUSED);
    assert.equal(h.count(Event.ACCEPTED), 3);
  });

  it('holds a listener to its own limit and not the others', async () => {
    start({});
    const limited = h.listen(1, 1);
    const free = h.listen(2);
    const { id } = await h.accepted(limited);
    await h.client(limited);
    assert.equal((await h.next(Event.LISTENER_PAUSED)).a, 1);
    for (let i = 0; i < 3; i++) await h.accepted(free);
    h.run((t) => t.close(id, 0));
    const next = await h.next(Event.ACCEPTED);
    assert.equal(next.a, 1);
    h.transport.unlisten(1, true);
    h.run((t) => t.reset(next.connection));
    await h.accepted(free);
  });

  it('works off a backlog through one seat without an event for every turn of it', async () => {
    start({ connectionsMax: 1 });
    const port = h.listen();
    h.reaction = (event, t) => {
      if (event.kind === Event.DATA) {
        t.send(event.connection, event.a, event.b);
        t.close(event.connection, 1000);
      }
    };
    const answers = Array.from({ length: 20 }, async (_, i) => {
      const socket = await h.client(port);
      socket.write(`client ${i}`);
      const text = (await readBytes(socket, `client ${i}`.length)).toString();
      socket.end();
      return text;
    });
    assert.deepEqual(
      await Promise.all(answers),
      answers.map((_, i) => `client ${i}`),
    );
    await h.next(Event.LISTENER_RESUMED);
    assert.equal(h.count(Event.LISTENER_PAUSED), h.count(Event.LISTENER_RESUMED));
    assert.ok(h.count(Event.LISTENER_PAUSED) < 10);
  });

  it('gives seats back in an order that keeps old ids unknown for long', async () => {
    start({ connectionsMax: 3 });
    const path = h.listenUnix();
    h.transport.unlisten(1, false);
    const seen = new Set<number>();
    for (let i = 0; i < 3 * 2047; i++) {
      const id = h.transport.connectUnix(path);
      assert.ok(id > 0 && !seen.has(id));
      seen.add(id);
      h.run((t) => t.reset(id));
    }
  });
});

describe('limits of descriptors', () => {
  it('pauses accepting when none is left, without spinning, and goes on when some are', {
    timeout: 60_000,
  }, async () => {
    start({});
    const program = fileURLToPath(new URL('../test/programs/descriptor-limit.ts', import.meta.url));
    const child = spawn('sh', ['-c', 'ulimit -n 48; exec "$0" "$1"', process.execPath, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const clients: net.Socket[] = [];
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const hear = async (event: string): Promise<Record<string, number>> => {
        for (;;) {
          const { value, done } = await lines.next();
          assert.ok(!done, `the program ended before it said ${event}`);
          const message = JSON.parse(value) as Record<string, number> & { event: string };
          if (message.event === event) return message;
        }
      };
      const ask = (line: string): boolean => child.stdin.write(`${line}\n`);
      const { port } = await hear('listening');
      for (let i = 0; i < 60; i++) clients.push(net.connect(port!, '127.0.0.1').on('error', () => {}));
      const paused = await hear('paused');
      assert.deepEqual([paused.tag, paused.errno], [3, EMFILE]);
      ask('usage');
      const before = await hear('usage');
      await delay(700);
      ask('usage');
      const after = await hear('usage');
      assert.ok(after.cpuMs! - before.cpuMs! < 250, `${after.cpuMs! - before.cpuMs!} ms of CPU while paused`);
      ask('close');
      ask('close');
      // Two left, two come.
      do {
        await delay(20);
        ask('usage');
      } while ((await hear('usage')).open !== after.open);
      for (const client of clients) client.end();
      await hear('resumed');
    } finally {
      for (const client of clients) client.destroy();
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    }
    assert.equal(child.exitCode, 0);
  });
});

describe('limits of rings and regions', () => {
  it('delivers everything through an event ring of one and a tiny pool', async () => {
    start({ eventsMax: 1, receiveMaxBytes: 16, receivePoolBytes: 4096, commandsMax: 1, arenaBytes: 8 });
    const port = h.listen();
    const peers = await Promise.all(Array.from({ length: 8 }, () => h.client(port)));
    await h.until('all accepted', () => h.count(Event.ACCEPTED) === 8);
    h.reaction = (event, t) => {
      if (event.kind === Event.DATA) t.send(event.connection, event.a, event.b);
      if (event.kind === Event.END) t.shutdown(event.connection);
    };
    const bytes = seededBytes(5000, 2);
    await Promise.all(
      peers.map(async (socket) => {
        socket.end(bytes);
        assert.ok((await readBytes(socket, bytes.length)).equals(bytes));
      }),
    );
    await h.until('all closed', () => h.count(Event.CLOSED) === 8);
    assert.equal(h.count(Event.END), 8);
  });

  it('flushes a full command ring by itself and keeps what is reserved', async () => {
    start({ commandsMax: 3, arenaBytes: 64 });
    const { socket, id } = await h.accepted(h.listen());
    let expected = '';
    for (let i = 0; i < 40; i++) {
      const text = `piece ${i};`;
      const offset = h.transport.reserve(text.length);
      h.transport.memory.write(text, offset);
      for (const [at, letter] of [...text].entries()) {
        h.transport.send(id, offset + at, 1);
        expected += letter;
      }
    }
    h.transport.flush();
    assert.equal((await readBytes(socket, expected.length)).toString(), expected);
    assert.throws(() => h.transport.reserve(65), RangeError);
    assert.throws(() => h.transport.reserve(-1), RangeError);
    assert.throws(() => h.transport.reserve(Number.NaN), RangeError);
  });

  it('aborts only the connection whose SEND lies outside the memory', async () => {
    start({});
    const port = h.listen();
    const fine = await h.accepted(port);
    const size = h.transport.memory.length;
    const ranges = [
      [size, 1],
      [size - 1, 2],
      [-1, 1],
      [0, -1],
      [2 ** 31 - 1, 2 ** 31 - 1],
      [-8, -8],
    ];
    for (const [offset, length] of ranges) {
      const { id } = await h.accepted(port);
      h.run((t) => t.send(id, offset!, length!));
      assert.equal((await h.next(Event.CLOSED, id)).a, EINVAL);
    }
    assert.equal(h.transport.refusedCommands, ranges.length);
    h.run((t) => t.send(fine.id, size, 0));
    h.send(fine.id, 'unharmed');
    assert.equal((await readBytes(fine.socket, 8)).toString(), 'unharmed');
  });

  it('refuses bad options by name', () => {
    start({});
    const bad: StreamTransportOptions[] = [
      { connectionsMax: 0 },
      { connectionsMax: 2 ** 20 },
      { receiveMaxBytes: 0 },
      { receivePoolBytes: 1000, receiveMaxBytes: 1000 },
      { arenaBytes: 2 ** 31 },
      { queueMaxBytes: 1.5 },
      { eventsMax: Number.NaN },
      { commandsMax: -1 },
    ];
    for (const options of bad) {
      const name = Object.keys(options)[0]!;
      assert.throws(() => new StreamTransport(options, () => {}), new RegExp(`RangeError.*${name}`), name);
    }
  });
});
