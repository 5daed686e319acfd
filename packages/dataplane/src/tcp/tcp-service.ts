// One TCP service with servers of its own as a worker runs it. Lives across revisions as long as it does not change, so that turns and
// tables of its picker survive a reload. Dials nothing.

import { createPicker, ServersService, type SlowStartOptions } from '@sluice/balancing';
import { ServerText } from '@sluice/observability/access-log';
import type { TcpServersServiceRecord, TcpTransportRecord } from '@sluice/routing/snapshot';
import type { ServerStatus } from '@sluice/shared-state';
import { monotonicMs } from '../worker/monotonic-ms.ts';
import { prepareSoon } from '../worker/prepare-soon.ts';
import type { ConnectionPlaces } from './connection-places.ts';
import type { TcpServer } from './tcp-server.ts';

export class TcpService {
  readonly servers: readonly TcpServer[];
  readonly balanced: ServersService<TcpServer>;
  private readonly record: TcpServersServiceRecord;
  private readonly transportHash: string;

  constructor(
    record: TcpServersServiceRecord,
    transport: TcpTransportRecord,
    status: ServerStatus,
    places: ConnectionPlaces,
  ) {
    this.record = record;
    this.transportHash = transport.hash;
    this.servers = record.servers.map((server) => ({
      weight: server.weight,
      statusRow: server.statusRow,
      identity: server.address,
      record: server,
      service: record,
      transport,
      accessText: new ServerText(record.name, server.address, server.address),
      places: places.obtain(server.statusRow, {
        connectionsMax: server.maxConnections,
        queuedMax: record.maxQueued,
        queueTimeoutMs: record.queueTimeoutMs,
      }),
    }));
    const picker = createPicker(record.strategy, this.servers, status, slowStartOf(record));
    prepareSoon(picker);
    const isLimited = this.servers.some((server) => server.places !== undefined);
    this.balanced = new ServersService(this.servers, picker, status, isLimited ? hasRoom : undefined);
  }

  /** True when this one does as well as a new one would. */
  serves(record: TcpServersServiceRecord, transport: TcpTransportRecord): boolean {
    return (
      record.hash === this.record.hash &&
      transport.hash === this.transportHash &&
      transport.tlsKey === this.servers[0]?.transport.tlsKey &&
      record.servers.length === this.servers.length &&
      record.servers.every(({ statusRow }, index) => statusRow === this.servers[index].statusRow)
    );
  }
}

function hasRoom({ places }: TcpServer): boolean {
  return places === undefined || places.hasRoom;
}

function slowStartOf({ slowStartMs }: TcpServersServiceRecord): { readonly slowStart?: SlowStartOptions } {
  return slowStartMs > 0 ? { slowStart: { durationMs: slowStartMs, now: monotonicMs } } : {};
}
