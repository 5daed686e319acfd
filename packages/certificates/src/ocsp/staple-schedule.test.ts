import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refreshMs, retryMs, stapleEndMs } from './staple-schedule.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const NOW = 1_800_000_000_000;

const staple = (thisUpdateMs: number, nextUpdateMs: number | undefined) => ({
  der: Buffer.alloc(0),
  isRevoked: false,
  thisUpdateMs,
  nextUpdateMs,
});

test('renewed when half its life is over, give or take what chance says', () => {
  const fresh = staple(NOW, NOW + 96 * HOUR_MS);
  assert.equal(refreshMs(fresh, NOW, 0.5), NOW + 48 * HOUR_MS);
  assert.equal(refreshMs(fresh, NOW, 0), NOW + 48 * HOUR_MS * 0.9);
  assert.equal(refreshMs(fresh, NOW, 1), NOW + 48 * HOUR_MS * 1.1);
  assert.ok(refreshMs(fresh, NOW, 1) < stapleEndMs(fresh, NOW));
});

test('one that is old when it comes is not asked for again at once', () => {
  assert.equal(refreshMs(staple(NOW - 90 * HOUR_MS, NOW + HOUR_MS), NOW, 0.5), NOW + MINUTE_MS);
});

test('one without an end is asked for every hour, and sent for a day', () => {
  assert.equal(refreshMs(staple(NOW, undefined), NOW, 0.5), NOW + HOUR_MS);
  assert.equal(stapleEndMs(staple(NOW - HOUR_MS, undefined), NOW), NOW + 24 * HOUR_MS);
  assert.equal(stapleEndMs(staple(NOW, NOW + 5), NOW), NOW + 5);
});

test('failures are repeated ever more rarely, up to an hour', () => {
  const pauses = [1, 2, 3, 4, 5, 100, 100_000].map((failures) => (retryMs(failures, NOW, 0.5) - NOW) / MINUTE_MS);
  assert.deepEqual(pauses, [5, 10, 20, 40, 60, 60, 60]);
});
