// Offset → line and column. Built once per document; lookups are a binary search and happen only for diagnostics.

import type { Position } from './source-node.ts';

export class LineIndex {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    let at = text.indexOf('\n');
    while (at !== -1) {
      this.#starts.push(at + 1);
      at = text.indexOf('\n', at + 1);
    }
  }

  /** Undefined for a negative offset. */
  position(offset: number): Position | undefined {
    if (offset < 0) return undefined;
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }
}
