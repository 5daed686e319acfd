// What a worker counts, by the settings that the supervisor passed in: hands out the series of entry points and of routes.
// Nothing here runs per request.

import { MetricRows, type MetricsSettings, RequestSeries, TlsSeries } from '@sluice/observability/metrics';
import { ObservedSignal } from '@sluice/routing/snapshot';
import { MetricKind, type MetricsBlock, nameHash } from '@sluice/shared-state';
import { isForwardedField } from '../http/forwarded-fields.ts';
import { FlowMetrics } from '../udp/flow-metrics.ts';
import { ConnectionMetrics } from './connection-metrics.ts';
import { EntryPointMetrics } from './entry-point-metrics.ts';
import { TcpMetrics } from './tcp-metrics.ts';

/** Ends the names of services of the program itself. */
const INTERNAL_SUFFIX = '@internal';

/** Of one router in one revision: a later one has series of its own, on the same rows. */
export interface RouteMetrics {
  readonly router: RequestSeries | undefined;
  readonly service: RequestSeries | undefined;
  /** The same for requests over TLS. */
  readonly routerTls: TlsSeries | undefined;
  readonly serviceTls: TlsSeries | undefined;
  /** Undefined when services are not counted. */
  readonly connections: ConnectionMetrics | undefined;
}

export class WorkerMetrics {
  /** Request fields (lower case) whose values are labels. */
  readonly headers: readonly string[];
  /** Some of them are ours to set. */
  readonly showsForwardedFields: boolean;
  /** Room for these values in one row. */
  readonly textBytes: number;
  readonly tcp: TcpMetrics;
  private readonly rows: MetricRows;
  private readonly settings: MetricsSettings;

  /** @param block of this worker's slot; nobody else writes to it now. */
  constructor(block: MetricsBlock, settings: MetricsSettings) {
    this.rows = new MetricRows(block);
    this.settings = settings;
    this.headers = settings.headers;
    this.showsForwardedFields = settings.headers.some(isForwardedField);
    this.textBytes = block.textBytes;
    this.tcp = new TcpMetrics(this.rows, settings);
  }

  /** @param observesUnmatched what no router of HTTP takes is counted, and so are connections of TCP routers */
  ofEntryPoint(name: string, observesUnmatched: boolean): EntryPointMetrics {
    const hash = nameHash(name);
    const { entryPoints } = this.settings;
    const requests = entryPoints ? this.series(MetricKind.ENTRY_POINT_REQUESTS, hash, 0) : undefined;
    const tls = entryPoints ? this.tls(MetricKind.ENTRY_POINT_TLS_REQUESTS, hash, 0) : undefined;
    return new EntryPointMetrics(this.rows, hash, requests, tls, {
      observesUnmatched,
      countsTcp: entryPoints && observesUnmatched,
    });
  }

  /** @returns undefined when its requests are not counted at all. */
  ofRoute(router: string, service: string, observedSignals: number): RouteMetrics | undefined {
    const { routers, services, internals } = this.settings;
    if ((observedSignals & ObservedSignal.METRICS) === 0) return undefined;
    if (!internals && service.endsWith(INTERNAL_SUFFIX)) return undefined;
    const serviceHash = nameHash(service);
    return {
      router: routers ? this.series(MetricKind.ROUTER_REQUESTS, nameHash(router), serviceHash) : undefined,
      service: services ? this.series(MetricKind.SERVICE_REQUESTS, serviceHash, 0) : undefined,
      routerTls: routers ? this.tls(MetricKind.ROUTER_TLS_REQUESTS, nameHash(router), serviceHash) : undefined,
      serviceTls: services ? this.tls(MetricKind.SERVICE_TLS_REQUESTS, serviceHash, 0) : undefined,
      connections: services ? new ConnectionMetrics(this.rows, serviceHash) : undefined,
    };
  }

  /** Of a UDP entry point. */
  ofFlows(name: string): FlowMetrics {
    return new FlowMetrics(this.rows, nameHash(name));
  }

  private tls(kind: number, name: number, other: number): TlsSeries {
    return new TlsSeries(this.rows, { kind, name, other });
  }

  private series(kind: number, name: number, other: number): RequestSeries {
    return new RequestSeries(this.rows, { kind, name, other });
  }
}
