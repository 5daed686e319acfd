// The rows of one slot's metrics block as the worker in it sees them: finds the row of a key, and gives a free one to a key that
// has none. A worker that comes into a slot finds the rows of the one before it and goes on counting there.
// Not for the hot path: callers keep what they have found. A row stays theirs as long as they hold a revision that names it.

import { type MetricsBlock, OVERFLOW_ROW, type RowKey, WITH_HEADER_VALUES } from '@sluice/shared-state';

/** Of all rows, one in so many may be for values of header fields: clients can make up any number of those. */
const TEXT_ROWS_SHARE = 16;

export class MetricRows {
  readonly block: MetricsBlock;
  private readonly index = new Map<string, number>();
  /** By row; what `index` knows it by. */
  private readonly keys: (string | undefined)[] = [];
  private spare: number[] = [];
  private seenFreed: number;
  private textRows = 0;

  constructor(block: MetricsBlock) {
    this.block = block;
    this.seenFreed = block.freed;
    const { end } = block;
    for (let row = OVERFLOW_ROW + 1; row < end; row++) {
      if (block.isUsed(row)) this.remember(row, block.key(row));
      else this.spare.push(row);
    }
  }

  /** The row of a key, or OVERFLOW_ROW when there is no room: worth asking again later then. */
  rowFor(key: RowKey): number {
    const text = textOf(key);
    const known = this.index.get(text);
    if (known !== undefined) {
      // Freed when its names were gone from the configuration, and now they are back.
      if (!this.block.isUsed(known)) this.block.claim(known, key);
      return known;
    }
    if (isForHeaders(key) && this.textRows >= this.block.rows / TEXT_ROWS_SHARE) {
      this.collectFreed();
      if (this.textRows >= this.block.rows / TEXT_ROWS_SHARE) return OVERFLOW_ROW;
    }
    const row = this.freeRow();
    if (row === OVERFLOW_ROW) return OVERFLOW_ROW;
    this.block.claim(row, key);
    this.remember(row, key);
    return row;
  }

  private remember(row: number, key: RowKey): void {
    const text = textOf(key);
    this.index.set(text, row);
    this.keys[row] = text;
    if (isForHeaders(key)) this.textRows++;
  }

  private freeRow(): number {
    if (this.spare.length === 0 && this.block.end >= this.block.rows) this.collectFreed();
    const spare = this.spare.pop();
    if (spare !== undefined) return spare;
    return this.block.end < this.block.rows ? this.block.end : OVERFLOW_ROW;
  }

  /** Finds what the supervisor has freed since the last time. */
  private collectFreed(): void {
    const { block } = this;
    if (block.freed === this.seenFreed) return;
    this.seenFreed = block.freed;
    this.spare = [];
    this.textRows = 0;
    for (let row = OVERFLOW_ROW + 1; row < block.end; row++) {
      if (block.isUsed(row)) {
        if (isForHeaders(block.key(row))) this.textRows++;
        continue;
      }
      this.spare.push(row);
      const key = this.keys[row];
      if (key !== undefined) this.index.delete(key);
      this.keys[row] = undefined;
    }
  }
}

function textOf({ kind, name, other, labels, text }: RowKey): string {
  return `${kind} ${name} ${other} ${labels} ${text}`;
}

function isForHeaders({ kind }: RowKey): boolean {
  return kind >= WITH_HEADER_VALUES;
}
