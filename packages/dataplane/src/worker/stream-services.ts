// Services of TCP or UDP as a worker runs them, across revisions: an unchanged one keeps its picker and whose turn it is, also where it
// is part of another one. Records are read when a service is first asked for. Not on the hot path; what it gives is.

import {
  type BalancedService,
  createPicker,
  MaglevHash,
  type PickerServer,
  type PickerStrategy,
  ServersService,
  ServiceBuilder,
} from '@sluice/balancing';
import type { ServerStatus } from '@sluice/shared-state';

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

/** A service that was made, and what it was made of. */
interface Made<Server> {
  readonly hash: string;
  readonly rows: readonly number[];
  readonly parts: readonly BalancedService<Server>[];
  readonly service: BalancedService<Server>;
}

export class StreamServices<Servers extends StreamServersRecord<StreamServerRecord>, Server extends PickerServer> {
  private readonly options: StreamServicesOptions<Servers, Server>;
  private readonly byName = new Map<string, Made<Server>>();

  constructor(options: StreamServicesOptions<Servers, Server>) {
    this.options = options;
  }

  /** The services of a revision. @param recordOf by index; undefined: there is none. */
  under(recordOf: (index: number) => StreamServiceRecord<Servers> | undefined): ServiceBuilder<Server, number> {
    return new ServiceBuilder<Server, number>(
      (index) => {
        const record = recordOf(index);
        if (record?.kind !== 'servers') return record;
        const rows = record.servers.map(({ statusRow }) => statusRow);
        return { kind: 'ready', service: this.kept(record, rows, [], () => this.withServers(record)) };
      },
      { keep: (index, parts, make) => this.kept(recordOf(index)!, [], parts, make) },
    );
  }

  /** Forgets all others. @param names of all services of all live revisions. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.byName.keys()) if (!names.has(name)) this.byName.delete(name);
  }

  private kept(
    { name, hash }: StreamServiceRecord<Servers>,
    rows: readonly number[],
    parts: readonly BalancedService<Server>[],
    make: () => BalancedService<Server>,
  ): BalancedService<Server> {
    const known = this.byName.get(name);
    if (known?.hash === hash && isEqual(known.rows, rows) && isEqual(known.parts, parts)) return known.service;
    const service = make();
    this.byName.set(name, { hash, rows, parts, service });
    return service;
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
    if (picker instanceof MaglevHash) prepareSoon(picker);
    return new ServersService(makeServers(record), picker, status, hasRoom);
  }
}

/** Between turns of the event loop: a large table takes some ten milliseconds in all. */
function prepareSoon(picker: MaglevHash): void {
  setImmediate(() => {
    if (!picker.prepare()) prepareSoon(picker);
  }).unref();
}

function isEqual<Part>(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
