// Planned routers of TCP and UDP that stay the same objects from one compilation to the next. Must not be asked across a change of the
// router's own configuration.

import type { PlannedTcpRouter, PlannedUdpRouter } from './configuration-objects.ts';

/** The same object as before when nothing has changed: what a writer keeps beside it stays of use. */
export function reused<Planned extends PlannedTcpRouter | PlannedUdpRouter>(
  known: readonly Planned[],
  wanted: Planned,
): Planned {
  const last = known.find(({ matchIndex }) => matchIndex === wanted.matchIndex);
  return last !== undefined && isSame(last, wanted) ? last : wanted;
}

/** The rest follows from the configuration, with which what is known goes. */
function isSame(a: PlannedTcpRouter | PlannedUdpRouter, b: PlannedTcpRouter | PlannedUdpRouter): boolean {
  if (a.service !== b.service) return false;
  if (!('tls' in a && 'tls' in b)) return true;
  return a.tls === b.tls && a.middlewares.join() === b.middlewares.join();
}
