import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartDelay } from './restart-delay.ts';

test('at once after the first crash, then 100 ms doubling up to 5 s', () => {
  const delay = new RestartDelay();
  const delays = Array.from({ length: 9 }, () => delay.afterCrash(0));
  assert.deepEqual(delays, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  for (let i = 0; i < 5000; i++) delay.afterCrash(9999);
  assert.equal(delay.afterCrash(9999), 5000);
});

test('a worker that served for 10 s clears the history', () => {
  const delay = new RestartDelay();
  for (let i = 0; i < 5; i++) delay.afterCrash(0);
  assert.equal(delay.afterCrash(10_000), 0);
  assert.equal(delay.afterCrash(0), 100);
});
