// Which connections are idle in a pool, by seat: so that news of them can be told from everything else at the cost of one read.
// Kept by the connections, read for every event of a batch. Allocates nothing after its start.

import { INDEX_MASK } from '@sluice/native';
import type { StreamConnection } from '../worker/stream-connection.ts';

export class IdleSeats {
  private readonly seats: Uint8Array;

  /** @param connectionsMax seats of the transport. */
  constructor(connectionsMax: number) {
    this.seats = new Uint8Array(connectionsMax);
  }

  /** @param id a live connection's. */
  has(id: number): boolean {
    return this.seats[id & INDEX_MASK] === 1;
  }

  add(connection: StreamConnection): void {
    this.seats[connection.id & INDEX_MASK] = 1;
  }

  /** Before the connection loses its id. */
  delete(connection: StreamConnection): void {
    if (connection.id !== 0) this.seats[connection.id & INDEX_MASK] = 0;
  }
}
