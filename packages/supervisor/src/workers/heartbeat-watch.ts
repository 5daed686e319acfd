// Notices a worker whose event loop stands still. Counts this process's own looks instead of comparing clocks: when the whole
// machine or process group was stopped, workers get as much time as we had.

/** Between two looks. */
export const LOOK_INTERVAL_MS = 1000;

export class HeartbeatWatch {
  private readonly looksMax: number;
  private last: number | undefined;
  private silentLooks = 0;

  /** @param silenceMaxMs silence beyond this counts as stuck; resolution is one look. */
  constructor(silenceMaxMs: number) {
    this.looksMax = Math.ceil(silenceMaxMs / LOOK_INTERVAL_MS);
  }

  /** Called once per LOOK_INTERVAL_MS. @returns true when the silence is too long. */
  look(heartbeat: number): boolean {
    if (heartbeat !== this.last) {
      this.last = heartbeat;
      this.silentLooks = 0;
      return false;
    }
    this.silentLooks++;
    return this.silentLooks > this.looksMax;
  }

  /** No look in between without a beat. */
  get isBeating(): boolean {
    return this.silentLooks <= 2;
  }

  /** Another worker has the slot. */
  reset(): void {
    this.last = undefined;
    this.silentLooks = 0;
  }
}
