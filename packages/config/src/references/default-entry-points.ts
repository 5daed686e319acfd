// Entry points of a router that names none (http-routing.md section 8, tcp-udp.md section 2), and which of them are of UDP.

import type { EntryPointConfiguration } from '../model/static-configuration.ts';

/** Name of the entry point for internal routers: never a default one. */
export const INTERNAL_ENTRY_POINT = 'traefik';

type EntryPoints = Readonly<Record<string, Pick<EntryPointConfiguration, 'address' | 'asDefault'>>>;

/** For HTTP and TCP: those marked `asDefault`, or else all but the internal one; sorted by name. */
export function defaultEntryPoints(entryPoints: EntryPoints): string[] {
  const names = tcpEntryPoints(entryPoints).filter((name) => name !== INTERNAL_ENTRY_POINT);
  const marked = names.filter((name) => entryPoints[name]!.asDefault);
  return (marked.length > 0 ? marked : names).sort();
}

export function tcpEntryPoints(entryPoints: EntryPoints): string[] {
  return Object.keys(entryPoints).filter((name) => !isUdp(entryPoints[name]!));
}

/** All of them take routers of UDP that name none; sorted by name. */
export function udpEntryPoints(entryPoints: EntryPoints): string[] {
  return Object.keys(entryPoints)
    .filter((name) => isUdp(entryPoints[name]!))
    .sort();
}

export function isUdp({ address }: Pick<EntryPointConfiguration, 'address'>): boolean {
  return /\/udp$/i.test(address);
}
