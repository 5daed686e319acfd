// What the kernel says about a process: is it there, its descriptors, maps, memory, processor time and connections.
// Reads /proc only.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Kernels count processor time in hundredths of a second for programs, whatever they use themselves. */
const TICK_MS = 10;

/** False for a process that has ended and waits for its parent. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Its children, not theirs. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

/** 0 for a process that is gone. */
function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Link targets of the open descriptors. */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => {
    try {
      return [readlinkSync(`${folder}/${name}`)];
    } catch {
      return [];
    }
  });
}

/** Maps whose file name contains the text. */
export function mapsOf(pid: number, name: string): string[] {
  return readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .filter((line) => line.includes(name));
}

/** Kibibytes, summed up over all maps whose file name contains the text. */
export interface MapMemory {
  readonly maps: number;
  readonly size: number;
  readonly rss: number;
  readonly pss: number;
  readonly shared: number;
  readonly privateDirty: number;
  readonly privateClean: number;
}

export function mapMemoryOf(pid: number, name: string): MapMemory {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  const wanted = blocks.filter((block) => block.slice(0, block.indexOf('\n')).includes(name));
  const sum = (field: string) => wanted.reduce((total, block) => total + kibibytes(block, field), 0);
  return {
    maps: wanted.length,
    size: sum('Size'),
    rss: sum('Rss'),
    pss: sum('Pss'),
    shared: sum('Shared_Clean') + sum('Shared_Dirty'),
    privateDirty: sum('Private_Dirty'),
    privateClean: sum('Private_Clean'),
  };
}

/** Of the whole process, in kibibytes: what it would give back if it ended, and its resident memory. */
export function memoryOf(pid: number): { readonly unique: number; readonly pss: number; readonly rss: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const unique = kibibytes(rollup, 'Private_Clean') + kibibytes(rollup, 'Private_Dirty');
  return { unique, pss: kibibytes(rollup, 'Pss'), rss: kibibytes(rollup, 'Rss') };
}

/**
 * Proportional memory of the process in kibibytes, without file-backed pages: those are programs and libraries, and how many
 * others have them mapped at the moment decides what falls to this one.
 */
export function ownMemoryOf(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return kibibytes(rollup, 'Pss_Anon') + kibibytes(rollup, 'Pss_Shmem');
}

/** User and system time together, in milliseconds; resolution 10. */
export function processorMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may contain anything; fields 14 and 15 of the whole line are the times.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Ports of the peers of the established connections that the process has accepted on a local IPv4 port. */
export function clientPortsOf(pid: number, port: number): Set<number> {
  const inodes = new Set(descriptorsOf(pid).flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
  const ports = new Set<number>();
  for (const line of readFileSync(`/proc/${pid}/net/tcp`, 'utf8').split('\n').slice(1)) {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
    if (portOf(local) === port && inodes.has(inode) && portOf(remote) !== 0) ports.add(portOf(remote));
  }
  return ports;
}

/** Connections to a local IPv4 port that neither end has begun to close. */
export function establishedOn(port: number): number {
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => {
      return state === '01' && portOf(local) === port;
    }).length;
}

function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}

function kibibytes(block: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(block)?.[1] ?? 0);
}
