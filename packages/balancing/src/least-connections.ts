// The server with the fewest exchanges in flight per unit of weight, counted over all workers. Ties are taken in turn.
// Our extension (`strategy: leastconn`). Looks at every server: meant for tens of servers, not thousands.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';

export class LeastConnections implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  /** Where the next search starts, so that equally loaded servers take turns. */
  private next: number;

  constructor(servers: readonly PickerServer[], status: ServerStatus, random: RandomSource = Math.random) {
    this.servers = servers;
    this.status = status;
    this.next = Math.floor(random() * servers.length);
  }

  pick(): number {
    const { servers, status } = this;
    let best = -1;
    let bestLoad = Number.POSITIVE_INFINITY;
    for (let step = 0; step < servers.length; step++) {
      const index = (this.next + step) % servers.length;
      const { weight, statusRow } = servers[index];
      if (weight <= 0 || !status.isUp(statusRow)) continue;
      const load = status.inFlight(statusRow) / weight;
      if (load < bestLoad) {
        best = index;
        bestLoad = load;
      }
    }
    if (best !== -1) this.next = (best + 1) % servers.length;
    return best;
  }
}
