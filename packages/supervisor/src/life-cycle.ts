// How long a stopping node accepts and waits. Workers drain all entry points of a kind together, so the longest of each time counts;
// within it they keep to what each entry point says.

import { type EntryPointConfiguration, isUdp, type StaticConfiguration } from '@sluice/config';
import type { DrainTimes, LifeCycle } from '@sluice/dataplane/process';

/** Of each kind: maximum over the entry points of `requestAcceptGraceTimeout`, and of `graceTimeOut` and `tunnelGraceTimeOut` together. */
export function lifeCycleOf({ entryPoints }: StaticConfiguration): LifeCycle {
  const all = Object.values(entryPoints);
  return {
    streams: longestOf(all.filter((entryPoint) => !isUdp(entryPoint))),
    datagrams: longestOf(all.filter(isUdp)),
  };
}

function longestOf(entryPoints: readonly EntryPointConfiguration[]): DrainTimes {
  const lifeCycles = entryPoints.map(({ transport }) => transport.lifeCycle);
  return {
    acceptGraceMs: Math.max(0, ...lifeCycles.map(({ requestAcceptGraceTimeout }) => requestAcceptGraceTimeout)),
    graceMs: Math.max(
      0,
      ...lifeCycles.flatMap(({ graceTimeOut, tunnelGraceTimeOut = 0 }) => [graceTimeOut, tunnelGraceTimeOut]),
    ),
  };
}
