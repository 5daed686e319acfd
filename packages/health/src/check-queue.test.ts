import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CheckQueue } from './check-queue.ts';

interface Job {
  readonly run: () => Promise<void>;
  started: boolean;
  finish: () => void;
}

function makeJob(): Job {
  let finish = (): void => {};
  const promise = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const job: Job = {
    started: false,
    finish,
    run: () => {
      job.started = true;
      return promise;
    },
  };
  return job;
}

test('no more than the limit run at once, the others follow in order', async () => {
  const queue = new CheckQueue(2);
  const jobs = [makeJob(), makeJob(), makeJob(), makeJob()];
  for (const job of jobs) queue.add(job.run);
  assert.deepEqual(
    jobs.map((job) => job.started),
    [true, true, false, false],
  );
  jobs[1]!.finish();
  await new Promise(setImmediate);
  assert.deepEqual(
    jobs.map((job) => job.started),
    [true, true, true, false],
  );
  assert.equal(queue.running, 2);
  for (const job of jobs) job.finish();
  await new Promise(setImmediate);
  assert.equal(jobs[3]!.started, true);
  await new Promise(setImmediate);
  assert.equal(queue.running, 0);
});

test('a waiting job can leave', async () => {
  const queue = new CheckQueue(1);
  const [first, second, third] = [makeJob(), makeJob(), makeJob()];
  for (const job of [first, second, third]) queue.add(job.run);
  queue.remove(second.run);
  first.finish();
  await new Promise(setImmediate);
  assert.equal(second.started, false);
  assert.equal(third.started, true);
});
