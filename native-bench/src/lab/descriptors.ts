// The limit of open descriptors that programs of the benchmark are started with.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Enough for the largest scenario: ten thousand clients, a connection to the server for each in the worst case. */
const OPEN_FILES_WANTED = 65_536;

/** As many as wanted where this process may raise its hard limit (containers often forbid it even to root), otherwise that. */
export function openFilesLimit(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const wanted = `--nofile=${OPEN_FILES_WANTED}:${OPEN_FILES_WANTED}`;
  const { status } = spawnSync('prlimit', [wanted, 'true'], { stdio: 'ignore' });
  return status === 0 ? OPEN_FILES_WANTED : Math.min(OPEN_FILES_WANTED, hardLimitIn(limits));
}

/** Text of `/proc/<pid>/limits`. */
export function hardLimitIn(limits: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '1024';
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}
