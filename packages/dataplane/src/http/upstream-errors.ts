// From what the transport and the codec say of an upstream connection to entries of the error catalogue.

import { constants } from 'node:os';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import { HeadError } from '@sluice/protocols';

const { ECONNREFUSED, ETIMEDOUT, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
/** Ours, not the server's fault. */
const LOCAL_SHORTAGES: ReadonlySet<number> = new Set([EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM]);

export function connectError(errno: number): CatalogueEntry {
  if (errno === ECONNREFUSED) return Errors.UPSTREAM_CONNECT_REFUSED;
  if (errno === ETIMEDOUT) return Errors.UPSTREAM_CONNECT_TIMEOUT;
  return LOCAL_SHORTAGES.has(errno) ? Errors.LOCAL_RESOURCES_EXHAUSTED : Errors.UPSTREAM_CONNECT_FAILED;
}

/**
 * What `transport.connect` threw says that descriptors or seats are short, which idle connections hold. Ports are not among these:
 * they are short for one server at a time, and an idle connection to that one would have been used.
 */
export function isHeldByIdle(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EMFILE' || code === 'ENFILE' || code === 'ENOBUFS';
}

/** What `transport.connect` threw. */
export function connectFailure(error: unknown): CatalogueEntry {
  const name = (error as NodeJS.ErrnoException).code as keyof typeof constants.errno;
  return connectError(constants.errno[name] ?? 0);
}

/** The connection ended before a response head. */
export function lostError(errno: number): CatalogueEntry {
  return errno === 0 ? Errors.UPSTREAM_CLOSED_BEFORE_HEAD : Errors.UPSTREAM_RESET_BEFORE_HEAD;
}

export function responseHeadError(code: number): CatalogueEntry {
  return code === HeadError.HEAD_TOO_LARGE || code === HeadError.TOO_MANY_FIELDS
    ? Errors.UPSTREAM_HEAD_TOO_LARGE
    : Errors.UPSTREAM_MALFORMED_RESPONSE;
}

/** `code` is the resolver's. */
export function resolveError(code: string): CatalogueEntry {
  return code === 'EAI_AGAIN' || code === 'ETIMEOUT' ? Errors.UPSTREAM_NAME_TIMEOUT : Errors.UPSTREAM_NAME_NOT_RESOLVED;
}
