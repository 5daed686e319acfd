// Requests of one entry point, router or service in one worker, by labels. Remembers the rows it has found, the last one first:
// a run of equal requests costs a comparison and a few additions. Allocates once for each label set, and where header values
// are labels once for each set of them that has a row.

import { OVERFLOW_ROW, type RowKey, WITH_HEADER_VALUES } from '@sluice/shared-state';
import type { MetricRows } from './metric-rows.ts';

export interface SeriesKey {
  /** One of the request kinds of `MetricKind`. */
  readonly kind: number;
  readonly name: number;
  readonly other: number;
}

/** What has been found for one label set. */
interface FoundRows {
  readonly row: number;
  /** By header values. */
  readonly byHeaders: Map<string, number>;
}

const NO_ROOM: FoundRows = { row: OVERFLOW_ROW, byHeaders: new Map() };

export class RequestSeries {
  private readonly rows: MetricRows;
  private readonly key: SeriesKey;
  private readonly found = new Map<number, FoundRows>();
  private lastLabels = -1;
  private last = NO_ROOM;

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
    const found = labels === this.lastLabels ? this.last : this.find(labels);
    this.rows.block.observe(found.row, seconds, requestBytes, responseBytes);
    if (headerValues !== undefined) this.observeHeaders(found, labels, headerValues);
  }

  /** Rows may not be ours any more: the exchange has outlived its revision. They are looked up again. */
  forgetRows(): void {
    this.found.clear();
    this.lastLabels = -1;
  }

  private find(labels: number): FoundRows {
    let found = this.found.get(labels);
    if (found === undefined) {
      const row = this.rows.rowFor(this.rowKey(0, labels, ''));
      // Without room now; there may be some next time.
      if (row === OVERFLOW_ROW) return NO_ROOM;
      found = { row, byHeaders: new Map() };
      this.found.set(labels, found);
    }
    this.lastLabels = labels;
    this.last = found;
    return found;
  }

  private observeHeaders(found: FoundRows, labels: number, headerValues: string): void {
    const { block } = this.rows;
    let row = found.byHeaders.get(headerValues);
    if (row === undefined) {
      row = this.rows.rowFor(this.rowKey(WITH_HEADER_VALUES, labels, headerValues));
      if (row === OVERFLOW_ROW) {
        block.addUnlabelled(found.row);
        return;
      }
      if (found !== NO_ROOM) found.byHeaders.set(headerValues, row);
    }
    block.add(row, 1);
  }

  private rowKey(added: number, labels: number, text: string): RowKey {
    const { kind, name, other } = this.key;
    return { kind: kind + added, name, other, labels, text };
  }
}
