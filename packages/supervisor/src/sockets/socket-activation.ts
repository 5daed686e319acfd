// Sockets of TCP and UDP that a service manager passed in (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; sd_listen_fds(3)).
// A socket belongs to the entry point whose name it carries; the address of the entry point is not compared, as the
// administrator has chosen the socket.

import type { EntryPointAddress } from '@sluice/config';
import { closeDescriptor } from '@sluice/native';
import type { Logger } from 'pino';
import { adoptSocket, type BoundSocket } from './bound-socket.ts';

const FIRST_DESCRIPTOR = 3;
/** More than anybody passes; a wrong number must not make us touch descriptors of our own. */
const DESCRIPTORS_MAX = 512;

/** Variables that speak to the supervisor alone: no child may see them. */
export const SERVICE_MANAGER_VARIABLES = [
  'LISTEN_PID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
] as const;

export interface PassedDescriptor {
  readonly name: string;
  readonly descriptor: number;
}

/** What was passed to this very process; nothing when the variables are absent or meant for another one. */
export function passedDescriptors(env: NodeJS.ProcessEnv, pid: number): PassedDescriptor[] {
  if (env.LISTEN_PID !== String(pid) || !/^\d{1,3}$/.test(env.LISTEN_FDS ?? '')) return [];
  const count = Math.min(Number(env.LISTEN_FDS), DESCRIPTORS_MAX);
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, index) => ({
    name: names[index] || 'unknown',
    descriptor: FIRST_DESCRIPTOR + index,
  }));
}

/**
 * Sockets by entry point. Others are closed with a warning: nobody would ever accept from them here.
 * @param protocols by name of the entry point
 */
export function adoptPassed(
  passed: readonly PassedDescriptor[],
  protocols: ReadonlyMap<string, EntryPointAddress['protocol']>,
  log: Pick<Logger, 'warn'>,
): Map<string, BoundSocket[]> {
  const sockets = new Map<string, BoundSocket[]>();
  for (const { name, descriptor } of passed) {
    const protocol = protocols.get(name);
    if (protocol === undefined) {
      log.warn(
        { name, entryPoints: [...protocols.keys()] },
        'a passed socket is not used: no entry point has its name',
      );
      closeQuietly(descriptor);
      continue;
    }
    try {
      sockets.set(name, [...(sockets.get(name) ?? []), adoptSocket(descriptor, protocol)]);
    } catch (error) {
      log.warn(
        { name, reason: (error as Error).message },
        protocol === 'tcp'
          ? 'a passed socket is not used: it must be a listening stream socket'
          : 'a passed socket is not used: it must be a socket of UDP',
      );
      closeQuietly(descriptor);
    }
  }
  return sockets;
}

function closeQuietly(descriptor: number): void {
  try {
    closeDescriptor(descriptor);
  } catch {
    // The service manager announced a descriptor that it did not pass.
  }
}
