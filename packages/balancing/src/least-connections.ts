// The server with the fewest exchanges or connections in flight per unit of weight, counted over all workers and with the one that
// is to come: of two that are idle the heavier one wins. Ties are taken in turn.
// Our extension (`strategy: leastconn`). Looks at every server: meant for tens of servers, not thousands.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import type { SlowStart } from './slow-start.ts';
import type { TriedServers } from './tried-servers.ts';

export class LeastConnections implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly slowStart: SlowStart | undefined;
  /** Where the next search starts, so that equally loaded servers take turns. */
  private next: number;

  constructor(
    servers: readonly PickerServer[],
    status: ServerStatus,
    random: RandomSource = Math.random,
    slowStart?: SlowStart,
  ) {
    this.servers = servers;
    this.status = status;
    this.slowStart = slowStart;
    this.next = Math.floor(random() * servers.length);
  }

  pick(_key?: Uint8Array, tried?: TriedServers): number {
    const { servers, status, slowStart } = this;
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let step = 0; step < servers.length; step++) {
      const index = (this.next + step) % servers.length;
      const { weight, statusRow } = servers[index];
      if (weight <= 0 || !status.isUp(statusRow) || tried?.has(statusRow) === true) continue;
      const now = slowStart === undefined ? weight : weight * slowStart.factor(statusRow);
      const load = (status.inFlight(statusRow) + 1) / now;
      if (load < bestLoad) {
        best = index;
        bestLoad = load;
      }
    }
    if (best !== -1) this.next = (best + 1) % servers.length;
    return best;
  }
}
