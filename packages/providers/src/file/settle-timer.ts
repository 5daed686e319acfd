// Turns a burst of change notifications into one call: after a quiet moment, yet never later than a fixed limit,
// so that a file written without pause cannot keep its provider from looking. Knows nothing of files.

export interface SettleTimerOptions {
  /** Milliseconds without a notification before `act` is called. */
  readonly quietMs: number;
  /** Longest time a notification waits, in milliseconds. */
  readonly limitMs: number;
  readonly act: () => void;
}

export class SettleTimer {
  private readonly options: SettleTimerOptions;
  private timer: NodeJS.Timeout | undefined;
  /** When the oldest waiting notification came (`performance.now()`), or undefined when none waits. */
  private waitingSince: number | undefined;

  constructor(options: SettleTimerOptions) {
    this.options = options;
  }

  notify(): void {
    const now = performance.now();
    this.waitingSince ??= now;
    const left = this.waitingSince + this.options.limitMs - now;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fire(), Math.max(0, Math.min(this.options.quietMs, left)));
  }

  /** Forgets what waits. The timer can be used again. */
  cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.waitingSince = undefined;
  }

  private fire(): void {
    this.cancel();
    this.options.act();
  }
}
