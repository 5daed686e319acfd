// Which of the two clocks a difference comes from, and that it agrees with what a process has really used.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CpuReading, cpuBetween, parseSchedstat, readCpu } from './cpu-time.ts';

const reading = (threads: Record<string, number>, ticks: number): CpuReading => ({
  threads: new Map(Object.entries(threads)),
  ticks,
});

test('the first number of schedstat', () => {
  assert.equal(parseSchedstat('135573 2305352 2\n'), 135573);
});

test('threads are summed up; new ones count from their start', () => {
  const use = cpuBetween(reading({ '1/1': 5_000 }, 0), reading({ '1/1': 25_000, '1/2': 10_000 }, 0));
  assert.deepEqual(use, { microseconds: 30, source: 'schedstat' });
});

test('ticks, when a thread is gone', () => {
  const use = cpuBetween(reading({ '1/1': 5_000, '2/2': 9_000 }, 10), reading({ '1/1': 6_000 }, 13));
  assert.deepEqual(use, { microseconds: 30_000, source: 'ticks' });
});

test('ticks, when something has come and gone in between', () => {
  const use = cpuBetween(reading({ '1/1': 0 }, 0), reading({ '1/1': 10_000_000 }, 40));
  assert.deepEqual(use, { microseconds: 400_000, source: 'ticks' });
});

test('agrees with the process itself', () => {
  const before = readCpu(process.pid);
  const own = process.cpuUsage();
  const end = performance.now() + 150;
  while (performance.now() < end) Math.sqrt(end);
  const { user, system } = process.cpuUsage(own);
  const { microseconds } = cpuBetween(before, readCpu(process.pid));
  assert.ok(Math.abs(microseconds - user - system) < 50_000, `${microseconds} ${user + system}`);
});
