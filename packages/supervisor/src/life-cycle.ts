// How long a stopping node accepts and waits. Workers drain all entry points together, so the longest of each time counts.

import type { StaticConfiguration } from '@sluice/config';

export interface LifeCycle {
  readonly acceptGraceMs: number;
  readonly graceMs: number;
}

/** Maximum over the entry points of `requestAcceptGraceTimeout` and `graceTimeOut`. */
export function lifeCycleOf({ entryPoints }: StaticConfiguration): LifeCycle {
  const lifeCycles = Object.values(entryPoints).map(({ transport }) => transport.lifeCycle);
  return {
    acceptGraceMs: Math.max(0, ...lifeCycles.map(({ requestAcceptGraceTimeout }) => requestAcceptGraceTimeout)),
    graceMs: Math.max(0, ...lifeCycles.map(({ graceTimeOut }) => graceTimeOut)),
  };
}
