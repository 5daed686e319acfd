// Services of TCP or UDP as a worker runs them, across revisions: an unchanged one keeps its picker and whose turn it is, also where it
// is part of another one. Records are read when a service is first asked for. Not on the hot path; what it gives is.

import {
  type BalancedService,
  createPicker,
  type PickerServer,
  type PickerStrategy,
  ServersService,
  ServiceBuilder,
} from '@sluice/balancing';
import type { ServerStatus } from '@sluice/shared-state';
import { KeptServices } from './kept-services.ts';
import { prepareSoon } from './prepare-soon.ts';

export interface StreamServerRecord {
  /** As configured: what strategies that hash know the server by. */
  readonly address: string;
  readonly weight: number;
  readonly statusRow: number;
}

export interface StreamServersRecord<Server extends StreamServerRecord> {
  readonly kind: 'servers';
  readonly name: string;
  /** Equal hashes: the same settings. Rows may differ all the same. */
  readonly hash: string;
  readonly strategy: PickerStrategy;
  readonly servers: readonly Server[];
  readonly slowStartMs?: number;
}

export type StreamServiceRecord<Servers> =
  | Servers
  | {
      readonly kind: 'weighted';
      readonly name: string;
      readonly hash: string;
      readonly children: readonly { readonly service: number; readonly weight: number }[];
    }
  | {
      readonly kind: 'failover';
      readonly name: string;
      readonly hash: string;
      readonly service: number;
      readonly fallback: number;
    };

export interface StreamServicesOptions<Servers, Server> {
  readonly status: ServerStatus;
  /** Milliseconds of CLOCK_MONOTONIC; cheap. */
  readonly now: () => number;
  /** What the data path knows of each server, in their order. Once for each service that is new or has changed. */
  readonly makeServers: (record: Servers) => readonly Server[];
  /** Undefined: connections to servers are not limited. */
  readonly hasRoom?: (server: Server) => boolean;
}

export class StreamServices<Servers extends StreamServersRecord<StreamServerRecord>, Server extends PickerServer> {
  private readonly options: StreamServicesOptions<Servers, Server>;
  private readonly kept = new KeptServices<Server>();

  constructor(options: StreamServicesOptions<Servers, Server>) {
    this.options = options;
  }

  /** The services of a revision. @param recordOf by index; undefined: there is none. */
  under(recordOf: (index: number) => StreamServiceRecord<Servers> | undefined): ServiceBuilder<Server, number> {
    return new ServiceBuilder<Server, number>(
      (index) => {
        const record = recordOf(index);
        if (record?.kind !== 'servers') return record;
        const { name, hash, servers } = record;
        const key = { name, hash, rows: servers.map(({ statusRow }) => statusRow) };
        return { kind: 'ready', service: this.kept.obtain(key, [], () => this.withServers(record)) };
      },
      { keep: (index, parts, make) => this.kept.obtain(keyOf(recordOf(index)!), parts, make) },
    );
  }

  /** Forgets all others. @param names of all services of all live revisions. */
  keepOnly(names: ReadonlySet<string>): void {
    this.kept.keepOnly(names);
  }

  private withServers(record: Servers): BalancedService<Server> {
    const { status, now, makeServers, hasRoom } = this.options;
    const identified = record.servers.map(({ address, weight, statusRow }) => ({
      weight,
      statusRow,
      identity: address,
    }));
    const slowStart = { durationMs: record.slowStartMs ?? 0, now };
    const picker = createPicker(record.strategy, identified, status, { slowStart });
    prepareSoon(picker);
    return new ServersService(makeServers(record), picker, status, hasRoom);
  }
}

function keyOf({ name, hash }: { readonly name: string; readonly hash: string }) {
  return { name, hash };
}
