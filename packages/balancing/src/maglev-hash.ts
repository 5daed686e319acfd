// Maglev hashing with bounded loads: a client's entry of the table names its server, in a time that does not grow with their number.
// Who is down, was tried, or has more than its share of what is in flight hands over to the next entry; the table stays as it is.
// Allocates nothing per pick, except for the table when nobody has called `prepare` before the first one.

import type { ServerStatus } from '@sluice/shared-state';
import { MaglevTable } from './maglev-table.ts';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import type { SlowStart } from './slow-start.ts';
import { canonicalServers, hashAddress, hashPair, mixed, placeOf, unit } from './source-hash.ts';
import type { TriedServers } from './tried-servers.ts';

/** Entries looked at for one pick; beyond that most servers are down, and looking at servers is quicker. */
const WALK_MAX = 256;
/** About one millisecond. */
const SLICE_STEPS = 50_000;
/** So many servers are counted for each pick, on average: the sum of what is in flight may be that old. */
const COUNTED_PER_PICK_SHIFT = 5;

export interface MaglevOptions {
  /** A prime; 0: chosen by the number of servers. */
  readonly tableSize?: number;
  /** How much more than its share of what is in flight a server takes: above 1. 0: any. Default 1.25. */
  readonly boundedLoad?: number;
}

export const BOUNDED_LOAD_DEFAULT = 1.25;

export class MaglevHash implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly random: RandomSource;
  private readonly slowStart: SlowStart | undefined;
  private readonly table: MaglevTable;
  private readonly seeds: Int32Array;
  private readonly boundedLoad: number;
  /** What a server may have in flight per unit of weight; the largest part of a slow start; and picks until they are found anew. */
  private roomPerWeight = Number.POSITIVE_INFINITY;
  private largestPart = 1;
  private untilCount = 0;

  constructor(
    servers: readonly PickerServer[],
    status: ServerStatus,
    random: RandomSource = Math.random,
    slowStart?: SlowStart,
    { tableSize = 0, boundedLoad = BOUNDED_LOAD_DEFAULT }: MaglevOptions = {},
  ) {
    this.servers = servers;
    this.status = status;
    this.random = random;
    this.slowStart = slowStart;
    this.boundedLoad = boundedLoad;
    this.table = new MaglevTable(servers, tableSize);
    this.seeds = canonicalServers(servers).seeds;
  }

  /** Builds the table for about a millisecond. Call it between turns until it says true; `pick` builds what is missing at once. */
  prepare(): boolean {
    return this.table.build(SLICE_STEPS);
  }

  pick(key?: Uint8Array, tried?: TriedServers): number {
    const { table } = this;
    if (!table.isReady) table.build(Number.POSITIVE_INFINITY);
    const client = key === undefined ? (this.random() * 2 ** 32) | 0 : hashAddress(key);
    if (this.untilCount-- <= 0) this.count();
    const { entries, size } = table;
    const steps = this.servers.length === 0 ? 0 : Math.min(size, WALK_MAX);
    let at = placeOf(client, size);
    let last = -1;
    let first = -1;
    for (let step = 0; step < steps; step++) {
      const index = entries[at];
      if (++at === size) at = 0;
      if (index === last || !this.isCandidate(index, tried)) continue;
      if (this.welcomes(index, client)) return index;
      if (first === -1) first = index;
      last = index;
    }
    return first === -1 ? this.search(client, tried) : first;
  }

  /** Undefined is what an empty table has, whose servers have no weight. */
  private isCandidate(index: number, tried: TriedServers | undefined): boolean {
    const server = this.servers[index];
    if (server === undefined || !this.status.isUp(server.statusRow)) return false;
    return tried?.has(server.statusRow) !== true;
  }

  /** Has it room, and if it has just come up: is this one of the clients that it begins with? */
  private welcomes(index: number, client: number): boolean {
    const { weight, statusRow } = this.servers[index];
    let part = 1;
    if (this.slowStart !== undefined) {
      part = this.slowStart.factor(statusRow);
      // Beside servers that have come up together, as at the start of the program, nobody has to step back.
      const share = part / this.largestPart;
      if (share < 1 && unit(mixed(hashPair(client, this.seeds[index]))) >= share) return false;
    }
    if (this.boundedLoad === 0) return true;
    return this.status.inFlight(statusRow) < Math.ceil(this.roomPerWeight * weight * part);
  }

  /** What is in flight on servers that are up, with the one to come, by weight. */
  private count(): void {
    const { servers, status, slowStart } = this;
    let inFlight = 1;
    let weights = 0;
    let largestPart = 0;
    for (let index = 0; index < servers.length; index++) {
      const { weight, statusRow } = servers[index];
      if (weight <= 0 || !status.isUp(statusRow)) continue;
      inFlight += status.inFlight(statusRow);
      const part = slowStart === undefined ? 1 : slowStart.factor(statusRow);
      weights += weight * part;
      if (part > largestPart) largestPart = part;
    }
    this.largestPart = largestPart;
    this.roomPerWeight = (this.boundedLoad * inFlight) / weights;
    this.untilCount = servers.length >> COUNTED_PER_PICK_SHIFT;
  }

  /** Almost everybody is down: the first one that is not, from a place that depends on the client. */
  private search(client: number, tried: TriedServers | undefined): number {
    const { servers } = this;
    const start = placeOf(client, servers.length);
    for (let step = 0; step < servers.length; step++) {
      const index = (start + step) % servers.length;
      if (servers[index].weight > 0 && this.isCandidate(index, tried)) return index;
    }
    return -1;
  }
}
