import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Throttle } from './throttle.ts';

test('the first passes at once; then one per interval, the newest', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const delivered: number[] = [];
  const throttle = new Throttle<number>(2000, (value) => delivered.push(value));
  throttle.offer(1);
  throttle.offer(2);
  throttle.offer(3);
  assert.deepEqual(delivered, [1]);
  context.mock.timers.tick(1999);
  assert.deepEqual(delivered, [1]);
  context.mock.timers.tick(1);
  assert.deepEqual(delivered, [1, 3]);
  throttle.offer(4);
  assert.deepEqual(delivered, [1, 3], 'what waited starts an interval too');
  context.mock.timers.tick(2000);
  assert.deepEqual(delivered, [1, 3, 4]);
  context.mock.timers.tick(10_000);
  throttle.offer(5);
  assert.deepEqual(delivered, [1, 3, 4, 5], 'after a quiet interval nothing waits');
});

test('without an interval everything passes; after close nothing does', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const delivered: number[] = [];
  const open = new Throttle<number>(0, (value) => delivered.push(value));
  open.offer(1);
  open.offer(2);
  const closing = new Throttle<number>(100, (value) => delivered.push(value));
  closing.offer(3);
  closing.offer(4);
  closing.close();
  closing.offer(5);
  context.mock.timers.tick(1000);
  assert.deepEqual(delivered, [1, 2, 3]);
});
