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

  /** `tables` are in force in place of `previous`, which is held a while longer. */
  replaced(previous: Pinned, tables: PinTables): void {
    this.walk++;
    if (this.busy.size === 0) {
      this.release();
      return;
    }
    previous.enter();
    this.carried.push(previous);
    this.look(this.walk, tables, 0, new Set());
  }

  private look(walk: number, tables: PinTables, from: number, found: Set<string>): void {
    if (walk !== this.walk) return; // A newer one is in force: only that counts.
    const end = Math.min(from + SERVICES_PER_TURN, tables.udpServiceCount);
    for (let index = from; index < end; index++) {
      const record = tables.udpService(index);
      if (record.kind !== 'servers') continue;
      for (const { address, statusRow } of record.servers) found.add(keyOf(record.name, address, statusRow));
    }
    if (end < tables.udpServiceCount) {
      setImmediate(() => this.look(walk, tables, end, found));
      return;
    }
    const [oldest] = this.carried;
    for (const server of this.busy) {
      if (this.pins.has(server) || found.has(keyOf(server.service, server.address, server.statusRow))) continue;
      oldest!.enter();
      this.pins.set(server, oldest!);
    }
    this.release();
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
