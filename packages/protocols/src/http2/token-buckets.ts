// Token buckets of one connection, several kinds side by side: how often something may happen, over a time that the caller
// gives. No clock of its own. Allocates two arrays when made, nothing later.

/** `burst` at once, and `perSecond` in the long run. A burst of Infinity switches the limit off. */
export interface FrameRate {
  readonly burst: number;
  readonly perSecond: number;
}

export class TokenBuckets {
  private readonly rates: readonly FrameRate[];
  private readonly tokens: Float64Array;
  private readonly filledAtMs: Float64Array;

  constructor(rates: readonly FrameRate[], now: number) {
    this.rates = rates;
    this.tokens = Float64Array.from(rates, (rate) => rate.burst);
    this.filledAtMs = new Float64Array(rates.length).fill(now);
  }

  /** Takes a token; false when there is none. `now` in milliseconds; a clock that goes back gives nothing. */
  take(kind: number, now: number): boolean {
    const { burst, perSecond } = this.rates[kind];
    const elapsedMs = now - this.filledAtMs[kind];
    let tokens = this.tokens[kind];
    if (elapsedMs > 0) {
      tokens = Math.min(burst, tokens + (elapsedMs * perSecond) / 1000);
      this.filledAtMs[kind] = now;
    }
    const enough = tokens >= 1;
    this.tokens[kind] = enough ? tokens - 1 : tokens;
    return enough;
  }

  /** Gives tokens for something useful that the peer did; never more than the burst. */
  credit(kind: number, count: number): void {
    this.tokens[kind] = Math.min(this.rates[kind].burst, this.tokens[kind] + count);
  }
}
