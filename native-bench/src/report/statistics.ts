// Medians and spread of a few samples. Few and skewed: no means, no assumption of a distribution.

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly count: number;
}

/** @throws RangeError without samples. */
export function summarise(samples: readonly number[]): Summary {
  if (samples.length === 0) throw new RangeError('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0]!, max: sorted.at(-1)!, count: sorted.length };
}

/** Of sorted values, interpolated between neighbours. @param fraction 0 … 1. NaN without values. */
export function quantile(sorted: ArrayLike<number>, fraction: number): number {
  const at = (sorted.length - 1) * fraction;
  const low = Math.floor(at);
  const below = sorted[low];
  if (below === undefined) return Number.NaN;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (above - below) * (at - low);
}

/** Half of the distance between the extremes, as a share of the median: what "±" in the tables means. */
export function spreadOf({ median, min, max }: Summary): number {
  return median === 0 ? 0 : (max - min) / 2 / Math.abs(median);
}

export type Better = 'higher' | 'lower';

export interface Comparison {
  /** Median of ours divided by median of theirs. */
  readonly ratio: number;
  /** False when the ranges of the two overlap: the difference may be noise. */
  readonly isClear: boolean;
}

/** Undefined when theirs is 0 or there is nothing to compare. */
export function compare(ours: Summary | undefined, theirs: Summary | undefined): Comparison | undefined {
  if (ours === undefined || theirs === undefined || theirs.median === 0) return undefined;
  const isClear = ours.max < theirs.min || theirs.max < ours.min;
  return { ratio: ours.median / theirs.median, isClear };
}

/** The list moved by `steps`, so that in no two rounds in a row somebody comes first. */
export function rotate<T>(list: readonly T[], steps: number): T[] {
  const by = list.length === 0 ? 0 : steps % list.length;
  return [...list.slice(by), ...list.slice(0, by)];
}
