// Fields that belong to one connection and never travel further (RFC 9110 §7.6.1; reference/http-services §10).

import { connectionNamesFields, connectionOptions, FIELD_NAMES, Field, type HeaderTable } from '@sluice/protocols';
import { isForwardedField } from './forwarded-fields.ts';

const ALWAYS_REMOVED = [
  Field.CONNECTION,
  Field.PROXY_CONNECTION,
  Field.KEEP_ALIVE,
  Field.PROXY_AUTHENTICATE,
  Field.PROXY_AUTHORIZATION,
  Field.TE,
  Field.TRAILER,
  Field.TRANSFER_ENCODING,
  Field.UPGRADE,
];
const ALWAYS_REMOVED_MASK = ALWAYS_REMOVED.reduce((mask: number, id) => mask | (1 << id), 0);

/** Options that name no header field to remove. */
const PLAIN_OPTIONS: ReadonlySet<string> = new Set(['close', 'keep-alive', 'upgrade']);

/**
 * Removes the fields which `Connection` names. Managed forwarding fields cannot be removed that way, nor those in `kept`
 * (lower case), nor the ones that frame the message or name its host.
 */
export function removeConnectionOptions(head: HeaderTable, kept: readonly string[]): void {
  if (!connectionNamesFields(head)) return;
  for (const option of connectionOptions(head)) {
    if (PLAIN_OPTIONS.has(option) || isProtected(option) || kept.includes(option)) continue;
    head.remove(option);
  }
}

const ADDED_REMOVED: ReadonlySet<string> = new Set([...ALWAYS_REMOVED.map((id) => FIELD_NAMES[id]), 'content-length']);

/**
 * Removes the fixed list. What must be said on the next connection is added by the writers. Fields that were added lose
 * their Content-Length too: how a message is framed is not for middlewares to say.
 */
export function removeHopByHop(head: HeaderTable): void {
  for (let i = head.addedNames.length - 1; i >= 0; i--) {
    if (ADDED_REMOVED.has(head.addedLowerNames[i])) head.removeAddedAt(i);
  }
  if ((head.receivedIds & ALWAYS_REMOVED_MASK) === 0) return;
  for (const id of ALWAYS_REMOVED) head.removeId(id);
}

/** `Connection: Host` and the like are attacks on the next server's framing or routing, not wishes. */
function isProtected(option: string): boolean {
  return option === 'host' || option === 'content-length' || option === 'transfer-encoding' || isForwardedField(option);
}
