// The servers that one connection has tried in vain, for the next pick. By status row, which is good for all services, so that it
// may pass through weighted and failover services too. One per connection object, reused: it allocates only when a connection tries
// more servers than ever before.

const TRIES_USUAL = 8;
/** As many as the configuration allows, and the first one. */
const TRIES_MAX = 128;

export class TriedServers {
  private rows = new Int32Array(TRIES_USUAL);
  private used = 0;

  get count(): number {
    return this.used;
  }

  /** No more can be kept: whoever tries has to give up now. */
  get isFull(): boolean {
    return this.used === TRIES_MAX;
  }

  /** @throws RangeError when it is full. */
  add(statusRow: number): void {
    if (this.used === TRIES_MAX) throw new RangeError(`at most ${TRIES_MAX} servers are tried for one connection`);
    if (this.used === this.rows.length) {
      const longer = new Int32Array(this.used * 2);
      longer.set(this.rows);
      this.rows = longer;
    }
    this.rows[this.used++] = statusRow;
  }

  has(statusRow: number): boolean {
    for (let i = 0; i < this.used; i++) if (this.rows[i] === statusRow) return true;
    return false;
  }

  /** Becomes what another one is. */
  copy(other: TriedServers | undefined): void {
    this.used = 0;
    for (let i = 0; other !== undefined && i < other.used; i++) this.add(other.rows[i]);
  }

  /** For the next connection. */
  clear(): void {
    this.used = 0;
  }
}
