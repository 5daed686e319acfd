// How many clients a worker may have at a time. Each may need a connection to a server: a worker that let clients take all
// descriptors could serve none of them. Those beyond wait in the kernel's queue.

import { readdirSync, readFileSync } from 'node:fs';

/** Besides connections: snapshots on their way, log files opened anew, questions of a supervisor, name lookups. */
const SPARE_DESCRIPTORS = 24;

/**
 * Half of what is left for connections, at least 1.
 * @param connectionsMax seats of the transport, both sides together.
 * @param descriptorsMax of the process.
 * @param descriptorsOpen before the first connection.
 */
export function clientsMax(connectionsMax: number, descriptorsMax: number, descriptorsOpen: number): number {
  const left = Math.min(connectionsMax, descriptorsMax - descriptorsOpen - SPARE_DESCRIPTORS);
  return Math.max(1, Math.floor(left / 2));
}

/** The same with the numbers of this process. */
export function ownClientsMax(connectionsMax: number): number {
  const descriptorsMax = openFilesMax(readFileSync('/proc/self/limits', 'utf8'));
  return clientsMax(connectionsMax, descriptorsMax, readdirSync('/proc/self/fd').length);
}

/** The soft limit; Node has raised it to the hard one. */
export function openFilesMax(limits: string): number {
  const soft = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
