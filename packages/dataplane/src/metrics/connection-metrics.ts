// Connections to servers as requests of one service use them: how many were made, how often one was used again, and the limits
// that requests met. Of one router in one revision; several share their rows. Allocates nothing after the first use.

import type { MetricRows } from '@sluice/observability/metrics';
import { MetricKind, OVERFLOW_ROW } from '@sluice/shared-state';
import { LimitMetrics } from './limit-metrics.ts';

export class ConnectionMetrics {
  readonly limits: LimitMetrics;
  private readonly rows: MetricRows;
  private readonly service: number;
  private openedRow = OVERFLOW_ROW;
  private reusedRow = OVERFLOW_ROW;

  /** @param service the `nameHash` of its name. */
  constructor(rows: MetricRows, service: number) {
    this.rows = rows;
    this.service = service;
    this.limits = new LimitMetrics(rows, MetricKind.SERVICE_LIMIT_REACHED, service);
  }

  /** A connection was made. */
  opened(): void {
    if (this.openedRow === OVERFLOW_ROW) this.openedRow = this.rowOf(MetricKind.CONNECTIONS_OPENED);
    this.rows.block.add(this.openedRow, 1);
  }

  /** A request went out on a connection that had served another one. */
  reused(): void {
    if (this.reusedRow === OVERFLOW_ROW) this.reusedRow = this.rowOf(MetricKind.CONNECTIONS_REUSED);
    this.rows.block.add(this.reusedRow, 1);
  }

  private rowOf(kind: number): number {
    return this.rows.rowFor({ kind, name: this.service, other: 0, labels: 0, text: '' });
  }
}
