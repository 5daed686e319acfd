// The UDP services of a snapshot as things that choose servers. A service that has not changed keeps its picker and its servers through
// reloads; those made of others are made anew. Nothing here runs per flow once a service is there.

import { type BalancedService, createPicker, isProblem, ServersService, ServiceBuilder } from '@sluice/balancing';
import type { StreamTables, UdpServersServiceRecord } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import { UdpServer } from './udp-server.ts';

interface Kept {
  readonly record: UdpServersServiceRecord;
  readonly service: ServersService<UdpServer>;
}

export class UdpServices {
  private readonly status: ServerStatus;
  /** By qualified name: those with servers of their own. */
  private kept = new Map<string, Kept>();
  private used = new Map<string, Kept>();

  constructor(status: ServerStatus) {
    this.status = status;
  }

  /** A new snapshot: what was not used on the last one is forgotten, as are services that nobody asks for any more after another. */
  begin(): void {
    this.kept = this.used;
    this.used = new Map();
  }

  /** For one snapshot. Services are made when they are asked for, by index; undefined for what the snapshot should not have. */
  of(tables: Pick<StreamTables, 'udpService'>): (index: number) => BalancedService<UdpServer> | undefined {
    const builder = new ServiceBuilder<UdpServer, number>((index) => {
      const record = tables.udpService(index);
      return record.kind === 'servers' ? { kind: 'ready', service: this.obtain(record) } : record;
    });
    return (index) => {
      const made = builder.obtain(index);
      return isProblem(made) ? undefined : made;
    };
  }

  private obtain(record: UdpServersServiceRecord): ServersService<UdpServer> {
    const known = this.used.get(record.name) ?? this.kept.get(record.name);
    if (known !== undefined && isSame(known.record, record)) {
      this.used.set(record.name, known);
      return known.service;
    }
    const servers = record.servers.map((server) => new UdpServer(record.name, server));
    const picker = createPicker(record.strategy, servers, this.status);
    const service = new ServersService(servers, picker, this.status);
    this.used.set(record.name, { record, service });
    return service;
  }
}

/** Rows are given anew to a server that was gone for a while. */
function isSame(a: UdpServersServiceRecord, b: UdpServersServiceRecord): boolean {
  if (a.hash !== b.hash || a.servers.length !== b.servers.length) return false;
  return a.servers.every(({ statusRow }, index) => statusRow === b.servers[index]!.statusRow);
}
