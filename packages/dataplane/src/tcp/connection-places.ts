// Places of servers whose TCP connections are limited: the same places, lines and shared counts as for HTTP (`ServerPlaces`), where a
// connection never becomes idle, so that a place is given back only when a connection ends. One object per worker.
// Rows of the limits block are numbered as those of the server status: a server of a TCP service shares its row with none of HTTP.

import type { LimitsBlock } from '@sluice/shared-state';
import { type PlaceLimits, type PlaceSurroundings, ServerPlaces } from '../upstream/places/server-places.ts';
import { monotonicMs } from '../worker/monotonic-ms.ts';

export interface ConnectionPlacesOptions {
  readonly limits: LimitsBlock;
  readonly slot: number;
  /** Carries out what has been asked of the transport. */
  readonly flush: () => void;
}

export class ConnectionPlaces {
  private readonly options: ConnectionPlacesOptions;
  private readonly surroundings: PlaceSurroundings;
  private readonly byRow = new Map<number, ServerPlaces>();

  constructor(options: ConnectionPlacesOptions) {
    this.options = options;
    this.surroundings = { now: monotonicMs, flush: options.flush, hasIdle: () => false, closeIdle: () => false };
  }

  /**
   * The places of a server, the same ones after a reload: who has one keeps it. Not on the hot path.
   * @returns undefined when its connections are not limited.
   */
  obtain(statusRow: number, limits: PlaceLimits): ServerPlaces | undefined {
    if (limits.connectionsMax <= 0) return undefined;
    const known = this.byRow.get(statusRow);
    if (known !== undefined) {
      known.configure(limits);
      return known;
    }
    const { serverConnections: connections, serverQueues: queues } = this.options.limits;
    const { slot } = this.options;
    const places = new ServerPlaces({ connections, queues, row: statusRow, slot }, limits, this.surroundings);
    this.byRow.set(statusRow, places);
    return places;
  }

  /** Forgets all others that have neither a connection nor anybody in line. */
  keepOnly(used: ReadonlySet<ServerPlaces>): void {
    for (const [row, places] of this.byRow) {
      if (used.has(places) || places.taken > 0 || places.queued > 0) continue;
      places.close();
      this.byRow.delete(row);
    }
  }

  /** The worker ends. */
  close(): void {
    for (const places of this.byRow.values()) places.close();
    this.byRow.clear();
  }
}
