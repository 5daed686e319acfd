// Opens listening sockets for one entry point and turns what the kernel answers into one sentence.
// Which sockets are needed, and whose they are, is decided elsewhere.

import { lookup } from 'node:dns/promises';
import { type EntryPointAddress, parseEntryPointAddress } from '@sluice/config';
import { Errors } from '@sluice/errors';
import { closeDescriptor, createListeningSocket, type ListeningSocket } from '@sluice/native';
import { StartError } from '../start-error.ts';

/** Accepted connections: first probe after 3 minutes of silence (static-config.md section 2), broken 2 minutes later. */
const KEEP_ALIVE = { idleS: 180, intervalS: 15, count: 9 } as const;

export interface BindTarget {
  readonly entryPoint: string;
  /** As configured, for messages. */
  readonly address: string;
  /** An address without brackets; empty: all. */
  readonly host: string;
  readonly port: number;
}

/** Names are resolved once, here. @throws StartError */
export async function bindTargetOf(entryPoint: string, address: string): Promise<BindTarget> {
  const parts: EntryPointAddress | string = parseEntryPointAddress(address);
  if (typeof parts === 'string')
    throw new StartError(`the address "${address}" of entry point "${entryPoint}" ${parts}`);
  if (parts.protocol !== 'tcp') {
    throw new StartError(`the entry point "${entryPoint}" asks for ${parts.protocol} ("${address}"); tcp is supported`);
  }
  const { host, port } = parts;
  if (host === '' || host.includes(':')) return { entryPoint, address, host, port };
  try {
    const found = await lookup(host, { order: 'ipv4first' });
    return { entryPoint, address, host: found.address, port };
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
export function bindShared(target: BindTarget, port: number): ListeningSocket {
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

function bind(target: BindTarget, port: number, reusePort: boolean): ListeningSocket {
  try {
    return createListeningSocket({ host: target.host, port, reusePort, keepAlive: KEEP_ALIVE });
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
