// What JavaScript remembers of each flow until it is over: whose it is and where it goes. By the seat of its id, whose upper bits say
// which of the flows on that seat is meant. Datagrams pass without coming here. Allocates only for more flows than ever before.

import type { PickerServer } from '@sluice/balancing';

/** The lower bits of an id are its seat, as those of connections are. */
const SEAT_MASK = 2 ** 20 - 1;
const SEATS_AT_FIRST = 256;
const ADDRESS_BYTES = 16;
/** No id: generations begin with 1. */
const NOBODY = 0;

export class FlowTable<Server extends PickerServer, Owner> {
  private ids = new Int32Array(SEATS_AT_FIRST);
  private addresses = new Uint8Array(SEATS_AT_FIRST * ADDRESS_BYTES);
  private readonly servers: (Server | undefined)[] = [];
  private readonly owners: (Owner | undefined)[] = [];
  private used = 0;

  /** Flows that are remembered. */
  get count(): number {
    return this.used;
  }

  /** One more than the highest seat that has ever been taken. */
  get seats(): number {
    return this.servers.length;
  }

  /** @param address 16 bytes; copied. @param owner of the flow: its entry point. The seat must be free. */
  put(flow: number, address: Uint8Array, server: Server, owner: Owner): void {
    const seat = flow & SEAT_MASK;
    if (seat >= this.ids.length) this.grow(seat);
    while (this.servers.length <= seat) {
      this.servers.push(undefined);
      this.owners.push(undefined);
    }
    this.ids[seat] = flow;
    this.servers[seat] = server;
    this.owners[seat] = owner;
    for (let i = 0; i < ADDRESS_BYTES; i++) this.addresses[seat * ADDRESS_BYTES + i] = address[i];
    this.used++;
  }

  has(flow: number): boolean {
    return flow !== NOBODY && this.ids[flow & SEAT_MASK] === flow;
  }

  /** The id of the flow on a seat, 0: none. */
  at(seat: number): number {
    return this.ids[seat & SEAT_MASK] ?? NOBODY;
  }

  /** Of a flow that is there. */
  serverOf(flow: number): Server {
    return this.servers[flow & SEAT_MASK]!;
  }

  /** Of a flow that is there. */
  ownerOf(flow: number): Owner {
    return this.owners[flow & SEAT_MASK]!;
  }

  /** Of a flow that is there, into 16 bytes. */
  copyAddress(flow: number, into: Uint8Array): void {
    const from = (flow & SEAT_MASK) * ADDRESS_BYTES;
    for (let i = 0; i < ADDRESS_BYTES; i++) into[i] = this.addresses[from + i];
  }

  /** It must be there. */
  remove(flow: number): void {
    const seat = flow & SEAT_MASK;
    this.ids[seat] = NOBODY;
    this.servers[seat] = undefined;
    this.owners[seat] = undefined;
    this.used--;
  }

  private grow(seat: number): void {
    let seats = this.ids.length;
    while (seats <= seat) seats *= 2;
    const ids = new Int32Array(seats);
    ids.set(this.ids);
    const addresses = new Uint8Array(seats * ADDRESS_BYTES);
    addresses.set(this.addresses);
    this.ids = ids;
    this.addresses = addresses;
  }
}
