// How much a container keeps alive of what has long been taken out of it, as far as collections of young objects go: those are the ones
// that happen all the time, and what survives them is copied.

import v8 from 'node:v8';
import vm from 'node:vm';

const ROUNDS = 30;
const PER_ROUND = 2_000;
const LIVE = 64;
/** Words of each. */
const SIZE = 128;

type MinorGc = (options?: { readonly type: 'minor' }) => void;

/** @returns the most bytes of the heap that were held by `LIVE` objects of about 1 KiB, of many thousands that came and went. */
export function heldByMinorGc<Item>(
  make: (payload: readonly number[]) => Item,
  add: (item: Item) => void,
  remove: (item: Item) => void,
): number {
  v8.setFlagsFromString('--expose-gc');
  const gc: MinorGc = vm.runInNewContext('gc');
  gc();
  const before = process.memoryUsage().heapUsed;
  const live: Item[] = [];
  let held = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < PER_ROUND; i++) {
      const item = make(new Array<number>(SIZE).fill(i));
      add(item);
      live.push(item);
      if (live.length > LIVE) remove(live.shift()!);
    }
    gc({ type: 'minor' });
    held = Math.max(held, process.memoryUsage().heapUsed - before);
  }
  return held;
}
