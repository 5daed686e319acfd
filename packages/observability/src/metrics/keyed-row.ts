// One row of a metrics block by its key, for what outlives revisions: the row is looked up again whenever rows have been freed, as it
// may be somebody else's by then. Allocates when it is looked up.

import { OVERFLOW_ROW, type RowKey } from '@sluice/shared-state';
import type { MetricRows } from './metric-rows.ts';

export class KeyedRow {
  private readonly rows: MetricRows;
  private readonly key: RowKey;
  private row = OVERFLOW_ROW;
  private seenFreed = -1;

  constructor(rows: MetricRows, key: Pick<RowKey, 'kind' | 'name'> & Partial<RowKey>) {
    this.rows = rows;
    this.key = { other: 0, labels: 0, text: '', ...key };
  }

  add(amount: number): void {
    const row = this.current();
    if (row !== OVERFLOW_ROW) this.rows.block.add(row, amount);
  }

  set(value: number): void {
    const row = this.current();
    if (row !== OVERFLOW_ROW) this.rows.block.set(row, value);
  }

  observe(seconds: number): void {
    this.rows.block.observe(this.current(), seconds, 0, 0);
  }

  private current(): number {
    const { freed } = this.rows.block;
    if (this.row === OVERFLOW_ROW || freed !== this.seenFreed) {
      this.seenFreed = freed;
      this.row = this.rows.rowFor(this.key);
    }
    return this.row;
  }
}
