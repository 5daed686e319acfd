// Weighted round robin as earliest deadline first (reference/http-services §2.1): each server's next turn is a virtual
// time 1/weight after its last one. Servers that are down keep using up their turns without being asked, so they get
// no burst when they return. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';

export class WeightedRoundRobin implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  /** Binary min-heap of server indices, ordered by `deadlines`, ties by index of arrival. */
  private readonly heap: Int32Array;
  private readonly deadlines: Float64Array;
  /** Rank breaking ties; a random rotation, so that several workers do not all start with the same server. */
  private readonly ranks: Int32Array;
  /** Servers found down during one pick. */
  private readonly stash: Int32Array;
  private size = 0;

  constructor(servers: readonly PickerServer[], status: ServerStatus, random: RandomSource = Math.random) {
    this.servers = servers;
    this.status = status;
    this.heap = new Int32Array(servers.length);
    this.stash = new Int32Array(servers.length);
    this.deadlines = new Float64Array(servers.length);
    this.ranks = new Int32Array(servers.length);
    const rotation = Math.floor(random() * servers.length);
    for (let index = 0; index < servers.length; index++) {
      const { weight } = servers[index];
      if (weight <= 0) continue;
      this.ranks[index] = (index + rotation) % servers.length;
      this.deadlines[index] = 1 / weight;
      this.push(index);
    }
  }

  pick(): number {
    let stashed = 0;
    let picked = -1;
    while (this.size > 0) {
      const index = this.pop();
      if (this.status.isUp(this.servers[index].statusRow)) {
        picked = index;
        break;
      }
      this.stash[stashed++] = index;
    }
    if (picked !== -1) {
      const now = this.deadlines[picked];
      for (let i = 0; i < stashed; i++) this.skipTurns(this.stash[i], now);
      this.deadlines[picked] = now + 1 / this.servers[picked].weight;
      this.push(picked);
    }
    while (stashed > 0) this.push(this.stash[--stashed]);
    return picked;
  }

  /** Moves a server that is down past `now` by whole turns, in one step however many they are. */
  private skipTurns(index: number, now: number): void {
    const { weight } = this.servers[index];
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
