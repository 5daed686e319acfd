// Connections of TCP routers that have ended, and their bytes: of one entry point, or of one router. Allocates a row's object when
// something happens for the first time.

import { KeyedRow, type MetricRows } from '@sluice/observability/metrics';
import { TCP_END_LABELS, type TcpEndLabel } from '@sluice/shared-state';

export interface TcpCountsKey {
  readonly connections: number;
  readonly bytes: number;
  /** `nameHash` of each; `other` 0: none. */
  readonly name: number;
  readonly other: number;
}

export class TcpCounts {
  private readonly rows: MetricRows;
  private readonly key: TcpCountsKey;
  /** By position in `TCP_END_LABELS`. */
  private readonly ended: (KeyedRow | undefined)[] = TCP_END_LABELS.map(() => undefined);
  private readonly received: KeyedRow;
  private readonly sent: KeyedRow;

  constructor(rows: MetricRows, key: TcpCountsKey) {
    const { bytes: kind, name, other } = key;
    this.rows = rows;
    this.key = key;
    this.received = new KeyedRow(rows, { kind, name, other, labels: 0 });
    this.sent = new KeyedRow(rows, { kind, name, other, labels: 1 });
  }

  end(label: TcpEndLabel): void {
    const { connections: kind, name, other } = this.key;
    const labels = TCP_END_LABELS.indexOf(label);
    this.ended[labels] ??= new KeyedRow(this.rows, { kind, name, other, labels });
    this.ended[labels].add(1);
  }

  move(receivedBytes: number, sentBytes: number): void {
    if (receivedBytes > 0) this.received.add(receivedBytes);
    if (sentBytes > 0) this.sent.add(sentBytes);
  }
}
