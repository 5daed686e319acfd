// Drives one datagram transport in a test, with clients and servers of node:dgram on loopback. Records every event with a copy of its
// bytes; everything it opened is closed by `close()`.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import {
  createDatagramSocket,
  type DatagramListenerOptions,
  DatagramTransport,
  type DatagramTransportOptions,
  FLOW_RECORD_WORDS,
  FlowEvent,
  FlowNumber,
  type PeerRecord,
  readPeerRecord,
  type UdpBindOptions,
} from '../src/index.ts';

export interface SeenFlowEvent {
  readonly kind: number;
  readonly flow: number;
  readonly a: number;
  readonly b: number;
  /** NEW, DATA and ANSWER. */
  readonly bytes: Buffer;
  readonly peer: PeerRecord | undefined;
  /** CLOSED only; see `FlowNumber`. */
  readonly numbers: readonly number[];
}

/** A socket of a client or a server, and all it received. */
export interface Peer {
  readonly socket: dgram.Socket;
  readonly port: number;
  readonly received: Buffer[];
  /** Address and port the datagram came from, in the order of `received`. */
  readonly senders: dgram.RemoteInfo[];
}

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 30_000;
const NUMBERS = Object.keys(FlowNumber).length;

export class DatagramHarness {
  readonly transport: DatagramTransport;
  readonly seen: SeenFlowEvent[] = [];
  /** Called for every event, within the batch. */
  reaction: ((event: SeenFlowEvent, transport: DatagramTransport) => void) | undefined;
  readonly #sockets = new Set<dgram.Socket>();
  readonly #consumed = new Set<SeenFlowEvent>();

  constructor(options: DatagramTransportOptions = {}) {
    this.transport = new DatagramTransport(options, (count) => this.#batch(count));
  }

  #batch(count: number): void {
    const { events, memory, numbers } = this.transport;
    for (let i = 0; i < count; i++) {
      const [kind, flow, a, b, c, d] = events.subarray(i * FLOW_RECORD_WORDS, (i + 1) * FLOW_RECORD_WORDS);
      const hasBytes = kind === FlowEvent.NEW || kind === FlowEvent.DATA || kind === FlowEvent.ANSWER;
      const event: SeenFlowEvent = {
        kind: kind!,
        flow: flow!,
        a: a!,
        b: b!,
        bytes: hasBytes ? Buffer.from(memory.subarray(c!, c! + d!)) : Buffer.alloc(0),
        peer: kind === FlowEvent.NEW ? readPeerRecord(memory, b!) : undefined,
        numbers: kind === FlowEvent.CLOSED ? [...numbers.subarray(c! >> 3, (c! >> 3) + NUMBERS)] : [],
      };
      this.seen.push(event);
      this.reaction?.(event, this.transport);
    }
  }

  /** Every new flow goes to this server. */
  connectAll(port: number, address = '127.0.0.1'): void {
    this.reaction = (event, transport) => {
      if (event.kind === FlowEvent.NEW) transport.connectFlow(event.flow, address, port);
    };
  }

  listen(
    options: Partial<DatagramListenerOptions> = {},
    tag = 1,
    host = '127.0.0.1',
    socket: Partial<UdpBindOptions> = {},
  ): number {
    const { descriptor, port } = createDatagramSocket({ host, port: 0, ...socket });
    this.transport.listen(descriptor, tag, { idleTimeoutMs: 30_000, ...options });
    return port;
  }

  /** A socket bound to `host`; `answer` is called for each datagram. */
  async peer(
    answer?: (bytes: Buffer, from: dgram.RemoteInfo, socket: dgram.Socket) => void,
    host = '127.0.0.1',
  ): Promise<Peer> {
    const socket = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4_000_000 });
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    const received: Buffer[] = [];
    const senders: dgram.RemoteInfo[] = [];
    socket.on('error', () => {});
    socket.on('message', (bytes, from) => {
      received.push(bytes);
      senders.push(from);
      answer?.(bytes, from, socket);
    });
    socket.bind(0, host);
    await once(socket, 'listening');
    return { socket, port: socket.address().port, received, senders };
  }

  /** A server that sends everything back. */
  echo(host = '127.0.0.1'): Promise<Peer> {
    return this.peer((bytes, from, socket) => socket.send(bytes, from.port, from.address), host);
  }

  /** The first event that matches and was not returned before; waits for it. */
  next(kind: number, flow?: number): Promise<SeenFlowEvent> {
    return this.until(`event ${kind}`, () => {
      const found = this.seen.find(
        (event) => event.kind === kind && (flow === undefined || event.flow === flow) && !this.#consumed.has(event),
      );
      if (found !== undefined) this.#consumed.add(found);
      return found;
    });
  }

  async until<T>(what: string, check: () => T | undefined | false): Promise<T> {
    const deadline = Date.now() + WAIT_MS;
    for (;;) {
      const result = check();
      if (result !== undefined && result !== false) return result;
      if (Date.now() > deadline)
        assert.fail(`waited for ${what} in vain; seen: ${this.seen.map((e) => e.kind).join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  count(kind: number): number {
    return this.seen.filter((event) => event.kind === kind).length;
  }

  async close(): Promise<void> {
    this.transport.destroy();
    await Promise.all([...this.#sockets].map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  }
}
