// Two servers drawn at random, the one with fewer exchanges in flight (over all workers) wins
// (reference/http-services §2.1, `p2c`). Weights are not used. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';

export class PowerOfTwoChoices implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly random: RandomSource;
  private readonly up: Int32Array;

  constructor(servers: readonly PickerServer[], status: ServerStatus, random: RandomSource = Math.random) {
    this.servers = servers;
    this.status = status;
    this.random = random;
    this.up = new Int32Array(servers.length);
  }

  pick(): number {
    const { up, servers, status } = this;
    let count = 0;
    for (let index = 0; index < servers.length; index++) {
      if (status.isUp(servers[index].statusRow)) up[count++] = index;
    }
    if (count < 2) return count === 0 ? -1 : up[0];
    const first = Math.floor(this.random() * count);
    let second = Math.floor(this.random() * count);
    if (second === first) second = (second + 1) % count;
    const a = up[first];
    const b = up[second];
    return status.inFlight(servers[b].statusRow) < status.inFlight(servers[a].statusRow) ? b : a;
  }
}
