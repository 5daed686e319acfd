// The processor time of one thread, exact enough for pieces of work of a few microseconds. Says nothing of the time of day.

import { loadAddon } from './addon.ts';

interface Face {
  threadCpuTime(): number;
}

/** Microseconds, with fractions, that the calling thread has been on a processor since it began, in user and in kernel mode. */
export function threadCpuUs(): number {
  return loadAddon<Face>().threadCpuTime();
}
