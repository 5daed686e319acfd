// How long to wait before a slot gets its next worker: nothing after the first crash, then 100 ms doubling up to 5 s while
// workers keep dying young. A worker that served for 10 s clears the history.

const FIRST_DELAY_MS = 100;
const DELAY_MAX_MS = 5000;
const HEALTHY_AFTER_MS = 10_000;

export class RestartDelay {
  private crashes = 0;

  /**
   * @param servedMs how long the worker served; 0 when it never did.
   * @returns milliseconds to wait
   */
  afterCrash(servedMs: number): number {
    if (servedMs >= HEALTHY_AFTER_MS) this.crashes = 0;
    this.crashes++;
    if (this.crashes === 1) return 0;
    return Math.min(DELAY_MAX_MS, FIRST_DELAY_MS * 2 ** Math.min(this.crashes - 2, 16));
  }
}
