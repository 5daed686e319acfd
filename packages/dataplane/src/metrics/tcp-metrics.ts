// What a worker counts of TCP routers and services, by name across revisions: connections outlive those. Runs a few times per
// connection, and once in a while for those that are open; allocates when a name is new.

import type { CatalogueEntry, ErrorCode } from '@sluice/errors';
import { KeyedRow, type MetricRows, type MetricsSettings } from '@sluice/observability/metrics';
import { MetricKind, nameHash, TCP_CONNECT_FAILURE_LABELS, type TcpConnectFailureLabel } from '@sluice/shared-state';
import { TcpCounts } from './tcp-counts.ts';

const FAILURE_OF: { readonly [Code in ErrorCode]?: TcpConnectFailureLabel } = {
  UPSTREAM_CONNECT_REFUSED: 'refused',
  UPSTREAM_CONNECT_TIMEOUT: 'timeout',
  UPSTREAM_WENT_DOWN: 'timeout',
  UPSTREAM_CONNECT_FAILED: 'unreachable',
  UPSTREAM_NAME_NOT_RESOLVED: 'name',
  UPSTREAM_NAME_TIMEOUT: 'name',
  UPSTREAM_CERTIFICATE_UNTRUSTED: 'tls',
  UPSTREAM_CERTIFICATE_NAME: 'tls',
  UPSTREAM_NOT_TLS: 'tls',
  UPSTREAM_TLS_FAILED: 'tls',
  UPSTREAM_TLS_TIMEOUT: 'tls',
  UPSTREAM_TLS_SETTINGS: 'tls',
  UPSTREAM_STARTTLS_REFUSED: 'tls',
  UPSTREAM_QUEUE_FULL: 'queue',
  UPSTREAM_QUEUE_TIMEOUT: 'queue',
  LOCAL_RESOURCES_EXHAUSTED: 'local',
};

/** Of one router with one service. */
export class TcpRouterMetrics {
  readonly counts: TcpCounts;
  open = 0;
  private readonly openRow: KeyedRow;

  constructor(rows: MetricRows, name: number, other: number) {
    const { TCP_ROUTER_CONNECTIONS: connections, TCP_ROUTER_BYTES: bytes } = MetricKind;
    this.counts = new TcpCounts(rows, { connections, bytes, name, other });
    this.openRow = new KeyedRow(rows, { kind: MetricKind.TCP_ROUTER_OPEN_CONNECTIONS, name, other });
  }

  opened(): void {
    this.openRow.set(++this.open);
  }

  closed(): void {
    this.openRow.set(--this.open);
  }
}

interface ServiceRows {
  readonly connects: KeyedRow;
  /** By position of the label. */
  readonly failures: (KeyedRow | undefined)[];
}

export class TcpMetrics {
  private readonly rows: MetricRows;
  private readonly settings: MetricsSettings;
  private readonly routers = new Map<string, TcpRouterMetrics>();
  private readonly services = new Map<string, ServiceRows>();

  constructor(rows: MetricRows, settings: MetricsSettings) {
    this.rows = rows;
    this.settings = settings;
  }

  /** To be asked for each connection, and held until its end. @returns undefined when routers are not counted. */
  ofRouter(router: string, service: string): TcpRouterMetrics | undefined {
    if (!this.settings.routers) return undefined;
    const key = `${router}\n${service}`;
    let found = this.routers.get(key);
    if (found === undefined) {
      found = new TcpRouterMetrics(this.rows, nameHash(router), nameHash(service));
      this.routers.set(key, found);
    }
    return found;
  }

  connected(service: string, connectMs: number): void {
    if (this.settings.services) this.ofService(service).connects.observe(connectMs / 1000);
  }

  connectFailed(service: string, { code }: CatalogueEntry): void {
    if (!this.settings.services) return;
    const labels = TCP_CONNECT_FAILURE_LABELS.indexOf(FAILURE_OF[code as ErrorCode] ?? 'other');
    const { failures } = this.ofService(service);
    const kind = MetricKind.TCP_SERVICE_CONNECT_FAILURES;
    failures[labels] ??= new KeyedRow(this.rows, { kind, name: nameHash(service), labels });
    failures[labels].add(1);
  }

  /** Forgets what nobody is connected through: names come and go. Called now and then. */
  sweep(): void {
    for (const [key, { open }] of this.routers) if (open === 0) this.routers.delete(key);
    this.services.clear();
  }

  private ofService(service: string): ServiceRows {
    let found = this.services.get(service);
    if (found === undefined) {
      const connects = new KeyedRow(this.rows, { kind: MetricKind.TCP_SERVICE_CONNECTS, name: nameHash(service) });
      found = { connects, failures: TCP_CONNECT_FAILURE_LABELS.map(() => undefined) };
      this.services.set(service, found);
    }
    return found;
  }
}
