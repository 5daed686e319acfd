// Waits for something to become true, and says what did not.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const PROBE_INTERVAL_MS = 10;

/** Passes once `probe` gives true. @returns how long it took, in milliseconds. */
export async function eventually(
  what: string | (() => string),
  probe: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<number> {
  const start = performance.now();
  while (!(await probe())) {
    const spent = performance.now() - start;
    assert.ok(spent < timeoutMs, `not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`);
    await sleep(PROBE_INTERVAL_MS);
  }
  return performance.now() - start;
}
