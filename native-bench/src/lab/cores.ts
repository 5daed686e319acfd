// Which processor does what: the proxy has its own, load generator and upstream server share or have the others. Only reads.

import { readFileSync } from 'node:fs';

export interface Cores {
  /** One: everything of the proxy, all its processes and threads. */
  readonly proxy: readonly number[];
  readonly load: readonly number[];
  readonly upstream: readonly number[];
  /** For measurements with two workers: two of the proxy's own when there are four, otherwise all. */
  readonly two: readonly number[];
  /** False when load and upstream compete with two workers for the same processors. */
  readonly twoAreApart: boolean;
}

/** @throws Error when there is only one. */
export function chooseCores(allowed: readonly number[] = allowedCores()): Cores {
  const [first, second, third] = allowed;
  if (first === undefined || second === undefined) {
    throw new Error('the benchmark needs two processors: one for the proxy, one for load generator and upstream');
  }
  const load = [allowed.at(-1)!];
  const twoAreApart = allowed.length >= 4;
  return {
    proxy: [first],
    load,
    upstream: third === undefined ? load : [allowed.at(-2)!],
    two: twoAreApart ? [first, second] : allowed,
    twoAreApart,
  };
}

/** Numbers of the processors this process may use. */
export function allowedCores(): number[] {
  const status = readFileSync('/proc/self/status', 'latin1');
  return parseCoreList(/^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? '');
}

/** `0-2,5` → 0, 1, 2, 5. */
export function parseCoreList(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    if (part === '' || first === undefined || last === undefined) return [];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
