// Services by weight in turn (reference/tcp-udp §7.4). One without a healthy server is passed over and has no burst when it is back;
// one whose servers have all been tried by this connection keeps its turn. Allocates nothing per pick.

import type { RandomSource } from '../picker.ts';
import type { TriedServers } from '../tried-servers.ts';
import { Turn, WeightedTurns } from '../weighted-turns.ts';
import { type BalancedService, depthAbove } from './balanced-service.ts';

export interface WeightedChild<Server> {
  readonly service: BalancedService<Server>;
  /** 0 or less: never chosen. */
  readonly weight: number;
}

export class WeightedService<Server> extends WeightedTurns implements BalancedService<Server> {
  readonly depth: number;
  private readonly children: readonly WeightedChild<Server>[];
  /** Of the child that has taken its turn, until the call is over. */
  private found: Server | undefined = undefined;

  /** @throws RangeError when it goes too deep. */
  constructor(children: readonly WeightedChild<Server>[], random: RandomSource = Math.random) {
    super(
      children.map(({ weight }) => weight),
      random,
    );
    this.children = children;
    this.depth = depthAbove(children.map(({ service }) => service));
  }

  pick(key?: Uint8Array, tried?: TriedServers): Server | undefined {
    this.take(key, tried);
    const { found } = this;
    this.found = undefined;
    return found;
  }

  isHealthy(): boolean {
    for (let index = 0; index < this.children.length; index++) {
      const { weight, service } = this.children[index];
      if (weight > 0 && service.isHealthy()) return true;
    }
    return false;
  }

  protected override ask(index: number, key: Uint8Array | undefined, tried: TriedServers | undefined): number {
    const { service } = this.children[index];
    this.found = service.pick(key, tried);
    if (this.found !== undefined) return Turn.TAKE;
    // Where nothing was tried, nothing is healthy.
    return tried !== undefined && tried.count > 0 && service.isHealthy() ? Turn.KEEP : Turn.SKIP;
  }
}
