// The metrics page: everything the node knows in numbers, in the text format of Prometheus. Collected when it is asked for; of
// requests at the same time the first one does the work. Workers are not asked: what they count lies in shared memory.

import { LIMIT_LABELS, MetricKind, type MetricsBlock } from '@sluice/shared-state';
import { Registry } from 'prom-client';
import { BlockTotals, type NamedTotal } from './block-totals.ts';
import { type CollectedFamily, type CollectedValue, registerFamily } from './collected-metric.ts';
import { flowFamilies } from './flow-families.ts';
import type { MetricNames } from './metric-names.ts';
import { requestFamilies } from './request-families.ts';
import { tcpFamilies } from './tcp-families.ts';

/** Of what is shown, the part that is not in the blocks. */
export interface NodeFacts {
  readonly configReloads: number;
  /** Unix milliseconds of the last one; 0: there was none. */
  readonly lastReloadMs: number;
  /** Servers that are checked for health. */
  readonly servers: Iterable<{ readonly service: string; readonly url: string; readonly isUp: boolean }>;
  /** That the configuration names. */
  readonly certificates: Iterable<CertificateFacts>;
  readonly slots: Iterable<SlotFacts>;
  readonly processes: readonly CollectedFamily[];
}

export interface CertificateFacts {
  readonly commonName: string;
  /** Decimal. */
  readonly serialNumber: string;
  readonly dnsNames: readonly string[];
  /** Unix milliseconds. */
  readonly notAfter: number;
}

export interface SlotFacts {
  readonly slot: number;
  /** Workers that were started because the one before had ended by itself. */
  readonly restarts: number;
  /** How long the last change of configuration kept the worker's loop busy, and the longest one since the start. */
  readonly lastPauseUs: number;
  readonly maxPauseUs: number;
  /** Lines of the access log that found no room. */
  readonly droppedLogLines: number;
}

export interface PrometheusPageOptions {
  /** One for each slot. */
  readonly blocks: readonly MetricsBlock[];
  readonly names: MetricNames;
  readonly entryPoints: readonly string[];
  readonly headerLabels: readonly string[];
  readonly facts: () => NodeFacts;
}

export class PrometheusPage {
  readonly contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  private readonly options: PrometheusPageOptions;
  private rendering: Promise<string> | undefined;

  constructor(options: PrometheusPageOptions) {
    this.options = options;
  }

  render(): Promise<string> {
    this.rendering ??= this.collect().finally(() => {
      this.rendering = undefined;
    });
    return this.rendering;
  }

  private async collect(): Promise<string> {
    const { blocks, names, headerLabels, facts } = this.options;
    const totals = new BlockTotals(blocks, names, headerLabels.length);
    const registry = new Registry();
    const bounds = Array.from(blocks[0]?.bounds ?? []);
    const node = facts();
    for (const family of [
      ...configFamilies(node),
      this.openConnections(totals),
      limitFamily(
        totals.named(MetricKind.ENTRY_POINT_LIMIT_REACHED),
        'entrypoint',
        'Clients that were turned away or cut off by a limit of the entry point.',
      ),
      ...requestFamilies(totals, { bounds, headerLabels }),
      ...flowFamilies(totals),
      serviceFamily(totals, MetricKind.SERVICE_RETRIES, 'traefik_service_retries_total', 'Requests sent again.'),
      serverUp(node),
      certificateExpiry(node),
      serviceFamily(
        totals,
        MetricKind.CONNECTIONS_REUSED,
        'sluice_service_connections_reused_total',
        'Requests sent on a connection to a server that had served another one before.',
      ),
      serviceFamily(
        totals,
        MetricKind.CONNECTIONS_OPENED,
        'sluice_service_connections_opened_total',
        'Connections to servers that were made.',
      ),
      limitFamily(
        totals.named(MetricKind.SERVICE_LIMIT_REACHED),
        'service',
        'Requests that were turned away by a limit of connections to servers.',
      ),
      ...tcpFamilies(totals, bounds),
      ...slotFamilies(node),
      counter('sluice_metrics_overflow_total', 'Counts that found no room in shared memory and are missing above.', [
        { value: totals.overflow, labels: {} },
      ]),
      ...node.processes,
    ]) {
      registerFamily(registry, family);
    }
    names.markShown();
    return await registry.metrics();
  }

  /** Every entry point from the start. */
  private openConnections(totals: BlockTotals): CollectedFamily {
    const open = new Map(this.options.entryPoints.map((name) => [name, 0]));
    for (const { name, value } of totals.named(MetricKind.OPEN_CONNECTIONS)) open.set(name, value);
    const values = [...open].map(([entrypoint, value]) => ({ value, labels: { entrypoint, protocol: 'TCP' } }));
    return gauge('traefik_open_connections', 'Client connections that are open, also idle ones.', values);
  }
}

function configFamilies({ configReloads, lastReloadMs }: NodeFacts): CollectedFamily[] {
  const last = lastReloadMs === 0 ? [] : [{ value: Math.floor(lastReloadMs / 1000), labels: {} }];
  return [
    counter('traefik_config_reloads_total', 'Dynamic configurations that came into force.', [
      { value: configReloads, labels: {} },
    ]),
    gauge('traefik_config_last_reload_success', 'When the last one came into force, in Unix seconds.', last),
  ];
}

function serverUp({ servers }: NodeFacts): CollectedFamily {
  const values = [...servers].map(({ service, url, isUp }) => ({ value: isUp ? 1 : 0, labels: { service, url } }));
  return gauge('traefik_service_server_up', 'Whether a server that is checked for health is up.', values);
}

/** Two certificates with the same labels are one series: that which expires first. */
function certificateExpiry({ certificates }: NodeFacts): CollectedFamily {
  const bySeries = new Map<string, { readonly value: number; readonly labels: Record<string, string> }>();
  for (const { commonName: cn, serialNumber: serial, dnsNames, notAfter } of certificates) {
    const labels = { cn, serial, sans: dnsNames.toSorted().join(',') };
    const value = Math.floor(notAfter / 1000);
    const key = JSON.stringify(labels);
    const known = bySeries.get(key);
    if (known === undefined || value < known.value) bySeries.set(key, { value, labels });
  }
  const help = 'When a certificate that the configuration names expires, in Unix seconds.';
  return gauge('traefik_tls_certs_not_after', help, [...bySeries.values()]);
}

function serviceFamily(totals: BlockTotals, kind: number, name: string, help: string): CollectedFamily {
  const values = [...totals.named(kind)].map(({ name: service, value }) => ({ value, labels: { service } }));
  return counter(name, help, values);
}

/** @param object what has the limits: it is part of the metric's name and the label of theirs. */
function limitFamily(totals: Iterable<NamedTotal>, object: string, help: string): CollectedFamily {
  const values = [...totals].map(({ name, labels, value }) => ({
    value,
    labels: { [object]: name, limit: LIMIT_LABELS[labels] ?? 'unknown' },
  }));
  return counter(`sluice_${object}_limit_reached_total`, help, values);
}

function slotFamilies({ slots }: NodeFacts): CollectedFamily[] {
  const all = [...slots];
  const each = (value: (facts: SlotFacts) => number) =>
    all.map((facts) => ({ value: value(facts), labels: { slot: String(facts.slot) } }));
  return [
    counter(
      'sluice_worker_restarts_total',
      'Workers that ended by themselves and were replaced.',
      each((slot) => slot.restarts),
    ),
    gauge(
      'sluice_config_switch_pause_seconds',
      'How long the last change of configuration kept the worker from anything else.',
      each((slot) => slot.lastPauseUs / 1e6),
    ),
    gauge(
      'sluice_config_switch_pause_max_seconds',
      'The longest of these pauses since the start.',
      each((slot) => slot.maxPauseUs / 1e6),
    ),
    counter(
      'sluice_access_log_dropped_lines_total',
      'Lines of the access log that were lost because what it is written to did not take them.',
      each((slot) => slot.droppedLogLines),
    ),
  ];
}

function counter(name: string, help: string, values: readonly CollectedValue[]): CollectedFamily {
  return { name, help, type: 'counter', values };
}

function gauge(name: string, help: string, values: readonly CollectedValue[]): CollectedFamily {
  return { name, help, type: 'gauge', values };
}
