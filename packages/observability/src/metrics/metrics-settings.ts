// What workers are told to count, and how big the memory for it is. The supervisor makes it from the static configuration.

import type { PrometheusConfiguration } from '@sluice/config';
import type { MetricsBlockShape } from '@sluice/shared-state';

/** Label sets of one slot; what has none counts in the overflow row. Pages are taken only for rows that are used. */
const ROWS = 65_536;
/** All header values of one row together. */
const HEADER_TEXT_BYTES = 448;

/** Plain data: it travels to the workers as JSON. */
export interface MetricsSettings {
  /** Families that are kept. */
  readonly entryPoints: boolean;
  readonly routers: boolean;
  readonly services: boolean;
  /** Routers to services of our own are counted, too. */
  readonly internals: boolean;
  /** Names of request fields (lower case) whose values are labels, in the order of their labels. */
  readonly headers: readonly string[];
}

export function metricsSettingsOf(addInternals: boolean, prometheus: PrometheusConfiguration): MetricsSettings {
  return {
    entryPoints: prometheus.addEntryPointsLabels,
    routers: prometheus.addRoutersLabels,
    services: prometheus.addServicesLabels,
    internals: addInternals,
    headers: Object.values(prometheus.headerLabels).map((name) => name.toLowerCase()),
  };
}

export function metricsBlockShapeOf({ buckets, headerLabels }: PrometheusConfiguration): MetricsBlockShape {
  const textBytes = Object.keys(headerLabels).length > 0 ? HEADER_TEXT_BYTES : 0;
  return { rows: ROWS, bounds: buckets, textBytes };
}
