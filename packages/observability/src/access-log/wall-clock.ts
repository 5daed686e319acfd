// From the monotonic clock, which durations are measured with, to the time of day, for lines. Follows the system's clock when
// that is set, within a second.

/** Differences below this are the clocks' own grain. */
const STEP_MS = 2;
const CHECK_INTERVAL_MS = 1_000;

export interface Clocks {
  /** Monotonic milliseconds with a fraction. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970, UTC. */
  readonly wall: () => number;
}

const SYSTEM: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

export class WallClock {
  private readonly clocks: Clocks;
  private offsetMs: number;
  private checkedAtMs: number;

  constructor(clocks: Clocks = SYSTEM) {
    this.clocks = clocks;
    this.checkedAtMs = clocks.monotonic();
    this.offsetMs = clocks.wall() - this.checkedAtMs;
  }

  /** Milliseconds since 1970 of a moment of the monotonic clock that is not far away. */
  at(monotonicMs: number): number {
    if (monotonicMs - this.checkedAtMs > CHECK_INTERVAL_MS) this.follow();
    return this.offsetMs + monotonicMs;
  }

  private follow(): void {
    const { monotonic, wall } = this.clocks;
    this.checkedAtMs = monotonic();
    const offsetMs = wall() - this.checkedAtMs;
    if (Math.abs(offsetMs - this.offsetMs) > STEP_MS) this.offsetMs = offsetMs;
  }
}
