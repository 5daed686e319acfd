// A service, and another one for as long as the first has no server that is up, or none that this connection has not tried.
// Goes back by itself: health is read for every pick.

import type { TriedServers } from '../tried-servers.ts';
import { type BalancedService, depthAbove } from './balanced-service.ts';

export class FailoverService<Server> implements BalancedService<Server> {
  readonly depth: number;
  private readonly main: BalancedService<Server>;
  private readonly fallback: BalancedService<Server>;

  /** @throws RangeError when it goes too deep. */
  constructor(main: BalancedService<Server>, fallback: BalancedService<Server>) {
    this.main = main;
    this.fallback = fallback;
    this.depth = depthAbove([main, fallback]);
  }

  pick(key?: Uint8Array, tried?: TriedServers): Server | undefined {
    return this.main.pick(key, tried) ?? this.fallback.pick(key, tried);
  }

  isHealthy(): boolean {
    return this.main.isHealthy() || this.fallback.isHealthy();
  }
}
