// Opens listening sockets of TCP, or bound ones of UDP, for one entry point and turns what the kernel answers into one sentence.
// Which sockets are needed, and whose they are, is decided elsewhere.

import { lookup } from 'node:dns/promises';
import { type EntryPointAddress, parseEntryPointAddress } from '@sluice/config';
import { Errors } from '@sluice/errors';
import { closeDescriptor, createDatagramSocket, createListeningSocket } from '@sluice/native';
import { StartError } from '../start-error.ts';
import type { BoundSocket } from './bound-socket.ts';

/** Accepted connections: first probe after 3 minutes of silence (static-config.md section 2), broken 2 minutes later. */
const KEEP_ALIVE = { idleS: 180, intervalS: 15, count: 9 } as const;

export interface BindTarget {
  readonly entryPoint: string;
  /** As configured, for messages. */
  readonly address: string;
  /** An address without brackets; empty: all. */
  readonly host: string;
  readonly port: number;
  readonly protocol: EntryPointAddress['protocol'];
}

/** Names are resolved once, here. @throws StartError */
export async function bindTargetOf(entryPoint: string, address: string): Promise<BindTarget> {
  const parts: EntryPointAddress | string = parseEntryPointAddress(address);
  if (typeof parts === 'string')
    throw new StartError(`the address "${address}" of entry point "${entryPoint}" ${parts}`);
  const { host, port, protocol } = parts;
  if (host === '' || host.includes(':')) return { entryPoint, address, host, port, protocol };
  try {
    const found = await lookup(host, { order: 'ipv4first' });
    return { entryPoint, address, host: found.address, port, protocol };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `${subject(entryPoint, address)}: the host is not known (${code})`,
      Errors.LISTEN_FAILED,
      error,
    );
  }
}

/** One of several sockets of ours on the address. @throws StartError */
export function bindShared(target: BindTarget, port: number): BoundSocket {
  return bind(target, port, true);
}

/**
 * Refuses an address that somebody else listens on: our own sockets may share it with each other, which would also let
 * them share it silently with another program of the same user.
 * @throws StartError
 */
export function requireUnused(target: BindTarget): void {
  if (target.port === 0) return;
  closeDescriptor(bind(target, target.port, false).descriptor);
}

export function isAddressInUse(error: unknown): boolean {
  return error instanceof StartError && error.entry === Errors.LISTEN_ADDRESS_IN_USE;
}

function bind(target: BindTarget, port: number, reusePort: boolean): BoundSocket {
  const { host, protocol } = target;
  try {
    return protocol === 'udp'
      ? createDatagramSocket({ host, port, reusePort })
      : createListeningSocket({ host, port, reusePort, keepAlive: KEEP_ALIVE });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const start = subject(target.entryPoint, target.address);
    if (code === 'EADDRINUSE') {
      throw new StartError(`${start}: the address is in use (${code})`, Errors.LISTEN_ADDRESS_IN_USE, error);
    }
    if (code === 'EACCES' || code === 'EPERM') {
      throw new StartError(`${start}: not permitted (${code})`, Errors.LISTEN_NOT_PERMITTED, error);
    }
    throw new StartError(`${start}: ${message} (${code})`, Errors.LISTEN_FAILED, error);
  }
}

function subject(entryPoint: string, address: string): string {
  return `the entry point "${entryPoint}" cannot listen on "${address}"`;
}
