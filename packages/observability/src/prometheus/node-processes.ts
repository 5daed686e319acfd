// The `process_*` metrics of a node: its supervisor and workers together, as to whoever looks at it they are one program.
// Reads /proc; Linux counts processor time in hundredths of a second there.

import { readdirSync, readFileSync } from 'node:fs';
import type { CollectedFamily } from './collected-metric.ts';

const TICKS_PER_SECOND = 100;

interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  readonly openDescriptors: number;
  readonly descriptorsMax: number;
}

export class NodeProcesses {
  private readonly startSeconds = Date.now() / 1000 - process.uptime();
  /** Processor time by process id, as last seen. */
  private readonly running = new Map<number, number>();
  private endedCpuSeconds = 0;

  /** @param pids of the node now. What processes that are gone have used still counts, as far as it was seen. */
  families(pids: readonly number[]): CollectedFamily[] {
    const facts = pids.flatMap((pid) => {
      const found = readFacts(pid);
      if (found !== undefined) this.running.set(pid, found.cpuSeconds);
      return found ?? [];
    });
    for (const [pid, seconds] of this.running) {
      if (pids.includes(pid)) continue;
      this.running.delete(pid);
      this.endedCpuSeconds += seconds;
    }
    const cpu = [...this.running.values()].reduce((total, seconds) => total + seconds, this.endedCpuSeconds);
    const sum = (what: keyof ProcessFacts) => facts.reduce((total, each) => total + each[what], 0);
    return [
      one('process_cpu_seconds_total', 'counter', 'User and system processor time in seconds.', cpu),
      one('process_open_fds', 'gauge', 'Open file descriptors.', sum('openDescriptors')),
      one('process_max_fds', 'gauge', 'File descriptors that may be open.', sum('descriptorsMax')),
      one('process_virtual_memory_bytes', 'gauge', 'Virtual memory.', sum('virtualBytes')),
      one('process_resident_memory_bytes', 'gauge', 'Resident memory.', sum('residentBytes')),
      one(
        'process_start_time_seconds',
        'gauge',
        'When the supervisor was started, in Unix seconds.',
        this.startSeconds,
      ),
    ];
  }
}

function one(name: string, type: CollectedFamily['type'], help: string, value: number): CollectedFamily {
  return { name, help: `${help} Supervisor and workers together.`, type, values: [{ value, labels: {} }] };
}

/** Undefined when the process is gone. */
function readFacts(pid: number): ProcessFacts | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    // The name of the program is in parentheses and may have any characters.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'));
    return {
      cpuSeconds: (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND,
      residentBytes: kilobytes(status, 'VmRSS'),
      virtualBytes: kilobytes(status, 'VmSize'),
      openDescriptors: readdirSync(`/proc/${pid}/fd`).length,
      descriptorsMax: Number(limit?.[1] ?? 0),
    };
  } catch {
    return undefined;
  }
}

function kilobytes(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
}
