// Services by name across revisions: an unchanged service keeps its runtime, a changed one gets a new one.

import type { SnapshotTables } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import type { UpstreamPools } from '../upstream/upstream-pools.ts';
import { ServiceRuntime } from './service-runtime.ts';

/** How long an unused service keeps its balancing state and connections. */
const UNUSED_MS = 60_000;

export class ServiceRegistry {
  private readonly status: ServerStatus;
  private readonly pools: UpstreamPools;
  private readonly byName = new Map<string, ServiceRuntime>();
  private readonly unusedSinceMs = new Map<string, number>();

  constructor(status: ServerStatus, pools: UpstreamPools) {
    this.status = status;
    this.pools = pools;
  }

  obtain(tables: SnapshotTables, index: number): ServiceRuntime {
    const record = tables.service(index);
    const transport = tables.serversTransport(record.serversTransport);
    const known = this.byName.get(record.name);
    if (known?.serves(record, transport)) return known;
    const service = new ServiceRuntime(record, transport, this.status, this.pools);
    this.byName.set(record.name, service);
    this.unusedSinceMs.delete(record.name);
    return service;
  }

  /**
   * Forgets services that no live revision has used for a while, and closes their pools. Not at once: a revision builds its
   * services on first use, and an unchanged one should find its connections still there.
   */
  sweep(used: ReadonlySet<ServiceRuntime>, nowMs: number): void {
    for (const [name, service] of this.byName) {
      if (used.has(service)) this.unusedSinceMs.delete(name);
      else if (!this.unusedSinceMs.has(name)) this.unusedSinceMs.set(name, nowMs);
      else if (nowMs - this.unusedSinceMs.get(name)! >= UNUSED_MS) {
        this.byName.delete(name);
        this.unusedSinceMs.delete(name);
      }
    }
    this.pools.keepOnly(poolsOf([...this.byName.values(), ...used]));
  }
}

function* poolsOf(services: Iterable<ServiceRuntime>) {
  for (const service of services) for (const server of service.servers) yield server.pool;
}
