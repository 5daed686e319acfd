// Keeps a revision alive for flows whose server the newer ones do not have any more: the row in which such a server is counted belongs to
// it as long as a worker holds a revision that names it. Servers that are still there hold nothing, however long their flows last.
// Looks through a new revision some services at a time; allocates with each reload, never per flow after the first of a server.

import type { StreamTables } from '@sluice/routing/snapshot';
import type { UdpServer } from './udp-server.ts';

/** What is held back from being released. */
export interface Pinned {
  enter(): void;
  leave(): void;
}

export interface PinTables extends Pick<StreamTables, 'udpService'> {
  readonly udpServiceCount: number;
}

const SERVICES_PER_TURN = 64;

/** Through all services of one revision. */
interface Walk {
  readonly number: number;
  readonly tables: PinTables;
  readonly servers: Set<string>;
  readonly names: Set<string>;
  readonly onLooked: (names: ReadonlySet<string>) => void;
}

export class ServerPins {
  private readonly busy = new Set<UdpServer>();
  private readonly pins = new Map<UdpServer, Pinned>();
  /** Revisions that are held until the look through the newest one is done, oldest first. */
  private carried: Pinned[] = [];
  private walk = 0;

  /** Servers with flows that no revision in force has. */
  get count(): number {
    return this.pins.size;
  }

  began(server: UdpServer): void {
    if (server.flows++ === 0) this.busy.add(server);
  }

  over(server: UdpServer): void {
    if (--server.flows > 0) return;
    this.busy.delete(server);
    const pin = this.pins.get(server);
    this.pins.delete(server);
    pin?.leave();
  }

  /**
   * `tables` are in force in place of `previous`, which is held a while longer.
   * @param onLooked the names of all services there are, in a later turn where there are many; not when a newer revision comes before.
   */
  replaced(previous: Pinned, tables: PinTables, onLooked: (names: ReadonlySet<string>) => void): void {
    previous.enter();
    this.carried.push(previous);
    this.look({ number: ++this.walk, tables, servers: new Set(), names: new Set(), onLooked }, 0);
  }

  private look(walk: Walk, from: number): void {
    if (walk.number !== this.walk) return; // A newer one is in force: only that counts.
    const { tables, names, servers } = walk;
    const end = Math.min(from + SERVICES_PER_TURN, tables.udpServiceCount);
    for (let index = from; index < end; index++) {
      const record = tables.udpService(index);
      names.add(record.name);
      if (record.kind !== 'servers') continue;
      for (const { address, statusRow } of record.servers) servers.add(keyOf(record.name, address, statusRow));
    }
    if (end < tables.udpServiceCount) setImmediate(() => this.look(walk, end));
    else this.finish(walk);
  }

  private finish({ servers, names, onLooked }: Walk): void {
    const [oldest] = this.carried;
    for (const server of this.busy) {
      if (this.pins.has(server) || servers.has(keyOf(server.service, server.address, server.statusRow))) continue;
      oldest!.enter();
      this.pins.set(server, oldest!);
    }
    this.release();
    onLooked(names);
  }

  private release(): void {
    const { carried } = this;
    this.carried = [];
    for (const revision of carried) revision.leave();
  }
}

function keyOf(service: string, address: string, statusRow: number): string {
  return `${service}\n${address}\n${statusRow}`;
}
