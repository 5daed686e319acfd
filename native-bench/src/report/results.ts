// The results of a run as they are saved (results.json), and medians read from them. Data only.

import type { Metric, Sample } from './metrics.ts';
import { type Summary, summarise } from './statistics.ts';

export interface RunResults {
  readonly environment: Environment;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
  readonly scenarios: readonly ScenarioResults[];
}

export interface Environment {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly kernel: string;
  /** Which one, and its congestion control. */
  readonly network: string;
  readonly processor: string;
  readonly cores: { readonly proxy: string; readonly load: string; readonly upstream: string; readonly two: string };
  /** Load and upstream share processors with two workers. */
  readonly twoShare: boolean;
  readonly node: string;
  /** Load generators, as each says it itself; h2load where a scenario needs it. */
  readonly wrk: string;
  readonly h2load?: string;
  /** What all clients and all proxies have in common in TLS; absent where no scenario has any. */
  readonly tls?: string;
  /** By name, as each says it itself. */
  readonly proxies: Readonly<Record<string, string>>;
  /** By name: how each is configured, and why. */
  readonly choices: Readonly<Record<string, readonly string[]>>;
  /** Average runnable processes over one minute, before and after: above 1 somebody else was at work. */
  readonly loadAverage: { readonly before: number; readonly after: number };
}

export interface ScenarioResults {
  readonly name: string;
  readonly summary: string;
  readonly metrics: readonly Metric[];
  readonly subjects: readonly SubjectResults[];
}

export interface SubjectResults {
  readonly label: string;
  readonly proxy: string;
  readonly variant: string;
  /** One for each round that succeeded. */
  readonly samples: readonly Sample[];
  /** One sentence for each round that did not. */
  readonly failures: readonly string[];
}

/** Undefined when no sample has that number. */
export function summaryOf({ samples }: SubjectResults, metric: Metric): Summary | undefined {
  const values = samples.flatMap((sample) => sample[metric] ?? []);
  return values.length === 0 ? undefined : summarise(values);
}

/** What a subject is compared with: Sluice in the same variant. Undefined for Sluice itself. */
export function counterpartOf(scenario: ScenarioResults, subject: SubjectResults): SubjectResults | undefined {
  if (subject.proxy === 'sluice') return undefined;
  return scenario.subjects.find(({ proxy, variant }) => proxy === 'sluice' && variant === subject.variant);
}

export function failuresOf({ scenarios }: RunResults): string[] {
  return scenarios.flatMap(({ name, subjects }) =>
    subjects.flatMap(({ label, failures }) => failures.map((failure) => `${name}, ${label}: ${failure}`)),
  );
}
