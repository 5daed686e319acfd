// A connection of a client, whatever it speaks: where it came in, who it is, and what is given back once when it is gone. Several
// objects may be one connection after the other, from its first bytes on; counts and the place it takes go from one to the next.
// Knows no protocol.

import type { EntryPoint } from '../http/entry-point.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import { StreamConnection } from './stream-connection.ts';
import type { WorkerContext } from './worker-context.ts';

/** A connection that others may have received bytes of already. */
export interface BeginsWithBytes extends DownstreamConnection {
  /** In place of `opened`. Bytes of the transport's memory, or any others; valid during the call only. */
  beginWith(bytes: Buffer, start: number, end: number): void;
}

export abstract class DownstreamConnection extends StreamConnection {
  readonly entryPoint: EntryPoint;
  readonly peer: PeerAddress;
  /** Of the connection, not of this object. */
  acceptedAtMs: number;

  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress) {
    super(context);
    this.entryPoint = entryPoint;
    this.peer = peer;
    this.acceptedAtMs = context.transport.now;
  }

  /** The connection is new, and ours: from here on it is counted. */
  admitted(): void {
    this.entryPoint.metrics?.connectionOpened();
    this.context.balance?.opened();
  }

  /** To be called once the object has an id, be the connection new or taken over. */
  abstract opened(): void;

  /** Since when nothing has been under way, in milliseconds; 0: something is. */
  abstract idleForMs(now: number): number;

  /** The worker leaves: what can be said of that to the client is said now. */
  beginDrain(): void {}

  /** The worker leaves, and the time that requests have for it is over: everything ends but tunnels. */
  endRequests(): void {
    this.giveUp();
  }

  /** The same for tunnels. */
  endTunnels(): void {}

  /** The address that it counts under where clients of one address are limited. */
  get countedAs(): Uint8Array {
    return this.peer.bytes;
  }

  /** Called every second or so where clients can be too slow. */
  checkPace(_elapsedMs: number): void {}

  /** What is kept of something that has not come completely, in bytes of memory; 0 when it is little. */
  get unfinishedHeadBytes(): number {
    return 0;
  }

  /** The worker keeps too much: this client shall come again later. */
  turnAway(): void {
    this.abort();
  }

  override replaceWith(next: DownstreamConnection): void {
    next.acceptedAtMs = this.acceptedAtMs;
    super.replaceWith(next);
  }

  override forget(): void {
    if (this.id !== 0) {
      this.entryPoint.metrics?.connectionClosed();
      this.context.balance?.closed();
      this.entryPoint.admission?.leave(this.countedAs);
    }
    super.forget();
  }
}
