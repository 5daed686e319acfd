// The identifiers of the streams that were closed last, a bounded number of them: frames that were under way when a stream was
// closed are no fault (RFC 9113 §5.1, "closed"). Allocates when the first is remembered.

const NO_IDS = new Int32Array(0);

export class RecentStreams {
  private readonly idsMax: number;
  private ids = NO_IDS;
  private next = 0;

  constructor(idsMax: number) {
    this.idsMax = idsMax;
  }

  has(id: number): boolean {
    return this.ids.includes(id);
  }

  /** Forgets the oldest when there is no room. */
  add(id: number): void {
    if (this.next === this.ids.length) this.makeRoom();
    this.ids[this.next++] = id;
  }

  private makeRoom(): void {
    if (this.ids.length === this.idsMax) {
      this.next = 0;
      return;
    }
    const ids = new Int32Array(Math.min(this.idsMax, Math.max(8, this.ids.length * 2)));
    ids.set(this.ids);
    this.ids = ids;
  }
}
