// Entry points of a router that names none (http-routing.md section 8).

import type { EntryPointConfiguration } from '../model/static-configuration.ts';

/** Name of the entry point for internal routers: never a default one. */
export const INTERNAL_ENTRY_POINT = 'traefik';

/** Those marked `asDefault`, or else all but the internal one; sorted by name. */
export function defaultEntryPoints(entryPoints: Readonly<Record<string, EntryPointConfiguration>>): string[] {
  const names = Object.keys(entryPoints).filter((name) => name !== INTERNAL_ENTRY_POINT);
  const marked = names.filter((name) => entryPoints[name]!.asDefault);
  return (marked.length > 0 ? marked : names).sort();
}
