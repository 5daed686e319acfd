import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../test/support/eventually.ts';
import { CheckQueue } from './check-queue.ts';

/** None of them becomes patient while a test lasts. */
const IMPATIENT = { startedMax: 10, patientAfterMs: 60_000 };

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
  const queue = new CheckQueue({ ...IMPATIENT, runningMax: 2 });
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
  const queue = new CheckQueue({ ...IMPATIENT, runningMax: 1 });
  const [first, second, third] = [makeJob(), makeJob(), makeJob()];
  for (const job of [first, second, third]) queue.add(job.run);
  queue.remove(second.run);
  first.finish();
  await new Promise(setImmediate);
  assert.equal(second.started, false);
  assert.equal(third.started, true);
});

test('those that wait for an answer make room for others, up to a bound', async () => {
  const queue = new CheckQueue({ runningMax: 1, startedMax: 2, patientAfterMs: 20 });
  const jobs = [makeJob(), makeJob(), makeJob()];
  for (const job of jobs) queue.add(job.run);
  const started = () => jobs.map((job) => job.started).join();
  assert.equal(started(), 'true,false,false');
  await eventually('the second one runs', () => jobs[1]!.started);
  assert.equal(queue.running, 2);
  await sleep(60);
  assert.equal(started(), 'true,true,false');
  jobs[0]!.finish();
  await eventually('the third one runs', () => jobs[2]!.started);
  for (const job of jobs) job.finish();
  await eventually('all have ended', () => queue.running === 0);
  const next = [makeJob(), makeJob()];
  for (const job of next) queue.add(job.run);
  assert.deepEqual(
    next.map((job) => job.started),
    [true, false],
    'nothing is left over of the patient ones',
  );
  for (const job of next) job.finish();
});
