// Requests of one entry point, router or service in one worker, by labels. Remembers the rows it has found, the last one first:
// a run of equal requests costs a comparison and a few additions. Allocates once for each label set.

import { OVERFLOW_ROW, type RowKey, WITH_HEADER_VALUES } from '@sluice/shared-state';
import type { MetricRows } from './metric-rows.ts';

export interface SeriesKey {
  /** One of the request kinds of `MetricKind`. */
  readonly kind: number;
  readonly name: number;
  readonly other: number;
}

export class RequestSeries {
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

  /** @param headerValues as `joinHeaderValues` makes them; undefined when there are no such labels. */
  observe(
    labels: number,
    seconds: number,
    requestBytes: number,
    responseBytes: number,
    headerValues: string | undefined,
  ): void {
    const row = labels === this.lastLabels ? this.lastRow : this.find(labels);
    this.rows.block.observe(row, seconds, requestBytes, responseBytes);
    if (headerValues !== undefined) this.observeHeaders(row, labels, headerValues);
  }

  /** Rows may not be ours any more: the exchange has outlived its revision. They are looked up again. */
  forgetRows(): void {
    this.found.clear();
    this.lastLabels = -1;
  }

  private find(labels: number): number {
    const row = this.found.get(labels) ?? this.rows.rowFor(this.rowKey(0, labels, ''));
    // Without room now; there may be some next time.
    if (row === OVERFLOW_ROW) return row;
    this.found.set(labels, row);
    this.lastLabels = labels;
    this.lastRow = row;
    return row;
  }

  private observeHeaders(row: number, labels: number, headerValues: string): void {
    const { block } = this.rows;
    const byHeaders = this.rows.rowFor(this.rowKey(WITH_HEADER_VALUES, labels, headerValues));
    if (byHeaders === OVERFLOW_ROW) block.addUnlabelled(row);
    else block.add(byHeaders, 1);
  }

  private rowKey(added: number, labels: number, text: string): RowKey {
    const { kind, name, other } = this.key;
    return { kind: kind + added, name, other, labels, text };
  }
}
