// How long a stopping node accepts and waits. Workers drain all entry points together, so the longest of each time counts; within
// it they keep to what each entry point says.

import type { StaticConfiguration } from '@sluice/config';

export interface LifeCycle {
  readonly acceptGraceMs: number;
  readonly graceMs: number;
}

/** Maximum over the entry points of `requestAcceptGraceTimeout`, and of `graceTimeOut` and `tunnelGraceTimeOut` together. */
export function lifeCycleOf({ entryPoints }: StaticConfiguration): LifeCycle {
  const lifeCycles = Object.values(entryPoints).map(({ transport }) => transport.lifeCycle);
  return {
    acceptGraceMs: Math.max(0, ...lifeCycles.map(({ requestAcceptGraceTimeout }) => requestAcceptGraceTimeout)),
    graceMs: Math.max(
      0,
      ...lifeCycles.flatMap(({ graceTimeOut, tunnelGraceTimeOut = 0 }) => [graceTimeOut, tunnelGraceTimeOut]),
    ),
  };
}
