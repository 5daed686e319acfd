// TCP services of one worker: those with servers by name across revisions, those made of others anew for each revision. Not on the
// hot path.

import { type DefinitionOf, ServiceBuilder } from '@sluice/balancing';
import type { SnapshotTables } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import type { ServerPlaces } from '../upstream/places/server-places.ts';
import type { ConnectionPlaces } from './connection-places.ts';
import type { TcpServer } from './tcp-server.ts';
import { TcpService } from './tcp-service.ts';

export class TcpServices {
  private readonly status: ServerStatus;
  private readonly places: ConnectionPlaces;
  private readonly byName = new Map<string, TcpService>();

  constructor(status: ServerStatus, places: ConnectionPlaces) {
    this.status = status;
    this.places = places;
  }

  /** Makes the services of one revision, by their index. `used` gets those with servers. */
  builderFor(tables: SnapshotTables, used: Set<TcpService>): ServiceBuilder<TcpServer, number> {
    const definitionOf: DefinitionOf<TcpServer, number> = (index) => {
      const record = tables.tcpService(index);
      if (record.kind !== 'servers') return record;
      const service = this.obtain(tables, index);
      used.add(service);
      return { kind: 'ready', service: service.balanced };
    };
    return new ServiceBuilder(definitionOf);
  }

  /** Forgets services that no live revision uses. Their connections go on. */
  keepOnly(used: ReadonlySet<TcpService>): void {
    for (const [name, service] of this.byName) if (!used.has(service)) this.byName.delete(name);
    const places = new Set<ServerPlaces>();
    for (const { servers } of used) {
      for (const server of servers) if (server.places !== undefined) places.add(server.places);
    }
    this.places.keepOnly(places);
  }

  private obtain(tables: SnapshotTables, index: number): TcpService {
    const record = tables.tcpService(index);
    if (record.kind !== 'servers') throw new Error(`TCP service ${record.name} has no servers of its own`);
    const transport = tables.tcpTransport(record.transport);
    const known = this.byName.get(record.name);
    if (known?.serves(record, transport)) return known;
    const service = new TcpService(record, transport, this.status, this.places);
    this.byName.set(record.name, service);
    return service;
  }
}
