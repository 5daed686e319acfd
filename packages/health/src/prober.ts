// What a schedule needs of a check: to carry it out for one server, and to end it. One prober for each kind of check. Types, and the
// bounds that hold for all of them.

import type { CheckOutcome } from './http-check.ts';

export interface Prober {
  /** Why no check can succeed, or undefined. */
  readonly problem: string | undefined;
  /** Never rejects. Not called again before it has ended. */
  run(): Promise<CheckOutcome>;
  /** Ends a check under way, with an outcome that is worthless. Nothing is run after this. */
  close(): void;
}

/** Timers' own limit. */
export const DELAY_MAX_MS = 2 ** 31 - 1;
const TIMEOUT_DEFAULT_MS = 5_000;

/** Decoding replaces such values and says so; here they must only never become no time at all, or a timer that fires at once. */
export function checkTimeoutMs(configured: number): number {
  return Math.min(configured > 0 ? configured : TIMEOUT_DEFAULT_MS, DELAY_MAX_MS);
}
