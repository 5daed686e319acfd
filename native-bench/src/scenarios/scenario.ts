// What a scenario is: whom it measures, how one measurement goes, and which numbers come out.

import type { Lab } from '../lab/lab.ts';
import type { Tool } from '../lab/tools.ts';
import type { ProxyKind, Site } from '../proxies/proxy.ts';
import type { RunningProxy } from '../proxies/running-proxy.ts';
import type { Metric, Sample } from '../report/metrics.ts';
import type { UpstreamName } from '../upstream/upstreams.ts';

export type SiteChoices = Pick<
  Site,
  'workers' | 'hosts' | 'headers' | 'connectionsMax' | 'reloads' | 'jsonLog' | 'downstream'
>;

/** One proxy in one configuration; measured once in every round. */
export interface Subject {
  readonly kind: ProxyKind;
  /** Tells several subjects of one proxy apart; empty when there is only one. Compared with the same variant of Sluice. */
  readonly variant: string;
  readonly site: SiteChoices;
  /** All its processes and threads run on these: one, or the two for two workers. */
  readonly cores: 'one' | 'two';
}

/** One measurement under way. */
export interface Trial {
  readonly lab: Lab;
  readonly proxy: RunningProxy;
  readonly subject: Subject;
  /** Its own, for scripts. */
  readonly folder: string;
}

export interface Scenario {
  readonly name: string;
  /** One sentence for lists and reports. */
  readonly summary: string;
  readonly upstream: UpstreamName;
  /** Programs it needs besides those of every run. */
  readonly tools?: readonly Tool[];
  /** Columns of its table, in order. */
  readonly metrics: readonly Metric[];
  /** Those that can take part, out of all that were asked for. */
  readonly subjects: (proxies: readonly ProxyKind[]) => Subject[];
  readonly measure: (trial: Trial) => Promise<Sample>;
  /** Seconds of load in one measurement, warm-up included, for estimates. */
  readonly loadSeconds: (seconds: number, warmUpSeconds: number) => number;
}

export const PLAIN_SITE: SiteChoices = {
  workers: 1,
  hosts: [],
  headers: 0,
  connectionsMax: 1_024,
  reloads: false,
  jsonLog: false,
  downstream: 'http',
};

/** Every proxy once, on one core. */
export function oneEach(proxies: readonly ProxyKind[], choices: Partial<SiteChoices> = {}): Subject[] {
  const site = { ...PLAIN_SITE, ...choices };
  return proxies
    .filter(({ downstreams, hostsMax }) => downstreams.includes(site.downstream) && site.hosts.length <= hostsMax)
    .filter(({ reload }) => !site.reloads || reload !== undefined)
    .map((kind) => ({ kind, variant: '', site, cores: 'one' }));
}

export function labelOf({ kind, variant }: Subject): string {
  return variant === '' ? kind.name : `${kind.name}, ${variant}`;
}
