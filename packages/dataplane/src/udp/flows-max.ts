// How many UDP flows a worker may have at a time: each has a descriptor of its own, and connections need theirs.

import { readFileSync } from 'node:fs';
import { openFilesMax } from '../listen/clients-max.ts';

/** Some 20 MiB of our memory and 150 MiB of the kernel's. */
const FLOWS_MAX = 65_536;
const SHARE = 1 / 4;

export function flowsMax(descriptorsMax: number): number {
  return Math.max(1, Math.min(FLOWS_MAX, Math.floor(descriptorsMax * SHARE)));
}

/** With the number of this process. */
export function ownFlowsMax(): number {
  return flowsMax(openFilesMax(readFileSync('/proc/self/limits', 'utf8')));
}
