// Resident memory of a process with all its descendants. Shared pages: RSS counts them in every process that maps them,
// PSS divides them among all that do, so that the sum over a family is what it really takes.

import { readFileSync } from 'node:fs';
import { readTree } from '../lab/process-table.ts';

export interface Memory {
  readonly rssBytes: number;
  readonly pssBytes: number;
}

export function readMemory(root: number): Memory {
  let rssBytes = 0;
  let pssBytes = 0;
  for (const { pid } of readTree(root)) {
    const memory = memoryOf(pid);
    rssBytes += memory.rssBytes;
    pssBytes += memory.pssBytes;
  }
  return { rssBytes, pssBytes };
}

/** Text of `/proc/<pid>/smaps_rollup`. */
export function parseRollup(text: string): Memory {
  const bytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
  return { rssBytes: bytes('Rss'), pssBytes: bytes('Pss') };
}

function memoryOf(pid: number): Memory {
  try {
    return parseRollup(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
  } catch {
    // It has ended meanwhile.
    return { rssBytes: 0, pssBytes: 0 };
  }
}
