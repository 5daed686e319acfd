// Numbers for the names of entry points, routers and services, the same in every process and revision without being handed
// out by anybody.

import { hash } from 'node:crypto';

/**
 * 53 bits of a cryptographic hash, as an integer that a float64 holds exactly; never 0, which stands for no name. Among a
 * million names, two share a number with a chance of 1 in 18,000, and would then share their counters, nothing else.
 */
export function nameHash(name: string): number {
  const bytes = hash('sha256', name, 'buffer');
  return bytes.readUInt32LE(0) + (bytes.readUInt32LE(4) & 0x1f_ffff) * 2 ** 32 || 1;
}
