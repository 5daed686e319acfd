// From the transport's connection ids to our objects. A stale id finds nothing: seats are checked against the whole id.

import { INDEX_MASK } from '@sluice/native';
import type { StreamConnection } from './stream-connection.ts';

export class ConnectionTable {
  /** By seat (`id & INDEX_MASK`); grows as the transport hands out higher seats. */
  private readonly seats: (StreamConnection | undefined)[] = [];
  count = 0;

  add(id: number, connection: StreamConnection): void {
    const seat = id & INDEX_MASK;
    while (this.seats.length <= seat) this.seats.push(undefined);
    this.seats[seat] = connection;
    connection.id = id;
    this.count++;
  }

  find(id: number): StreamConnection | undefined {
    const seat = id & INDEX_MASK;
    if (seat >= this.seats.length) return undefined;
    const connection = this.seats[seat];
    return connection !== undefined && connection.id === id ? connection : undefined;
  }

  /** `next` has the seat and the id of `connection` from now on. */
  replace(connection: StreamConnection, next: StreamConnection): void {
    const seat = connection.id & INDEX_MASK;
    if (this.seats[seat] !== connection) return;
    this.seats[seat] = next;
    next.id = connection.id;
  }

  remove(connection: StreamConnection): void {
    const seat = connection.id & INDEX_MASK;
    if (this.seats[seat] !== connection) return;
    this.seats[seat] = undefined;
    this.count--;
  }

  forEach(visit: (connection: StreamConnection) => void): void {
    for (const connection of this.seats) {
      if (connection !== undefined) visit(connection);
    }
  }
}
