// Drives one stream transport in a test: records every event (with a copy of its bytes), lets tests wait for one, and
// answers events inside the batch when a test asks for it. Everything it opened is closed by `close()`.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createListeningSocket,
  Event,
  type PeerRecord,
  RECORD_WORDS,
  readPeerRecord,
  StreamTransport,
  type StreamTransportOptions,
} from '../src/index.ts';

export interface SeenEvent {
  readonly kind: number;
  readonly connection: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** DATA only. */
  readonly bytes: Buffer;
  /** ACCEPTED only. */
  readonly peer: PeerRecord | undefined;
  readonly batch: number;
}

type Reaction = (event: SeenEvent, transport: StreamTransport) => void;

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 30_000;
const EVENT_NAMES = new Map<number, string>(Object.entries(Event).map(([name, kind]) => [kind, name]));

export class TransportHarness {
  readonly transport: StreamTransport;
  readonly seen: SeenEvent[] = [];
  /** Called for every event, inside the batch. */
  reaction: Reaction | undefined;
  /** Called once per batch, after its events. */
  afterBatch: (() => void) | undefined;
  batches = 0;
  readonly #consumed = new Set<SeenEvent>();
  readonly #waiters = new Set<() => void>();
  readonly #sockets = new Set<net.Socket>();
  readonly #servers = new Set<net.Server>();
  #directory: string | undefined;

  constructor(options: StreamTransportOptions = {}) {
    this.transport = new StreamTransport(options, (count) => this.#batch(count));
  }

  #batch(count: number): void {
    this.batches++;
    const { events, memory } = this.transport;
    for (let i = 0; i < count; i++) {
      const [kind, connection, a, b, c] = events.subarray(i * RECORD_WORDS, (i + 1) * RECORD_WORDS);
      const event: SeenEvent = {
        kind: kind!,
        connection: connection!,
        a: a!,
        b: b!,
        c: c!,
        bytes: kind === Event.DATA ? Buffer.from(memory.subarray(a!, a! + b!)) : Buffer.alloc(0),
        peer: kind === Event.ACCEPTED ? readPeerRecord(memory, b!) : undefined,
        batch: this.batches,
      };
      this.seen.push(event);
      this.reaction?.(event, this.transport);
    }
    this.afterBatch?.();
    for (const wake of [...this.#waiters]) wake();
  }

  /** The first event that matches and was not returned before; waits for it. */
  async next(kind: number, connection?: number): Promise<SeenEvent> {
    const name = `${EVENT_NAMES.get(kind)}${connection === undefined ? '' : ` of ${connection}`}`;
    return this.until(name, () => {
      const found = this.seen.find(
        (event) =>
          event.kind === kind &&
          (connection === undefined || event.connection === connection) &&
          !this.#consumed.has(event),
      );
      if (found !== undefined) this.#consumed.add(found);
      return found;
    });
  }

  /** Polls after every batch and every few milliseconds until `check` returns something other than undefined or false. */
  async until<T>(what: string, check: () => T | undefined | false): Promise<T> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const result = check();
      if (result !== undefined && result !== false) return result;
      if (Date.now() > deadline) assert.fail(`waited for ${what} in vain; seen: ${this.names().join(' ')}`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer);
          this.#waiters.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, 10);
        this.#waiters.add(wake);
      });
    }
  }

  names(connection?: number): string[] {
    return this.seen
      .filter((event) => connection === undefined || event.connection === connection)
      .map((event) => EVENT_NAMES.get(event.kind) ?? String(event.kind));
  }

  count(kind: number, connection?: number): number {
    return this.seen.filter((e) => e.kind === kind && (connection === undefined || e.connection === connection)).length;
  }

  /** All DATA bytes of a connection so far. */
  received(connection: number): Buffer {
    return Buffer.concat(this.seen.filter((event) => event.connection === connection).map((event) => event.bytes));
  }

  /** Queues SENDs of `data` through the arena, in pieces if it is longer than the arena, and flushes. */
  send(connection: number, data: Buffer | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let at = 0; at < bytes.length; at += 1 << 20) {
      const piece = bytes.subarray(at, at + (1 << 20));
      const offset = this.transport.reserve(piece.length);
      piece.copy(this.transport.memory, offset);
      this.transport.send(connection, offset, piece.length);
      this.transport.flush();
    }
  }

  /** Runs `commands` and flushes. */
  run(commands: (transport: StreamTransport) => void): void {
    commands(this.transport);
    this.transport.flush();
  }

  listen(tag = 1, connectionsMax = 0, host = '127.0.0.1'): number {
    const { descriptor, port } = createListeningSocket({ host, port: 0 });
    this.transport.listen(descriptor, tag, connectionsMax);
    return port;
  }

  listenUnix(tag = 1): string {
    const path = join(this.directory(), `listen-${tag}`);
    this.transport.listen(createListeningSocket({ path }).descriptor, tag);
    return path;
  }

  directory(): string {
    this.#directory ??= mkdtempSync(join(tmpdir(), 'sluice-transport-'));
    return this.#directory;
  }

  /** A client of one of our listeners, already connected. */
  async client(target: number | string): Promise<net.Socket> {
    const socket =
      typeof target === 'number'
        ? net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
        : net.connect({ path: target, allowHalfOpen: true });
    this.#track(socket);
    await once(socket, 'connect');
    return socket;
  }

  /** A client and our side of the connection. */
  async accepted(target: number | string): Promise<{ socket: net.Socket; id: number }> {
    const socket = await this.client(target);
    const { connection } = await this.next(Event.ACCEPTED);
    return { socket, id: connection };
  }

  /** A server for connect(); each of its sockets is given to `onSocket`. */
  async server(
    onSocket: (socket: net.Socket) => void,
    target: { port: number; host: string } | { path: string } = { port: 0, host: '127.0.0.1' },
  ): Promise<number> {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.#track(socket);
      onSocket(socket);
    });
    this.#servers.add(server);
    server.listen(target);
    await once(server, 'listening');
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Our connection to a fresh server and the server's socket (paused). */
  async connected(): Promise<{ socket: net.Socket; id: number }> {
    let accept: (socket: net.Socket) => void = () => {};
    const arrived = new Promise<net.Socket>((resolve) => {
      accept = resolve;
    });
    const port = await this.server((socket) => accept(socket));
    const id = this.transport.connect('127.0.0.1', port);
    const socket = await arrived;
    await this.next(Event.CONNECTED, id);
    return { socket, id };
  }

  #track(socket: net.Socket): void {
    this.#sockets.add(socket);
    // Resets are part of many tests.
    socket.on('error', () => {});
  }

  close(): void {
    this.transport.destroy();
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) server.close();
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Everything a socket sends until its end; our side of it stays open. */
export function readAll(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve(Buffer.concat(chunks)));
    socket.on('error', reject);
    socket.resume();
  });
}

/** Exactly `length` bytes, leaving the socket open. */
export async function readBytes(socket: net.Socket, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  while (total < length) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) {
      await once(socket, 'readable');
      continue;
    }
    chunks.push(chunk);
    total += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Pseudo-random bytes, the same for the same seed (xorshift32). */
export function seededBytes(length: number, seed: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
