// Two servers drawn at random, the one with fewer exchanges in flight (over all workers) wins
// (reference/http-services §2.1, `p2c`). Weights are not used, the part of a slow start is. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import type { SlowStart } from './slow-start.ts';
import type { TriedServers } from './tried-servers.ts';

export class PowerOfTwoChoices implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly random: RandomSource;
  private readonly slowStart: SlowStart | undefined;
  private readonly up: Int32Array;

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
    this.up = new Int32Array(servers.length);
  }

  pick(_key?: Uint8Array, tried?: TriedServers): number {
    const { up, servers, status } = this;
    let count = 0;
    for (let index = 0; index < servers.length; index++) {
      const { statusRow } = servers[index];
      if (status.isUp(statusRow) && tried?.has(statusRow) !== true) up[count++] = index;
    }
    if (count < 2) return count === 0 ? -1 : up[0];
    const first = Math.floor(this.random() * count);
    let second = Math.floor(this.random() * count);
    if (second === first) second = (second + 1) % count;
    const a = up[first];
    const b = up[second];
    return this.loadOf(servers[b].statusRow) < this.loadOf(servers[a].statusRow) ? b : a;
  }

  private loadOf(statusRow: number): number {
    const inFlight = this.status.inFlight(statusRow);
    return this.slowStart === undefined ? inFlight : (inFlight + 1) / this.slowStart.factor(statusRow);
  }
}
