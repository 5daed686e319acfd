// Sockets of node:dgram for tests: clients that wait for answers, and servers that answer. All are closed together. Waits are bounded; what
// datagrams mean is the tests' business.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 30_000;
const BUFFER_BYTES = 4 * 1024 * 1024;

export interface UdpSeen {
  readonly bytes: Buffer;
  readonly port: number;
}

/** One socket, and what it has received. */
export class UdpPeer {
  readonly socket: dgram.Socket;
  readonly seen: UdpSeen[] = [];

  constructor(socket: dgram.Socket) {
    this.socket = socket;
    socket.on('message', (bytes, { port }) => this.seen.push({ bytes, port }));
    socket.on('error', () => {});
  }

  get port(): number {
    return this.socket.address().port;
  }

  /** `host:port`, as servers are configured. */
  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get texts(): string[] {
    return this.seen.map(({ bytes }) => bytes.toString());
  }

  send(bytes: Buffer | string, port: number): void {
    this.socket.send(bytes, port, '127.0.0.1');
  }

  /** Sends, and gives back the next datagram that comes. */
  async ask(bytes: Buffer | string, port: number): Promise<string> {
    const before = this.seen.length;
    this.send(bytes, port);
    await until(`an answer to ${this.port}`, () => this.seen.length > before);
    return this.seen[before]!.bytes.toString();
  }
}

export class UdpPeers {
  private readonly sockets = new Set<dgram.Socket>();

  async open(port = 0): Promise<UdpPeer> {
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  /** Answers every datagram with `<name>:<datagram>`, or as told. */
  async server(name: string, answer = (bytes: Buffer): Buffer => Buffer.from(`${name}:${bytes}`)): Promise<UdpPeer> {
    const peer = await this.open();
    peer.socket.on('message', (bytes, { port, address }) => peer.socket.send(answer(bytes), port, address));
    return peer;
  }

  async close(): Promise<void> {
    await Promise.all([...this.sockets].map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  }
}

export async function until(what: string, probe: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!probe()) {
    if (Date.now() > deadline) assert.fail(`waited for ${what} in vain`);
    await sleep(5);
  }
}
