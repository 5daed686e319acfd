// Waits for something to become true, and says what did not.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

const PROBE_INTERVAL_MS = 20;

/** Passes once `probe` gives true. */
export async function eventually(
  what: string,
  probe: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await probe())) {
    assert.ok(performance.now() < deadline, `not in time: ${what}`);
    await sleep(PROBE_INTERVAL_MS);
  }
}
