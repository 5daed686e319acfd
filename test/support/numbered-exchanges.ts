// Many TCP connections that stay open and exchange something again and again: each exchange has a number and its own bytes, short ones
// and now and then long ones, checked on both ends. Knows of each connection how it ended; judges nothing.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ExchangeClientsOptions {
  readonly port: number;
  readonly connections: number;
  /** Between two exchanges of a connection, on average. */
  readonly pauseMs: number;
}

/** Prime, and longer than the longest exchange: what is displaced is seen. */
const PERIOD_BYTES = 1_048_573;
const BLOCK = repeated(randomBytes(PERIOD_BYTES));
/** Number, bytes that follow, bytes that are asked for. */
const HEAD_BYTES = 12;
const SHORT_MAX_BYTES = 300;
/** Enough for a relay to change its way and back. */
const LONG_BYTES = [100_000, 600_000] as const;
const LONG_SHARE = 0.02;
/** So many are opened at once. */
const OPEN_AT_ONCE = 100;
const ANSWER_TIMEOUT_MS = 60_000;

export class ExchangeClient {
  /** How it ended; empty while it is open. `end`: both ends in order, and by us first. */
  ended = '';
  /** Of our end. */
  port = 0;
  exchanges = 0;
  private readonly socket: net.Socket;
  private readonly pauseMs: number;
  private readonly reader: FrameReader;
  private number = 0;
  private answered: (() => void) | undefined;
  private running = true;
  private readonly loop: Promise<void>;

  constructor(port: number, pauseMs: number) {
    this.pauseMs = pauseMs;
    this.reader = new FrameReader((number) => {
      if (number !== this.number) throw new Error(`answer ${number} to question ${this.number}`);
      this.answered?.();
    });
    this.socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on('connect', () => {
      this.port = this.socket.localPort!;
    });
    this.socket.on('data', (chunk) => this.take(chunk));
    this.socket.on('end', () => this.over(this.socket.writableEnded ? 'end' : 'ended by the server'));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.over(error.code ?? error.message));
    this.socket.on('close', () => this.over('closed'));
    this.loop = this.run();
  }

  /** After the exchange under way: ends in order. Resolves when both directions have. */
  async finish(): Promise<void> {
    this.running = false;
    await this.loop;
    if (this.ended !== '') return;
    this.socket.end();
    await once(this.socket, 'close');
  }

  destroy(): void {
    this.running = false;
    this.socket.destroy();
  }

  private async run(): Promise<void> {
    while (this.running && this.ended === '') {
      await this.exchange();
      if (this.running) await sleep(this.pauseMs * 2 * Math.random());
    }
  }

  private async exchange(): Promise<void> {
    const [sent, asked] = [someLength(), someLength()];
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32BE(++this.number, 0);
    head.writeUInt32BE(sent, 4);
    head.writeUInt32BE(asked, 8);
    const done = new Promise<void>((resolve) => {
      this.answered = resolve;
    });
    const timer = setTimeout(() => this.over(`no answer within ${ANSWER_TIMEOUT_MS} ms`), ANSWER_TIMEOUT_MS);
    this.socket.write(head);
    this.socket.write(bytesOf(this.number, sent));
    await done;
    clearTimeout(timer);
    if (this.ended === '') this.exchanges++;
  }

  private take(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.over(String(error));
      this.socket.destroy();
    }
  }

  private over(how: string): void {
    this.ended ||= how;
    this.answered?.();
  }
}

export class ExchangeClients {
  readonly all: ExchangeClient[] = [];
  private readonly options: ExchangeClientsOptions;

  constructor(context: TestContext, options: ExchangeClientsOptions) {
    this.options = options;
    context.after(() => {
      for (const client of this.all) client.destroy();
    });
  }

  /** As many as are wanted, in place of those that have ended; each has had its first answer. */
  async fill(): Promise<void> {
    const open = this.all.filter(({ ended }) => ended === '');
    this.all.splice(0, this.all.length, ...open);
    while (this.all.length < this.options.connections) {
      const count = Math.min(OPEN_AT_ONCE, this.options.connections - this.all.length);
      const batch = Array.from({ length: count }, () => new ExchangeClient(this.options.port, this.options.pauseMs));
      this.all.push(...batch);
      await this.progress(batch);
    }
  }

  /** Those that have ended otherwise than by `finish`. */
  get broken(): ExchangeClient[] {
    return this.all.filter(({ ended }) => ended !== '' && ended !== 'end');
  }

  get exchanges(): number {
    return this.all.reduce((sum, { exchanges }) => sum + exchanges, 0);
  }

  /** Each of them has had one more answer, or has ended. */
  async progress(clients: readonly ExchangeClient[] = this.all): Promise<void> {
    const before = new Map(clients.map((client) => [client, client.exchanges]));
    const waits = ([client, exchanges]: [ExchangeClient, number]) => {
      return client.ended === '' && client.exchanges === exchanges;
    };
    while ([...before].some(waits)) await sleep(10);
  }
}

/** Answers, and notes in `faults` what it was sent and should not have been. @returns its address */
export async function startExchangeServer(context: TestContext, faults: string[]): Promise<string> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    const reader = new FrameReader((number, asked) => {
      const head = Buffer.alloc(HEAD_BYTES);
      head.writeUInt32BE(number, 0);
      head.writeUInt32BE(asked, 4);
      socket.write(head);
      socket.write(bytesOf(number, asked));
    });
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        faults.push(String(error));
        socket.destroy();
      }
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1_000 });
  await once(server, 'listening');
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as net.AddressInfo).port}`;
}

/** Frames with the bytes that belong to their numbers. */
class FrameReader {
  private readonly onFrame: (number: number, asked: number) => void;
  private head = Buffer.alloc(0);
  private left = 0;
  private at = 0;

  constructor(onFrame: (number: number, asked: number) => void) {
    this.onFrame = onFrame;
  }

  /** @throws Error at the first byte that is not where it belongs. */
  push(chunk: Buffer): void {
    for (let from = 0; from < chunk.length; ) from += this.left > 0 ? this.body(chunk, from) : this.begin(chunk, from);
  }

  private begin(chunk: Buffer, from: number): number {
    const taken = Math.min(HEAD_BYTES - this.head.length, chunk.length - from);
    this.head = Buffer.concat([this.head, chunk.subarray(from, from + taken)]);
    if (this.head.length < HEAD_BYTES) return taken;
    this.left = this.head.readUInt32BE(4);
    this.at = startOf(this.head.readUInt32BE(0));
    if (this.left > PERIOD_BYTES) throw new Error(`a frame of ${this.left} bytes`);
    if (this.left === 0) this.finish();
    return taken;
  }

  private body(chunk: Buffer, from: number): number {
    const taken = Math.min(this.left, chunk.length - from);
    if (chunk.compare(BLOCK, this.at, this.at + taken, from, from + taken) !== 0) {
      throw new Error(`wrong bytes in frame ${this.head.readUInt32BE(0)}, ${this.left} before its end`);
    }
    this.at += taken;
    this.left -= taken;
    if (this.left === 0) this.finish();
    return taken;
  }

  private finish(): void {
    const { head } = this;
    this.head = Buffer.alloc(0);
    this.onFrame(head.readUInt32BE(0), head.readUInt32BE(8));
  }
}

function startOf(number: number): number {
  return (number * 7_919) % PERIOD_BYTES;
}

function bytesOf(number: number, length: number): Buffer {
  return BLOCK.subarray(startOf(number), startOf(number) + length);
}

function someLength(): number {
  const [low, high] = LONG_BYTES;
  return Math.floor(Math.random() < LONG_SHARE ? low + Math.random() * (high - low) : Math.random() * SHORT_MAX_BYTES);
}

function repeated(block: Buffer): Buffer {
  return Buffer.concat([block, block]);
}
