// How the connections of clients lie on the processes of a proxy: who has accepted how many on one local port. Reads /proc; parsing
// apart from reading, so that it can be tested.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { readTree } from '../lab/process-table.ts';

const ESTABLISHED = '01';

/** Of the process and everything below it, those without connections included. */
export function clientsByProcess(root: number, port: number): number[] {
  const inodes = establishedOn(readFileSync('/proc/net/tcp', 'latin1'), port);
  return readTree(root).map(({ pid }) => socketsOf(pid).filter((inode) => inodes.has(inode)).length);
}

/** Inodes of the established connections on a local port, in the text of /proc/net/tcp. */
export function establishedOn(table: string, port: number): Set<string> {
  const inodes = new Set<string>();
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    if (state === ESTABLISHED && Number.parseInt(local.slice(local.indexOf(':') + 1), 16) === port) inodes.add(inode);
  }
  return inodes;
}

/** The fullest of `workers` in multiples of their mean: 1 is even, `workers` is everything on one. */
export function unevenness(counts: readonly number[], workers: number): number {
  const sum = counts.reduce((total, count) => total + count, 0);
  return sum === 0 ? 0 : (Math.max(...counts) * workers) / sum;
}

function socketsOf(pid: number): string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((name) => inodeOf(`${folder}/${name}`) ?? []);
  } catch {
    return []; // It has ended meanwhile.
  }
}

function inodeOf(path: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(path))?.[1];
  } catch {
    return undefined;
  }
}
