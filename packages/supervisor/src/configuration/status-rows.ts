// Hands out rows of the server status memory: one per server of a service, kept through reloads, given to another server only
// when no worker can hold a revision that names the old one.

import { ServerHealth, type ServerStatus } from '@sluice/shared-state';

interface Row {
  readonly number: number;
  /** The newest revision that names it. */
  lastRevision: number;
}

export class StatusRows {
  private readonly status: ServerStatus;
  private readonly rows = new Map<string, Row>();
  /** Returned rows, reused before new ones are taken. */
  private readonly free: number[] = [];
  private next = 0;

  constructor(status: ServerStatus) {
    this.status = status;
  }

  /** Rows in use now. */
  get used(): Iterable<number> {
    return [...this.rows.values()].map((row) => row.number);
  }

  /**
   * The row of a server in a revision; a new one starts DOWN, until the health checks say otherwise.
   * @param key of the service and the server's URL, as the compiler makes it.
   * @returns undefined when all rows are taken.
   */
  obtain(key: string, revision: number): number | undefined {
    const known = this.rows.get(key);
    if (known !== undefined) {
      known.lastRevision = Math.max(known.lastRevision, revision);
      return known.number;
    }
    const number = this.free.pop() ?? (this.next < this.status.rows ? this.next++ : undefined);
    if (number === undefined) return undefined;
    this.status.reset(number, ServerHealth.DOWN);
    this.rows.set(key, { number, lastRevision: revision });
    return number;
  }

  /**
   * No worker holds a revision older than this one any more. TCP connections outlive theirs and count in the row until they end:
   * so long it stays their server's.
   */
  releaseBefore(oldestLiveRevision: number): void {
    for (const [key, row] of this.rows) {
      if (row.lastRevision >= oldestLiveRevision || this.status.inFlight(row.number) > 0) continue;
      this.rows.delete(key);
      this.free.push(row.number);
    }
  }
}
