// Taking turns by weight, as earliest deadline first (reference/http-services §2.1): the next turn of each is a virtual time
// 1/weight after its last one. Over whole rounds exactly the shares of the round robin by greatest common divisors
// (reference/tcp-udp §7.2), without its bunches and its endless loop: one call asks each at most once.
// Knows no servers: whoever extends it says who may have its turn. Allocates nothing per turn.

import type { RandomSource } from './picker.ts';
import type { TriedServers } from './tried-servers.ts';

/** Answers of `ask`. */
export const Turn = {
  TAKE: 0,
  /** Not this time: the turn stays, and comes as soon as it can. */
  KEEP: 1,
  /** The turn is used up all the same: whoever is away has no burst when it returns. */
  SKIP: 2,
} as const;

export abstract class WeightedTurns {
  /** Binary min-heap of indices, ordered by `deadlines`, ties by `ranks`. */
  private readonly heap: Int32Array;
  private readonly deadlines: Float64Array;
  /** Rank breaking ties; a random rotation, so that several workers do not all start with the same one. */
  private readonly ranks: Int32Array;
  private readonly weights: Float64Array;
  /** Who did not get its turn during one call: those that keep it from the start, those that skip it from the end. */
  private readonly stash: Int32Array;
  private size = 0;

  /** @param weights who has 0 or less never has a turn. */
  constructor(weights: readonly number[], random: RandomSource) {
    const count = weights.length;
    this.heap = new Int32Array(count);
    this.stash = new Int32Array(count);
    this.deadlines = new Float64Array(count);
    this.ranks = new Int32Array(count);
    this.weights = Float64Array.from(weights);
    const rotation = Math.floor(random() * count);
    for (let index = 0; index < count; index++) {
      const weight = weights[index];
      if (weight <= 0) continue;
      this.ranks[index] = (index + rotation) % count;
      this.deadlines[index] = 1 / weight;
      this.push(index);
    }
  }

  /** May `index` have its turn? A `Turn`; TAKE ends the call. Must not call `take` of the same object. */
  protected abstract ask(index: number, key: Uint8Array | undefined, tried: TriedServers | undefined): number;

  /** The part of its weight that `index` has now: above 0, at most 1. */
  protected partOf(_index: number): number {
    return 1;
  }

  /** Whose turn it is, of those that may have it; -1 when nobody may. */
  protected take(key: Uint8Array | undefined, tried: TriedServers | undefined): number {
    const { stash, deadlines } = this;
    let kept = 0;
    let skipped = stash.length;
    let taken = -1;
    while (this.size > 0) {
      const index = this.pop();
      const turn = this.ask(index, key, tried);
      if (turn === Turn.TAKE) {
        taken = index;
        break;
      }
      if (turn === Turn.KEEP) stash[kept++] = index;
      else stash[--skipped] = index;
    }
    if (taken !== -1) {
      const now = deadlines[taken];
      for (let i = skipped; i < stash.length; i++) this.skipTurns(stash[i], now);
      deadlines[taken] = now + 1 / (this.weights[taken] * this.partOf(taken));
      this.push(taken);
    }
    while (kept > 0) this.push(stash[--kept]);
    while (skipped < stash.length) this.push(stash[skipped++]);
    return taken;
  }

  /** Moves it past `now` by whole turns, in one step however many they are. */
  private skipTurns(index: number, now: number): void {
    const weight = this.weights[index];
    const behind = now - this.deadlines[index];
    this.deadlines[index] += (Math.floor(behind * weight) + 1) / weight;
  }

  private before(a: number, b: number): boolean {
    const difference = this.deadlines[a] - this.deadlines[b];
    return difference < 0 || (difference === 0 && this.ranks[a] < this.ranks[b]);
  }

  private push(index: number): void {
    const heap = this.heap;
    let at = this.size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.before(index, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = index;
  }

  private pop(): number {
    const heap = this.heap;
    const top = heap[0];
    const last = heap[--this.size];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.before(heap[child + 1], heap[child])) child++;
      if (!this.before(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return top;
  }
}
