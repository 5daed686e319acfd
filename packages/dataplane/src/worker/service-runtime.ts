// One service as a worker runs it: a picker over its servers, and the pool of each server. Lives across revisions as
// long as the service does not change, so that balancing state and pooled connections survive a reload.

import { createPicker, type Picker } from '@sluice/balancing';
import type { ServerText } from '@sluice/observability/access-log';
import type { ServerRecord, ServersTransportRecord, ServiceRecord } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import type { UpstreamPools } from '../upstream/upstream-pools.ts';

export interface ServerRuntime {
  readonly record: ServerRecord;
  readonly pool: UpstreamPool;
  /** As the access log names it; undefined until it does. */
  accessText: ServerText | undefined;
}

export class ServiceRuntime {
  readonly name: string;
  readonly passHostHeader: boolean;
  readonly servers: readonly ServerRuntime[];
  private readonly record: ServiceRecord;
  private readonly transportHash: string;
  private readonly picker: Picker;

  constructor(record: ServiceRecord, transport: ServersTransportRecord, status: ServerStatus, pools: UpstreamPools) {
    this.name = record.name;
    this.record = record;
    this.transportHash = transport.hash;
    this.passHostHeader = record.passHostHeader;
    this.servers = record.servers.map((server) => ({
      record: server,
      pool: pools.obtain(server, transport),
      accessText: undefined,
    }));
    this.picker = createPicker(record.strategy, record.servers, status);
  }

  /** A server that is up, or undefined. */
  pick(): ServerRuntime | undefined {
    const index = this.picker.pick();
    return index === -1 ? undefined : this.servers[index];
  }

  /** As `pick`; where connections are limited, one that takes the request at once is preferred to one where it would wait. */
  pickWithRoom(): ServerRuntime | undefined {
    const first = this.pick();
    if (first?.pool.places === undefined || first.pool.places.hasRoom) return first;
    for (let i = 1; i < this.servers.length; i++) {
      const next = this.pick();
      if (next?.pool.places?.hasRoom === true) return next;
    }
    return first;
  }

  /** True when this runtime serves the given records as well as a new one would. */
  serves(record: ServiceRecord, transport: ServersTransportRecord): boolean {
    return (
      record.hash === this.record.hash &&
      transport.hash === this.transportHash &&
      record.servers.length === this.servers.length &&
      record.servers.every((server, index) => {
        const own = this.record.servers[index];
        return server.url === own.url && server.statusRow === own.statusRow;
      })
    );
  }
}
