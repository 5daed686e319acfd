import { test } from 'node:test';
import { manyRouters } from '../scenarios/many-routers.ts';

/** The promise for a worker's event loop at a switch. */
const PAUSE_MAX_US = 2_000;

for (const workers of [1, 3]) {
  test(`100,000 routers, ${workers} workers: one changes, no worker is held up`, { timeout: 300_000 }, (context) =>
    manyRouters(context, { routers: 100_000, workers, edits: 5, effectMaxMs: 30_000, pauseMaxUs: PAUSE_MAX_US }),
  );
}
