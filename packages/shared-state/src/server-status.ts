// The server rows of the `status` shared memory: health and weight written by the supervisor, in-flight counts by workers.
// A row belongs to one server of one service and keeps its number through reloads; rows are handed out by the supervisor.

/** A row starts with these words; in-flight counts, one per slot, follow. Rows are a multiple of 64 bytes (a cache line). */
const Row = { HEALTH: 0, IN_FLIGHT: 4 } as const;

/** UNKNOWN is not picked, like DOWN; it differs only in what is shown. */
export const ServerHealth = { DOWN: 0, UP: 1, UNKNOWN: 2 } as const;

export class ServerStatus {
  readonly rows: number;
  readonly slots: number;
  private readonly words: Int32Array;
  private readonly rowWords: number;

  static byteLength(rows: number, slots: number): number {
    return rows * rowWordsFor(slots) * 4;
  }

  /** The buffer is zero-filled when created: every row starts DOWN until `reset` hands it out. */
  constructor(buffer: ArrayBuffer, slots: number) {
    this.words = new Int32Array(buffer);
    this.slots = slots;
    this.rowWords = rowWordsFor(slots);
    this.rows = Math.floor(this.words.length / this.rowWords);
  }

  /** Prepares a row for another server. */
  reset(row: number, health: number): void {
    const at = row * this.rowWords;
    for (let slot = 0; slot < this.slots; slot++) Atomics.store(this.words, at + Row.IN_FLIGHT + slot, 0);
    Atomics.store(this.words, at + Row.HEALTH, health);
  }

  health(row: number): number {
    return Atomics.load(this.words, row * this.rowWords + Row.HEALTH);
  }

  isUp(row: number): boolean {
    return Atomics.load(this.words, row * this.rowWords + Row.HEALTH) === ServerHealth.UP;
  }

  setHealth(row: number, health: number): void {
    Atomics.store(this.words, row * this.rowWords + Row.HEALTH, health);
  }

  /** Exchanges of this slot now running on the server. Only the worker in the slot calls this. */
  addInFlight(row: number, slot: number, delta: number): void {
    Atomics.add(this.words, row * this.rowWords + Row.IN_FLIGHT + slot, delta);
  }

  /** Sum over all slots. */
  inFlight(row: number): number {
    const at = row * this.rowWords + Row.IN_FLIGHT;
    let sum = 0;
    for (let slot = 0; slot < this.slots; slot++) sum += Atomics.load(this.words, at + slot);
    return sum;
  }

  /** A crashed worker leaves its counts behind; the supervisor clears them before it fills the slot again. */
  clearSlot(slot: number, usedRows: Iterable<number>): void {
    for (const row of usedRows) Atomics.store(this.words, row * this.rowWords + Row.IN_FLIGHT + slot, 0);
  }
}

function rowWordsFor(slots: number): number {
  return Math.ceil((Row.IN_FLIGHT + slots) / 16) * 16;
}
