// The part of its weight that a server has which came up a short while ago: 10 % at first, all of it at the end. All workers see the
// same, as the moment is in shared memory. Servers that came up together have equal parts: what is started at once shares evenly.

import type { ServerStatus } from '@sluice/shared-state';

/** What a server has at once: enough to warm it, and never nothing. */
const FIRST_PART = 0.1;

export interface SlowStartOptions {
  /** 0: none. */
  readonly durationMs: number;
  /** Milliseconds of CLOCK_MONOTONIC, by default what the status block counts in. Asked on the hot path: must be cheap. */
  readonly now: () => number;
}

export class SlowStart {
  private readonly status: ServerStatus;
  private readonly durationMs: number;
  private readonly now: () => number;

  constructor(status: ServerStatus, { durationMs, now }: SlowStartOptions) {
    this.status = status;
    this.durationMs = durationMs;
    this.now = now;
  }

  /** For a server that is up: above 0, at most 1. */
  factor(statusRow: number): number {
    const passed = this.status.upForMs(statusRow, this.now()) / this.durationMs;
    return passed >= 1 ? 1 : FIRST_PART + (1 - FIRST_PART) * passed;
  }
}

/** Undefined when nothing starts slowly, which is the usual case and costs nothing. */
export function slowStartOf(status: ServerStatus, options: SlowStartOptions | undefined): SlowStart | undefined {
  return options === undefined || options.durationMs <= 0 ? undefined : new SlowStart(status, options);
}
