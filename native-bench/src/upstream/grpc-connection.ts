// One HTTP/2 connection of the upstream server for gRPC: every request is read to its end and then answered with the same few
// frames. What is asked is not looked at, so field blocks need not be decoded. Knows no sockets.

import {
  DEFAULT_ABUSE_LIMITS,
  DEFAULT_SESSION_OPTIONS,
  Http2Session,
  type Http2SessionOptions,
  type SessionHandler,
} from '@sluice/protocols';
import { GRPC_ANSWER, GRPC_MESSAGE_BYTES, writeAnswer } from './grpc-answers.ts';

/** The proxies are no attackers, however fast they are. */
const RATE = { burst: 1e9, perSecond: 1e9 };
const OPTIONS: Http2SessionOptions = {
  ...DEFAULT_SESSION_OPTIONS,
  concurrentStreamsMax: 1_000,
  abuse: {
    ...DEFAULT_ABUSE_LIMITS,
    resets: RATE,
    refusedStreams: RATE,
    settings: RATE,
    pings: RATE,
    windowUpdates: RATE,
    tinyWindowUpdates: RATE,
    ignoredFrames: RATE,
  },
};

export class GrpcConnection implements SessionHandler {
  private readonly session: Http2Session;
  /** Slots whose request has come, in order; those that no window has room for stay. */
  private readonly due: number[] = [];

  constructor(now: number) {
    this.session = new Http2Session(this, now, OPTIONS);
  }

  get isOver(): boolean {
    return this.session.fault !== 0;
  }

  receive(bytes: Buffer, start: number, end: number, now: number, unsentBytes: number): void {
    this.session.receive(bytes, start, end, now, unsentBytes);
  }

  /** Most bytes that `write` may write now. */
  get waitingBytes(): number {
    return this.session.output.length + this.due.length * GRPC_ANSWER.bytes.length;
  }

  /** Writes what is to be sent; returns the offset behind it. */
  write(memory: Buffer, offset: number, now: number): number {
    const { session, due } = this;
    const { output } = session;
    memory.set(output.bytes.subarray(0, output.length), offset);
    let at = offset + output.length;
    output.clear();
    const waiting = due.length;
    for (let i = 0; i < waiting; i++) {
      const slot = due.shift()!;
      if (session.sendable(slot, GRPC_MESSAGE_BYTES, now) < GRPC_MESSAGE_BYTES) {
        due.push(slot);
        continue;
      }
      at = writeAnswer(memory, at, session.streamId(slot));
      session.sentHeaders(slot, false);
      session.sentData(slot, GRPC_MESSAGE_BYTES, false, now);
      session.sentHeaders(slot, true);
    }
    return at;
  }

  onStreamEnd(slot: number): void {
    this.due.push(slot);
  }

  onStreamData(slot: number, _bytes: Buffer, start: number, end: number): void {
    this.session.consumed(slot, end - start);
  }

  onStreamClosed(slot: number): void {
    const at = this.due.indexOf(slot);
    // The client gave it up before its answer.
    if (at !== -1) this.due.splice(at, 1);
  }

  onStreamHeaders(): void {}
  onDiscardedHeaders(): void {}
  onStreamReset(): void {}
  onStreamFault(): void {}
  onStreamWritable(): void {}
  onPeerSettings(): void {}
  onSettingsAcknowledged(): void {}
  onPingAck(): void {}
  onGoaway(): void {}
  onConnectionFault(): void {}
}
