// The transport inside a process: exceptions of its handler, destruction at any time, threads, and when the loop may end.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { delay, readBytes, TransportHarness } from '../test/transport-harness.ts';
import { duplicateDescriptor, Event, StreamTransport } from './index.ts';

function program(name: string): string {
  return fileURLToPath(new URL(`../test/programs/${name}.ts`, import.meta.url));
}

async function firstLine(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout!, 'data')) as [Buffer];
  return chunk.toString();
}

describe('handler exceptions', () => {
  it("become 'uncaughtException'; commands issued before them and later batches work", async () => {
    const child = spawn(process.execPath, [program('throwing-handler'), 'listen'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const port = Number((await firstLine(child)).split(' ')[1]);
      const caught = once(child.stdout!, 'data');
      const socket = net.connect(port, '127.0.0.1');
      socket.write('one');
      assert.equal((await readBytes(socket, 3)).toString(), 'one');
      assert.match(String(await caught), /caught handler failed on purpose/);
      socket.write('two');
      assert.equal((await readBytes(socket, 3)).toString(), 'two');
      socket.destroy();
    } finally {
      child.kill();
      await once(child, 'exit');
    }
  });

  it('end a process that does not listen for them', async () => {
    const child = spawn(process.execPath, [program('throwing-handler')], { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors = text(child.stderr!);
    const ended = once(child, 'exit');
    const port = Number((await firstLine(child)).split(' ')[1]);
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    socket.write('one');
    const [code] = await ended;
    assert.notEqual(code, 0);
    assert.match(await errors, /handler failed on purpose/);
    socket.destroy();
  });
});

describe('destroy', () => {
  it('may happen inside the handler, with everything open', async () => {
    const h = new TransportHarness();
    const port = h.listen();
    const { socket, id } = await h.accepted(port);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    h.reaction = (_event, transport) => {
      transport.relay(id, id, 5, 0);
      transport.destroy();
      transport.destroy();
      transport.send(id, 0, 1);
      transport.flush();
    };
    socket.write('the end');
    await once(socket.resume(), 'end').catch(() => {});
    socket.destroy();
    await closed;
    assert.equal(h.transport.connectionCount, 0);
    assert.throws(() => h.transport.connect('127.0.0.1', port), { code: 'ERR_DESTROYED' });
    assert.throws(() => h.transport.listen(0, 1), { code: 'ERR_DESTROYED' });
    await assert.rejects(h.client(port), { code: 'ECONNREFUSED' });
    h.close();
  });

  it('leaves other transports of the process alone', async () => {
    const many = Array.from({ length: 6 }, () => new TransportHarness());
    try {
      const ports = many.map((h) => h.listen());
      const pairs = await Promise.all(many.map((h, i) => h.accepted(ports[i]!)));
      for (const h of many.slice(1)) h.close();
      many[0]!.send(pairs[0]!.id, 'alone');
      assert.equal((await readBytes(pairs[0]!.socket, 5)).toString(), 'alone');
    } finally {
      for (const h of many) h.close();
    }
  });
});

describe('adopting', () => {
  it('serves an inherited descriptor and lets the loop end after it', async () => {
    const child = spawn(process.execPath, [program('adopting')], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
    const exited = once(child, 'exit');
    const socket = child.stdio[3] as net.Socket;
    socket.end('shout');
    assert.equal(await text(socket), 'SHOUT');
    assert.deepEqual(await exited, [0, null]);
  });

  it('shares a connection with other holders of its socket, and ends only its own use of it', async () => {
    const h = new TransportHarness();
    try {
      const { socket, id } = await h.accepted(h.listen());
      const raw = (socket as unknown as { _handle: { fd: number } })._handle.fd;
      const ours = h.transport.adopt(duplicateDescriptor(raw));
      h.send(ours, 'from the same client');
      await h.until('data', () => h.received(id).toString() === 'from the same client');
      const before = h.batches;
      h.run((t) => t.close(ours, 0));
      await h.until('release', () => h.transport.connectionCount === 1);
      h.send(id, 'nobody may hear of this through a dead id');
      await delay(40);
      assert.equal(h.seen.filter((event) => event.connection === ours).length, 0);
      assert.ok(h.batches - before <= 1);
    } finally {
      h.close();
    }
  });

  it('refuses what is no connected stream', () => {
    const transport = new StreamTransport({}, () => {});
    assert.throws(() => transport.adopt(987_654), { code: 'EBADF' });
    assert.throws(() => transport.adopt(-1), RangeError);
    transport.destroy();
  });
});

describe('threads', () => {
  async function startWorker(): Promise<{ worker: Worker; socket: net.Socket }> {
    const worker = new Worker(program('worker-echo'));
    const [port] = (await once(worker, 'message')) as [number];
    const socket = net.connect(port, '127.0.0.1').on('error', () => {});
    return { worker, socket };
  }

  it('have transports of their own, closed when the thread ends', async () => {
    const all = await Promise.all([startWorker(), startWorker(), startWorker()]);
    for (const [i, { worker, socket }] of all.entries()) {
      socket.write(`thread ${i}`);
      assert.equal((await readBytes(socket, 8)).toString(), `thread ${i}`);
      const ended = new Promise((resolve) => socket.on('close', resolve));
      await worker.terminate();
      socket.resume();
      await ended;
    }
  });

  it('can be terminated while their handler runs', async () => {
    const { worker, socket } = await startWorker();
    socket.write('spin');
    const [message] = await once(worker, 'message');
    assert.equal(message, 'spinning');
    await worker.terminate();
    socket.destroy();
  });
});

describe('batches', () => {
  it('run microtasks before their commands are flushed', async () => {
    const h = new TransportHarness();
    try {
      const { socket, id } = await h.accepted(h.listen());
      h.afterBatch = () => {
        void Promise.resolve().then(() => {
          const offset = h.transport.reserve(4);
          h.transport.memory.write('late', offset);
          h.transport.send(id, offset, 4);
        });
      };
      h.reaction = (event) => {
        if (event.kind !== Event.DATA) assert.fail('only data expected');
      };
      socket.write('go');
      assert.equal((await readBytes(socket, 4)).toString(), 'late');
    } finally {
      h.close();
    }
  });

  it('leave turns to timers while a relay is busy', async () => {
    const h = new TransportHarness();
    try {
      const { socket, id } = await h.accepted(h.listen());
      h.run((t) => t.relay(id, id, -1, 0));
      socket.resume();
      let running = true;
      const block = Buffer.alloc(1 << 20);
      const push = (): void => {
        while (running && socket.write(block));
      };
      socket.on('drain', push);
      push();
      const started = performance.now();
      for (let i = 0; i < 10; i++) await delay(5);
      running = false;
      assert.ok(performance.now() - started < 30_000);
    } finally {
      h.close();
    }
  });
});
