// One metric with values that were collected just now, in the form that prom-client prints. Counts nothing itself.

import {
  Gauge,
  type MetricObjectWithValues,
  type MetricType,
  type MetricValueWithName,
  type Registry,
} from 'prom-client';

export type Labels = Readonly<Record<string, string>>;

export interface CollectedValue {
  readonly value: number;
  readonly labels: Labels;
  /** Where it is not that of the metric: the parts of a histogram. */
  readonly metricName?: string;
}

export interface CollectedFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly CollectedValue[];
}

/** Puts it into the registry; a family without values is not there at all. */
export function registerFamily(registry: Registry, family: CollectedFamily): void {
  if (family.values.length > 0) registry.registerMetric(new CollectedMetric(family));
}

/** A gauge by birth, as it asks the least of its constructor. */
class CollectedMetric extends Gauge {
  private readonly family: CollectedFamily;

  constructor(family: CollectedFamily) {
    super({ name: family.name, help: family.help, registers: [] });
    this.family = family;
  }

  override async get(): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    const { name, help, type, values } = this.family;
    return {
      name,
      help,
      // The printed word; the published type says that it is a number.
      type: type as unknown as MetricType,
      aggregator: 'sum',
      collect: () => {},
      values: values as MetricValueWithName<string>[],
    };
  }
}
