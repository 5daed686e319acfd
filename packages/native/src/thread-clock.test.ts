import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadCpuUs } from './thread-clock.ts';

test('work counts, also little of it', () => {
  const from = threadCpuUs();
  let last = from;
  for (let i = 0; i < 1_000; i++) {
    const now = threadCpuUs();
    assert.ok(now > last, 'each call has taken some time');
    last = now;
  }
  const until = performance.now() + 20;
  while (performance.now() < until);
  assert.ok(threadCpuUs() > last);
});

test('waiting does not', async () => {
  const clock = performance.now();
  const from = threadCpuUs();
  await sleep(300);
  assert.ok(threadCpuUs() - from < ((performance.now() - clock) * 1_000) / 2);
});
