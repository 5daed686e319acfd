// Reads the shared memory of a running node from outside: copies of its control, status and limits blocks, taken through /proc.
// Copies are as old as the call; nothing is written.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { ControlBlock, LimitsBlock, ServerStatus, type SlotLoad } from '@sluice/shared-state';

/** @param pid of the supervisor, or of a worker of it. */
export function controlOf(pid: number): ControlBlock {
  return new ControlBlock(copyOf(pid, 'sluice-control'));
}

/** What is limited over all workers. */
export function limitsOf(pid: number): LimitsBlock {
  return new LimitsBlock(copyOf(pid, 'sluice-limits'));
}

/** How many clients each slot has. */
export function loadOf(pid: number): SlotLoad {
  return limitsOf(pid).load;
}

/** Exchanges that the node counts as running, over all servers and slots. */
export function inFlightOf(pid: number): number {
  const { slots } = controlOf(pid);
  const status = new ServerStatus(copyOf(pid, 'sluice-status'), slots);
  let sum = 0;
  for (let row = 0; row < status.rows; row++) sum += status.inFlight(row);
  return sum;
}

function copyOf(pid: number, name: string): ArrayBuffer {
  const folder = `/proc/${pid}/fd`;
  for (const descriptor of readdirSync(folder)) {
    const path = `${folder}/${descriptor}`;
    if (!targetOf(path).startsWith(`/memfd:${name} `)) continue;
    const bytes = readFileSync(path);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  }
  throw new Error(`process ${pid} has no descriptor of ${name}`);
}

function targetOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
