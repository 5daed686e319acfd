// When a staple is fetched again and until when it may be sent. Pure: time and chance come from outside, in milliseconds.

import type { Staple } from './verify-staple.ts';

/** Without `nextUpdate` a response is asked for in every round; one that came is sent no longer than this. */
const LIFE_WITHOUT_END_MS = 24 * 3_600_000;
const ROUND_MS = 3_600_000;
const RETRY_FIRST_MS = 5 * 60_000;
const PAUSE_MIN_MS = 60_000;
/** The part of a pause that chance may add or take, so that certificates do not all come at once. */
const JITTER = 0.1;

/** Clients may refuse it from then on. */
export function stapleEndMs({ nextUpdateMs }: Staple, fetchedMs: number): number {
  return nextUpdateMs ?? fetchedMs + LIFE_WITHOUT_END_MS;
}

/** Half of its life is over. @param chance 0 to 1 */
export function refreshMs({ thisUpdateMs, nextUpdateMs }: Staple, nowMs: number, chance: number): number {
  const half = nextUpdateMs === undefined ? nowMs + ROUND_MS : (thisUpdateMs + nextUpdateMs) / 2;
  return nowMs + jittered(Math.max(half - nowMs, PAUSE_MIN_MS), chance);
}

/** Five minutes after the first failure, then twice as long each time, up to an hour. @param failures in a row, at least 1 */
export function retryMs(failures: number, nowMs: number, chance: number): number {
  return nowMs + jittered(Math.min(RETRY_FIRST_MS * 2 ** Math.min(failures - 1, 10), ROUND_MS), chance);
}

function jittered(pauseMs: number, chance: number): number {
  return pauseMs * (1 + JITTER * (2 * chance - 1));
}
