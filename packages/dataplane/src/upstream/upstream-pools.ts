// All pools of one worker, by server address and transport settings: services that share both share connections. Where connections
// to a server are limited its pools are its own, and share its places through reloads.

import { type ServerRecord, type ServersTransportRecord, socketPathOf } from '@sluice/routing/snapshot';
import type { LimitsBlock } from '@sluice/shared-state';
import { monotonicMs } from '../worker/monotonic-ms.ts';
import { ServerPlaces } from './places/server-places.ts';
import { UpstreamPool } from './upstream-pool.ts';

/** Idle connections that give way at a time, one of a pool. */
const ROOM_CONNECTIONS = 32;

export interface UpstreamPoolsOptions {
  readonly limits: LimitsBlock;
  readonly slot: number;
  /** Carries out commands given outside of a batch. */
  readonly flush: () => void;
}

/** The places of one server, and the pools of its connections: one, or more while a reload is under way. */
interface LimitedServer {
  readonly places: ServerPlaces;
  readonly pools: Set<UpstreamPool>;
}

export class UpstreamPools {
  private readonly options: UpstreamPoolsOptions;
  private pools = new Map<string, UpstreamPool>();
  /** By row of the server status. */
  private readonly limited = new Map<number, LimitedServer>();

  constructor(options: UpstreamPoolsOptions) {
    this.options = options;
  }

  obtain(server: ServerRecord, transport: ServersTransportRecord): UpstreamPool {
    const socketPath = server.scheme === 'unix' ? socketPathOf(server) : '';
    const isLimited = transport.maxConnsPerServer > 0;
    const own = isLimited ? server.statusRow : '';
    // What is spoken in plain text does not depend on the transport's name; TLS settings do.
    const protocol = server.scheme === 'https' ? `https ${transport.name}` : server.scheme;
    const key = `${protocol}\n${transport.hash}\n${server.hostname}\n${server.port}\n${socketPath}\n${own}`;
    const known = this.pools.get(key);
    if (known !== undefined) return known;
    const limited = isLimited ? this.limitedServer(server.statusRow, transport) : undefined;
    const pool = new UpstreamPool(key, server, transport, socketPath, limited?.places, this.options.flush);
    limited?.pools.add(pool);
    this.pools.set(key, pool);
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
    for (const [row, { places, pools }] of this.limited) {
      for (const pool of pools) if (!kept.has(pool.key)) pools.delete(pool);
      // Connections of a pool that is gone may be busy: they give their places back to the same counts.
      if (pools.size > 0 || places.taken > 0 || places.queued > 0) continue;
      places.close();
      this.limited.delete(row);
    }
  }

  /** TLS settings of these transports have changed: connections that were made with the old ones serve nothing new. */
  renew(transports: readonly string[]): void {
    for (const pool of this.pools.values()) {
      if (pool.secure && transports.includes(pool.transportName)) pool.renew();
    }
  }

  closeIdle(): void {
    for (const pool of this.pools.values()) pool.closeIdle();
  }

  /**
   * The process has no descriptor left: connections that have been idle for longest give way, at once, so that servers in
   * use are not shut out by those that were. Takes as long as looking at every pool; makes room for several.
   * @returns false when there was none.
   */
  makeRoom(): boolean {
    const holders = [...this.pools.values()].filter(({ idleCount }) => idleCount > 0);
    holders.sort((a, b) => a.oldestIdleSinceMs - b.oldestIdleSinceMs);
    for (const pool of holders.slice(0, ROOM_CONNECTIONS)) pool.dropOldest();
    this.options.flush();
    return holders.length > 0;
  }

  private limitedServer(row: number, transport: ServersTransportRecord): LimitedServer {
    const limits = {
      connectionsMax: transport.maxConnsPerServer,
      queuedMax: transport.maxQueuedPerServer,
      queueTimeoutMs: transport.queueTimeoutMs,
    };
    const known = this.limited.get(row);
    if (known !== undefined) {
      known.places.configure(limits);
      return known;
    }
    const { slot, flush } = this.options;
    const { serverConnections, serverQueues } = this.options.limits;
    const pools = new Set<UpstreamPool>();
    const places = new ServerPlaces({ connections: serverConnections, queues: serverQueues, row, slot }, limits, {
      now: monotonicMs,
      flush,
      hasIdle: () => hasIdle(pools),
      closeIdle: (idleMs) => closeOldest(pools, monotonicMs() - idleMs),
    });
    const made = { places, pools };
    this.limited.set(row, made);
    return made;
  }
}

function hasIdle(pools: Iterable<UpstreamPool>): boolean {
  for (const { hasRoom } of pools) if (hasRoom) return true;
  return false;
}

/** Closes the connection that has been idle for longest, if that is since `beforeMs` at least. */
function closeOldest(pools: Iterable<UpstreamPool>, beforeMs: number): boolean {
  let oldest: UpstreamPool | undefined;
  let sinceMs = Number.POSITIVE_INFINITY;
  for (const pool of pools) {
    if (pool.oldestIdleSinceMs >= sinceMs) continue;
    oldest = pool;
    sinceMs = pool.oldestIdleSinceMs;
  }
  if (oldest === undefined || sinceMs > beforeMs) return false;
  oldest.closeOldest();
  return true;
}
