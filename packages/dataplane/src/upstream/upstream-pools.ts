// All pools of one worker, by server address and transport settings: services that share both share connections.

import { type ServerRecord, type ServersTransportRecord, socketPathOf } from '@sluice/routing/snapshot';
import { UpstreamPool } from './upstream-pool.ts';

export class UpstreamPools {
  private pools = new Map<string, UpstreamPool>();

  obtain(server: ServerRecord, transport: ServersTransportRecord): UpstreamPool {
    const socketPath = server.scheme === 'unix' ? socketPathOf(server) : '';
    const key = `${transport.hash}\n${server.hostname}\n${server.port}\n${socketPath}`;
    let pool = this.pools.get(key);
    if (pool === undefined) {
      pool = new UpstreamPool(key, server.hostname, server.port, transport, socketPath);
      this.pools.set(key, pool);
    }
    return pool;
  }

  /** Closes the idle connections of every other pool and forgets it. */
  keepOnly(used: Iterable<UpstreamPool>): void {
    const kept = new Map<string, UpstreamPool>();
    for (const pool of used) kept.set(pool.key, pool);
    for (const pool of this.pools.values()) {
      if (!kept.has(pool.key)) pool.retire();
    }
    this.pools = kept;
  }

  closeIdle(): void {
    for (const pool of this.pools.values()) pool.closeIdle();
  }
}
