// The deadlines of many streams on the one deadline of their connection. Setting one costs a comparison; a walk over all streams
// happens when the earliest is due, which may have been moved meanwhile. Allocates nothing.

export interface ExpiringStream {
  /** Monotonic milliseconds; 0: never. Written by `StreamDeadlines` only. */
  expiresAtMs: number;
  onExpired(): void;
}

export class StreamDeadlines {
  /** When to look next; 0: there is nothing to look for. May be too early, never too late. */
  earliestMs = 0;

  /** @returns true when `earliestMs` is earlier than before: the connection is to be woken then. */
  set(stream: ExpiringStream, atMs: number): boolean {
    stream.expiresAtMs = atMs;
    if (atMs === 0 || (this.earliestMs !== 0 && this.earliestMs <= atMs)) return false;
    this.earliestMs = atMs;
    return true;
  }

  /** Calls those that are due, in order of their slots; they may end themselves and others. */
  expire(streams: readonly (ExpiringStream | undefined)[], nowMs: number): void {
    if (this.earliestMs === 0 || nowMs < this.earliestMs) return;
    for (let slot = 0; slot < streams.length; slot++) {
      const stream = streams[slot];
      if (stream === undefined || stream.expiresAtMs === 0 || stream.expiresAtMs > nowMs) continue;
      stream.expiresAtMs = 0;
      stream.onExpired();
    }
    this.earliestMs = 0;
    for (let slot = 0; slot < streams.length; slot++) {
      const atMs = streams[slot]?.expiresAtMs ?? 0;
      if (atMs !== 0 && (this.earliestMs === 0 || atMs < this.earliestMs)) this.earliestMs = atMs;
    }
  }
}
