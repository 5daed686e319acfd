// A session with a socket, for tests against other programs: an echoing server, or a client that posts bodies. Header blocks
// are written from the static table by hand and never read, since the session knows no HPACK.

import type { Socket } from 'node:net';
import { writeFieldBlock } from './field-block-writer.ts';
import { writeDataHead } from './frame-writer.ts';
import { Http2Session } from './http2-session.ts';
import { DEFAULT_SESSION_OPTIONS, Http2Role } from './session-options.ts';
import { SessionLog } from './test-support.ts';

/** Told what it hears by the `events` of a SessionLog; bodies go out as windows allow, data that arrives is consumed at once. */
export class SocketPeer extends SessionLog {
  readonly session: Http2Session;
  readonly received = new Map<number, number>();
  readonly ids = new Map<number, number>();
  /** Data that arrives is sent back on its stream. */
  echoes = false;
  private readonly socket: Socket;
  private readonly queued = new Map<number, Buffer>();
  private readonly ended = new Set<number>();

  constructor(socket: Socket, role: number) {
    super();
    this.socket = socket;
    const options = { ...DEFAULT_SESSION_OPTIONS, role, streamWindowBytes: 40_000, connectionWindowBytes: 100_000 };
    this.session = new Http2Session(this, performance.now(), options);
    this.flush();
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes: Buffer) => {
      this.session.receive(bytes, 0, bytes.length, performance.now(), 0);
      for (const slot of this.queued.keys()) this.pump(slot);
      this.flush();
    });
  }

  /** A server that answers every request with 200 and its own body. */
  static echo(socket: Socket): SocketPeer {
    const peer = new SocketPeer(socket, Http2Role.SERVER);
    peer.echoes = true;
    peer.on = (event, slot) => {
      // 88 is `:status: 200`.
      if (event === 'head') peer.sendHead(slot, Buffer.from('88', 'hex'), false);
      if (event === 'end') peer.queue(slot, Buffer.alloc(0), true);
    };
    return peer;
  }

  /** Client: sends bodies to `http://127.0.0.1/`, all at once; waits until all streams have ended. @throws Error when one is broken off. */
  async post(bodies: readonly Buffer[]): Promise<void> {
    // `:method: POST`, `:scheme: http`, `:path: /`, `:authority: 127.0.0.1`.
    const block = Buffer.concat([Buffer.from('8386840109', 'hex'), Buffer.from('127.0.0.1')]);
    let open = bodies.length;
    const done = new Promise<void>((resolve, reject) => {
      this.on = (event, slot) => {
        if (event === 'closed' && --open === 0) resolve();
        if (event === 'over' || event === 'reset' || event === 'fault')
          reject(new Error(`${this.events.at(-1)} ${slot}`));
      };
      this.socket.on('close', () => reject(new Error('the connection was closed')));
    });
    for (const body of bodies) {
      const slot = this.session.openStream();
      this.sendHead(slot, block, false);
      this.queue(slot, body, true);
      this.pump(slot);
    }
    await done;
  }

  flush(): void {
    const { output } = this.session;
    if (output.length > 0) this.socket.write(Buffer.from(output.bytes.subarray(0, output.length)));
    output.clear();
  }

  sendHead(slot: number, block: Buffer, endStream: boolean): void {
    this.flush();
    const bytes = Buffer.alloc(block.length + 100);
    const limit = this.session.peerSettings.frameBytesMax;
    const end = writeFieldBlock(bytes, 0, this.session.streamId(slot), block, 0, block.length, endStream, limit);
    this.socket.write(bytes.subarray(0, end));
    this.session.sentHeaders(slot, endStream);
  }

  queue(slot: number, bytes: Buffer, end: boolean): void {
    this.queued.set(slot, Buffer.concat([this.queued.get(slot) ?? Buffer.alloc(0), bytes]));
    if (end) this.ended.add(slot);
  }

  private pump(slot: number): void {
    for (;;) {
      const rest = this.queued.get(slot);
      if (rest === undefined) return;
      const now = performance.now();
      const allowed = rest.length === 0 ? 0 : this.session.sendable(slot, rest.length, now);
      const end = this.ended.has(slot) && allowed === rest.length;
      if (allowed === 0 && !end) return;
      this.flush();
      const head = Buffer.alloc(9);
      writeDataHead(head, 0, this.session.streamId(slot), allowed, end);
      this.socket.write(Buffer.concat([head, rest.subarray(0, allowed)]));
      if (end) this.queued.delete(slot);
      else this.queued.set(slot, rest.subarray(allowed));
      this.session.sentData(slot, allowed, end, now);
    }
  }

  override onStreamHeaders(slot: number, trailers: boolean, end: boolean, b: Buffer, from: number, to: number): void {
    this.ids.set(slot, this.session.streamId(slot));
    super.onStreamHeaders(slot, trailers, end, b, from, to);
  }

  override onStreamData(slot: number, bytes: Buffer, start: number, end: number): void {
    super.onStreamData(slot, bytes, start, end);
    const id = this.session.streamId(slot);
    this.received.set(id, (this.received.get(id) ?? 0) + end - start);
    if (this.echoes) this.queue(slot, Buffer.from(bytes.subarray(start, end)), false);
    this.session.consumed(slot, end - start);
  }

  override onStreamWritable(slot: number): void {
    super.onStreamWritable(slot);
    this.pump(slot);
  }

  override onStreamClosed(slot: number): void {
    super.onStreamClosed(slot);
    this.queued.delete(slot);
    this.ended.delete(slot);
  }
}
