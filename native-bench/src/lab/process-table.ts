// What /proc says about processes: parents, start times, processor ticks. Parsing apart from reading, so that it can be
// tested. Knows nothing of what the processes are for.

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Z and X are dead. */
  readonly state: string;
  /** User and system time of all its threads, ended ones included; clock ticks. */
  readonly ticks: number;
  /** The same of children that have ended and were waited for, and of theirs; clock ticks. */
  readonly childrenTicks: number;
  /** Since boot, in clock ticks: tells a process from a later one with the same number. */
  readonly startedTicks: number;
}

/** Microseconds in one clock tick as /proc shows it: USER_HZ is 100 on x64 and arm64, whatever the kernel uses itself. */
export const TICK_US = 10_000;

/** One line of `/proc/<pid>/stat` (proc(5)). @throws Error when it is no such line. */
export function parseStat(text: string): ProcessStat {
  // The name stands in parentheses and may contain anything.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  if (nameEnd === -1 || fields.length < 20) throw new Error(`not a line of /proc/<pid>/stat: ${text.slice(0, 80)}`);
  const number = (index: number) => Number(fields[index]);
  return {
    pid: Number.parseInt(text, 10),
    state: fields[0]!,
    parent: number(1),
    ticks: number(11) + number(12),
    childrenTicks: number(13) + number(14),
    startedTicks: number(19),
  };
}

/** Undefined when there is no such process, or it waits for its parent to notice its end. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    const stat = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return stat.state === 'Z' || stat.state === 'X' ? undefined : stat;
  } catch {
    return undefined;
  }
}

/** The process and everything below it that lives, parents before children. */
export function readTree(root: number): ProcessStat[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return treeOf(
    root,
    pids.flatMap((pid) => readStat(Number(pid)) ?? []),
  );
}

export function treeOf(root: number, all: readonly ProcessStat[]): ProcessStat[] {
  const tree = all.filter(({ pid }) => pid === root);
  for (let i = 0; i < tree.length; i++) tree.push(...all.filter(({ parent }) => parent === tree[i]!.pid));
  return tree;
}
