// Where the processes of one instance meet: file names inside its runtime directory (mode 0700).
// Names only; who creates, checks and removes the files is decided by their owners.

import { join } from 'node:path';

/** A worker's control socket, for the next supervisor. */
export function workerControlPath(runtimeDirectory: string, pid: number): string {
  return join(runtimeDirectory, `worker-${pid}.sock`);
}

/** Where a worker receives the descriptors of new snapshots. */
export function workerMailboxPath(runtimeDirectory: string, pid: number): string {
  return join(runtimeDirectory, `worker-${pid}.mailbox`);
}

/** Where a starting supervisor receives listening descriptors of earlier workers. */
export function takeoverMailboxPath(runtimeDirectory: string, pid: number): string {
  return join(runtimeDirectory, `takeover-${pid}.mailbox`);
}

/** The socket by which a live supervisor is known. */
export function supervisorControlPath(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'supervisor.sock');
}

/** Where the supervisor serves the services of the program itself; workers connect to it. */
export function adminSocketPath(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'admin.sock');
}

/** The process id in the name of a worker's control socket, or undefined for any other file name. */
export function pidOfWorkerControl(fileName: string): number | undefined {
  const match = /^worker-([1-9]\d{0,9})\.sock$/.exec(fileName);
  return match === null ? undefined : Number(match[1]);
}
