// TCP services of one worker, by name across revisions: an unchanged one keeps whose turn it is, also one that is made of others. Not on
// the hot path.

import { type DefinitionOf, ServiceBuilder } from '@sluice/balancing';
import type { SnapshotTables } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import type { ServerPlaces } from '../upstream/places/server-places.ts';
import { KeptServices } from '../worker/kept-services.ts';
import type { ConnectionPlaces } from './connection-places.ts';
import type { TcpServer } from './tcp-server.ts';
import { TcpService } from './tcp-service.ts';

/** What the routers of one revision have asked for so far. */
export class UsedTcpServices {
  readonly withServers = new Set<TcpService>();
  /** Of those that are made of others. */
  readonly names = new Set<string>();
}

export class TcpServices {
  private readonly status: ServerStatus;
  private readonly places: ConnectionPlaces;
  private readonly byName = new Map<string, TcpService>();
  private readonly composed = new KeptServices<TcpServer>();

  constructor(status: ServerStatus, places: ConnectionPlaces) {
    this.status = status;
    this.places = places;
  }

  /** Makes the services of one revision, by their index. `used` gets what is asked for. */
  builderFor(tables: SnapshotTables, used: UsedTcpServices): ServiceBuilder<TcpServer, number> {
    const definitionOf: DefinitionOf<TcpServer, number> = (index) => {
      const record = tables.tcpService(index);
      if (record.kind !== 'servers') return record;
      const service = this.obtain(tables, index);
      used.withServers.add(service);
      return { kind: 'ready', service: service.balanced };
    };
    return new ServiceBuilder(definitionOf, {
      keep: (index, parts, make) => {
        const { name, hash } = tables.tcpService(index);
        used.names.add(name);
        return this.composed.obtain({ name, hash }, parts, make);
      },
    });
  }

  /** Forgets services that no live revision uses. Their connections go on. */
  keepOnly(live: Iterable<UsedTcpServices>): void {
    const used = new Set<TcpService>();
    const names = new Set<string>();
    for (const each of live) {
      for (const service of each.withServers) used.add(service);
      for (const name of each.names) names.add(name);
    }
    for (const [name, service] of this.byName) if (!used.has(service)) this.byName.delete(name);
    this.composed.keepOnly(names);
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
