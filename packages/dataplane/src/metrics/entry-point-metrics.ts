// What a worker counts for one entry point: its requests, and its open connections. Made once per worker.

import type { MetricRows, RequestSeries, TlsSeries } from '@sluice/observability/metrics';
import { MetricKind } from '@sluice/shared-state';
import { LimitMetrics } from './limit-metrics.ts';
import { TcpCounts } from './tcp-counts.ts';

export class EntryPointMetrics {
  /** Undefined when requests are not counted by entry point. */
  readonly requests: RequestSeries | undefined;
  /** The same for requests over TLS. */
  readonly tls: TlsSeries | undefined;
  /** Requests that no router takes are counted. */
  readonly observesUnmatched: boolean;
  readonly limits: LimitMetrics;
  /** Of its TCP routers; undefined when they are not counted by entry point. */
  readonly tcp: TcpCounts | undefined;
  private readonly rows: MetricRows;
  private readonly connectionsRow: number;

  /** @param name its `nameHash`. */
  constructor(
    rows: MetricRows,
    name: number,
    requests: RequestSeries | undefined,
    tls: TlsSeries | undefined,
    { observesUnmatched, countsTcp }: { readonly observesUnmatched: boolean; readonly countsTcp: boolean },
  ) {
    this.rows = rows;
    this.requests = requests;
    this.tls = tls;
    this.observesUnmatched = observesUnmatched;
    const { TCP_ENTRY_POINT_CONNECTIONS: connections, TCP_ENTRY_POINT_BYTES: bytes } = MetricKind;
    this.tcp = countsTcp ? new TcpCounts(rows, { connections, bytes, name, other: 0 }) : undefined;
    this.limits = new LimitMetrics(rows, MetricKind.ENTRY_POINT_LIMIT_REACHED, name);
    this.connectionsRow = rows.rowFor({ kind: MetricKind.OPEN_CONNECTIONS, name, other: 0, labels: 0, text: '' });
  }

  connectionOpened(): void {
    this.rows.block.add(this.connectionsRow, 1);
  }

  connectionClosed(): void {
    this.rows.block.add(this.connectionsRow, -1);
  }
}
