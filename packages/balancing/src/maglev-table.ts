// The table of Maglev hashing (Eisenbud et al., NSDI 2016, §3.4): each server has an order of all entries of its own, and servers
// take turns, by weight, in claiming the next one that is free. Equal in every process for equal servers in any order.
// Built in slices, off the hot path; knows neither health nor load, so that neither ever changes it.

import type { PickerServer } from './picker.ts';
import { canonicalServers, mixed, placeOf } from './source-hash.ts';
import { Turn, WeightedTurns } from './weighted-turns.ts';

/** Primes. Large enough for shares within a few percent of the weights; the smaller one stays in the first cache. */
const SIZE_SMALL = 8_191;
const SIZE_LARGE = 65_537;
/** With more servers than this the table is large. Crossing it moves almost all clients, once. */
const SERVERS_FOR_SMALL = 40;

type Entries = Uint16Array | Uint32Array;

export class MaglevTable {
  readonly size: number;
  /** Indices of servers; complete when `isReady`. */
  readonly entries: Entries;
  private readonly empty: number;
  private readonly order: Int32Array;
  private readonly turns: FillTurns;
  /** The entry each server looks at next, and how far it goes when that is taken. */
  private readonly at: Int32Array;
  private readonly stride: Int32Array;
  private free: number;

  /** @param size a prime; 0: chosen by the number of servers. */
  constructor(servers: readonly PickerServer[], size = 0) {
    const count = servers.length;
    this.size = size > 0 ? size : count <= SERVERS_FOR_SMALL ? SIZE_SMALL : SIZE_LARGE;
    this.empty = count < 0xffff ? 0xffff : 0xffff_ffff;
    this.entries = count < 0xffff ? new Uint16Array(this.size) : new Uint32Array(this.size);
    this.entries.fill(this.empty);
    const { order, seeds } = canonicalServers(servers);
    this.order = order;
    this.turns = new FillTurns(Array.from(order, (index) => servers[index].weight));
    this.at = Int32Array.from(seeds, (seed) => placeOf(mixed(seed ^ 0x5bd1e995), this.size));
    this.stride = Int32Array.from(seeds, (seed) => 1 + placeOf(mixed(seed + 0x68bc21eb), this.size - 1));
    this.free = servers.some(({ weight }) => weight > 0) ? this.size : 0;
  }

  get isReady(): boolean {
    return this.free === 0;
  }

  /**
   * Goes on building. About 20 ns per step, and some 12 steps per entry in all.
   * @param stepsMax is exceeded by one claim at most, which is as many steps as the table has entries. @returns `isReady`.
   */
  build(stepsMax: number): boolean {
    let steps = stepsMax;
    while (this.free > 0 && steps > 0) steps -= this.claim(this.order[this.turns.next()]);
    return this.free === 0;
  }

  /** The server's next free entry; its stride and the size have no common divisor, so it finds one. @returns steps. */
  private claim(index: number): number {
    const { entries, size, empty } = this;
    const stride = this.stride[index];
    let at = this.at[index];
    let steps = 1;
    for (; entries[at] !== empty; steps++) {
      at += stride;
      if (at >= size) at -= size;
    }
    entries[at] = index;
    this.at[index] = at;
    this.free--;
    return steps;
  }
}

/** Everybody is there, and nothing is random. */
class FillTurns extends WeightedTurns {
  constructor(weights: readonly number[]) {
    super(weights, () => 0);
  }

  next(): number {
    return this.take(undefined, undefined);
  }

  protected override ask(): number {
    return Turn.TAKE;
  }
}
