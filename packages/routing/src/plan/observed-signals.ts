// Which signals look at the requests of a router, as bits: what router and entry point say, resolved once when a
// configuration is compiled. Whether a signal is switched on at all is not decided here.

import type { EntryPointConfiguration, RouterConfiguration } from '@sluice/config';

/** Bits of `RouterRecord.observedSignals`. */
export const ObservedSignal = { ACCESS_LOGS: 1, METRICS: 2 } as const;

export type SignalSwitches = EntryPointConfiguration['observability'];

/** What the entry point says holds for its routers, key by key, as long as they say nothing themselves. */
export function observedSignals(ofEntryPoint: SignalSwitches, ofRouter?: RouterConfiguration['observability']): number {
  let signals = 0;
  if (ofRouter?.accessLogs ?? ofEntryPoint.accessLogs) signals |= ObservedSignal.ACCESS_LOGS;
  if (ofRouter?.metrics ?? ofEntryPoint.metrics) signals |= ObservedSignal.METRICS;
  return signals;
}
