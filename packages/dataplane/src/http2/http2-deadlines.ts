// The deadlines of one connection of HTTP/2, of which the transport keeps one: the earliest. Those of streams are one here; who of
// them is due is looked for when it passes. May wake too early after one was moved, never too late. Allocates per connection.

import type { StreamConnection } from '../worker/stream-connection.ts';

export const Due = {
  /** The client has not acknowledged our settings. */
  SETTINGS: 0,
  /** A field block, or the preface, has not come completely. */
  FRAME: 1,
  /** No stream is open. */
  IDLE: 2,
  /** Streams that may have been under way when we said that we leave have come. */
  LEAVE: 3,
  /** Time to look for streams that the client takes nothing of. */
  STALL: 4,
  STREAMS: 5,
  /** A server has been silent: time to ask it for a sign of life, or to give up waiting for that. */
  PING: 6,
} as const;

const KINDS = 7;

export class Http2Deadlines {
  private readonly connection: StreamConnection;
  /** Monotonic milliseconds by `Due`; 0: none. */
  private readonly dueMs = new Float64Array(KINDS);
  private armedMs = 0;

  constructor(connection: StreamConnection) {
    this.connection = connection;
  }

  /** 0: never. */
  set(kind: number, atMs: number): void {
    this.dueMs[kind] = atMs;
    this.arm(atMs);
  }

  isSet(kind: number): boolean {
    return this.dueMs[kind] !== 0;
  }

  /** Moves it to an earlier time only. */
  bringForward(kind: number, atMs: number): void {
    const before = this.dueMs[kind];
    if (before === 0 || atMs < before) this.set(kind, atMs);
  }

  /** Whether that one has passed; it is cleared then. */
  takeDue(kind: number, now: number): boolean {
    const at = this.dueMs[kind];
    if (at === 0 || at > now) return false;
    this.dueMs[kind] = 0;
    return true;
  }

  /** To be called when the connection's deadline has passed and all that is due has been taken. */
  rearm(): void {
    this.armedMs = 0;
    for (let kind = 0; kind < KINDS; kind++) this.arm(this.dueMs[kind]);
  }

  private arm(atMs: number): void {
    if (atMs === 0 || (this.armedMs !== 0 && atMs >= this.armedMs)) return;
    this.armedMs = atMs;
    this.connection.expireAt(atMs);
  }
}
