// Rendezvous hashing (highest random weight): each client has an order of all servers of its own, and gets the first one that is
// up. A server that is down moves its clients only, and gets them back; so does a change of a weight, as far as it must.
// Looks at every server, with a logarithm each: meant for tens of servers, `maglev` for more. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import type { SlowStart } from './slow-start.ts';
import { canonicalServers, hashAddress, hashPair, unit } from './source-hash.ts';
import type { TriedServers } from './tried-servers.ts';

export class RendezvousHash implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly random: RandomSource;
  private readonly slowStart: SlowStart | undefined;
  private readonly seeds: Int32Array;
  /** Ties, which hashes of 32 bits have now and then, go to the same server whatever the order in the configuration. */
  private readonly order: Int32Array;

  constructor(
    servers: readonly PickerServer[],
    status: ServerStatus,
    random: RandomSource = Math.random,
    slowStart?: SlowStart,
  ) {
    this.servers = servers;
    this.status = status;
    this.random = random;
    this.slowStart = slowStart;
    const { order, seeds } = canonicalServers(servers);
    this.order = order;
    this.seeds = seeds;
  }

  pick(key?: Uint8Array, tried?: TriedServers): number {
    const { servers, status, slowStart, order, seeds } = this;
    const client = key === undefined ? (this.random() * 2 ** 32) | 0 : hashAddress(key);
    let best = -1;
    let bestTime = Number.POSITIVE_INFINITY;
    for (let rank = 0; rank < order.length; rank++) {
      const index = order[rank];
      const { weight, statusRow } = servers[index];
      if (weight <= 0 || !status.isUp(statusRow) || tried?.has(statusRow) === true) continue;
      // A race of exponential clocks: each wins in proportion to its rate, and none of the others matters to two of them.
      const rate = slowStart === undefined ? weight : weight * slowStart.factor(statusRow);
      const time = -Math.log(unit(hashPair(client, seeds[index]))) / rate;
      if (time < bestTime) {
        best = index;
        bestTime = time;
      }
    }
    return best;
  }
}
