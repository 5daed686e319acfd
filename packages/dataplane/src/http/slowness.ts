// How long a peer may still be slow: time runs off while it is, and is earned back by bytes. A peer at the least rate or above it
// keeps all of its grace, one that stands still has used it up when it is over. Numbers only; allocated once per connection that
// is busy for long.

export class Slowness {
  private readonly bytesPerSecond: number;
  private readonly graceMs: number;
  private leftMs: number;
  /** Bytes moved when it was looked at last; -1: it has not been yet. */
  private lastBytes = -1;

  constructor(bytesPerSecond: number, graceMs: number) {
    this.bytesPerSecond = bytesPerSecond;
    this.graceMs = graceMs;
    this.leftMs = graceMs;
  }

  /** Nothing is asked of the peer now. */
  reset(): void {
    this.leftMs = this.graceMs;
    this.lastBytes = -1;
  }

  /**
   * Looks at the peer again. The first look after `reset` only begins.
   * @param bytes moved since the connection began. @param elapsedMs since the last look; 0 when it was not the peer's time.
   * @returns false when its grace is used up.
   */
  look(bytes: number, elapsedMs: number): boolean {
    if (this.lastBytes === -1) {
      this.lastBytes = bytes;
      return true;
    }
    const earnedMs = ((bytes - this.lastBytes) / this.bytesPerSecond) * 1000;
    this.lastBytes = bytes;
    this.leftMs = Math.min(this.graceMs, this.leftMs - elapsedMs + earnedMs);
    return this.leftMs > 0;
  }
}
