// Weighted round robin over servers, for requests, connections and flows alike. Servers that are down keep using up their turns
// without being asked; those that were tried already keep theirs, as they may do for others. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer, RandomSource } from './picker.ts';
import type { SlowStart } from './slow-start.ts';
import type { TriedServers } from './tried-servers.ts';
import { Turn, WeightedTurns } from './weighted-turns.ts';

export class WeightedRoundRobin extends WeightedTurns implements Picker {
  private readonly servers: readonly PickerServer[];
  private readonly status: ServerStatus;
  private readonly slowStart: SlowStart | undefined;

  constructor(
    servers: readonly PickerServer[],
    status: ServerStatus,
    random: RandomSource = Math.random,
    slowStart?: SlowStart,
  ) {
    super(
      servers.map(({ weight }) => weight),
      random,
    );
    this.servers = servers;
    this.status = status;
    this.slowStart = slowStart;
  }

  pick(key?: Uint8Array, tried?: TriedServers): number {
    return this.take(key, tried);
  }

  protected override ask(index: number, _key: Uint8Array | undefined, tried: TriedServers | undefined): number {
    const { statusRow } = this.servers[index];
    if (!this.status.isUp(statusRow)) return Turn.SKIP;
    return tried?.has(statusRow) === true ? Turn.KEEP : Turn.TAKE;
  }

  protected override partOf(index: number): number {
    return this.slowStart === undefined ? 1 : this.slowStart.factor(this.servers[index].statusRow);
  }
}
