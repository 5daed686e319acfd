// Gives back the rows of names that are gone for good, in every slot.

import { type MetricsBlock, OVERFLOW_ROW } from '@sluice/shared-state';
import type { MetricNames } from './metric-names.ts';
import { isReleased } from './row-names.ts';

/** To be called when `names.release` has released something: no worker holds a revision with these names any more. */
export function freeRows(blocks: readonly MetricsBlock[], names: MetricNames): void {
  for (const block of blocks) {
    const { end } = block;
    for (let row = OVERFLOW_ROW + 1; row < end; row++) {
      if (block.isUsed(row) && isReleased(block.key(row), names)) block.free(row);
    }
  }
}
