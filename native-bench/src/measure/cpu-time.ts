// Processor time of a process with all its descendants and threads, as a difference of two readings.
// The scheduler's own count of each thread is in nanoseconds; clock ticks (10 ms) are used when threads or processes
// have ended in between, because only they go on counting those.

import { readdirSync, readFileSync } from 'node:fs';
import { type ProcessStat, readTree, TICK_US } from '../lab/process-table.ts';

export interface CpuReading {
  /** Nanoseconds on a processor since the start of each thread that lives, by `<pid>/<tid>`. */
  readonly threads: ReadonlyMap<string, number>;
  /** Clock ticks of everything: living processes, their ended threads, their ended and awaited children. */
  readonly ticks: number;
}

export interface CpuUse {
  readonly microseconds: number;
  /** Nanoseconds of the scheduler, or clock ticks of 10 ms. */
  readonly source: 'schedstat' | 'ticks';
}

export function readCpu(root: number): CpuReading {
  const tree = readTree(root);
  const threads = new Map<string, number>();
  for (const { pid } of tree) addThreads(threads, pid);
  return { threads, ticks: ticksOf(tree) };
}

export function ticksOf(tree: readonly ProcessStat[]): number {
  return tree.reduce((sum, { ticks, childrenTicks }) => sum + ticks + childrenTicks, 0);
}

/** `/proc/<pid>/task/<tid>/schedstat`: time on a processor, time waiting for one (nanoseconds), times scheduled. */
export function parseSchedstat(text: string): number {
  return Number.parseInt(text, 10);
}

export function cpuBetween(before: CpuReading, after: CpuReading): CpuUse {
  let nanoseconds = 0;
  for (const [thread, value] of after.threads) nanoseconds += value - (before.threads.get(thread) ?? 0);
  const allLive = [...before.threads.keys()].every((thread) => after.threads.has(thread));
  const fromTicks = (after.ticks - before.ticks) * TICK_US;
  // A thread that came and went between the readings is in neither of them, but in the ticks.
  const isComplete = allLive && fromTicks - nanoseconds / 1000 < MISSED_MAX_TICKS * TICK_US;
  return isComplete
    ? { microseconds: nanoseconds / 1000, source: 'schedstat' }
    : { microseconds: fromTicks, source: 'ticks' };
}

/** Ticks are rounded for each process; more difference than that is something that has ended. */
const MISSED_MAX_TICKS = 5;

function addThreads(threads: Map<string, number>, pid: number): void {
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
      threads.set(`${pid}/${thread}`, parseSchedstat(text));
    }
  } catch {
    // It has ended meanwhile.
  }
}
