// Requests over TLS of one entry point, router or service in one worker, by version and cipher suite. Remembers its rows, the one
// used last first. Allocates once for each row.

import { OVERFLOW_ROW } from '@sluice/shared-state';
import type { MetricRows } from './metric-rows.ts';
import type { SeriesKey } from './request-series.ts';

export class TlsSeries {
  private readonly rows: MetricRows;
  private readonly key: SeriesKey;
  private readonly found = new Map<number, number>();
  private lastLabels = -1;
  private lastRow = OVERFLOW_ROW;

  /** To be dropped with the revision whose configuration has the names; those of entry points are there for good. */
  constructor(rows: MetricRows, key: SeriesKey) {
    this.rows = rows;
    this.key = key;
  }

  /** @param labels as `tlsLabels` makes them. */
  add(labels: number): void {
    const row = labels === this.lastLabels ? this.lastRow : this.find(labels);
    if (row !== OVERFLOW_ROW) this.rows.block.add(row, 1);
  }

  /** Rows may not be ours any more: they are looked up again. */
  forgetRows(): void {
    this.found.clear();
    this.lastLabels = -1;
  }

  private find(labels: number): number {
    let row = this.found.get(labels);
    if (row === undefined) {
      row = this.rows.rowFor({ ...this.key, labels, text: '' });
      // Without room now; there may be some next time.
      if (row === OVERFLOW_ROW) return row;
      this.found.set(labels, row);
    }
    this.lastLabels = labels;
    this.lastRow = row;
    return row;
  }
}
