// Rows of counts with one word per slot: what all workers together have of something, and who has it. A worker changes only its
// own word, so what a crashed one leaves behind can be cleared. Positions and atomics; which row means what is decided elsewhere.

/** A row fills whole cache lines: workers that count different things do not slow each other down. */
const LINE_WORDS = 16;

export class SlotCounts {
  readonly rows: number;
  readonly slots: number;
  private readonly words: Int32Array;
  private readonly rowWords: number;

  static byteLength(rows: number, slots: number): number {
    return rows * rowWordsFor(slots) * 4;
  }

  /** @param buffer zero-filled when it is new. @param offset in bytes, a multiple of 64. */
  constructor(buffer: ArrayBuffer, offset: number, rows: number, slots: number) {
    this.rows = rows;
    this.slots = slots;
    this.rowWords = rowWordsFor(slots);
    this.words = new Int32Array(buffer, offset, rows * this.rowWords);
  }

  /**
   * Counts one more unless that makes more than `max` over all slots. Counted first and looked at then: two workers that want
   * the last place may both be refused, but never both get it.
   */
  tryAdd(row: number, slot: number, max: number): boolean {
    this.add(row, slot, 1);
    if (this.sum(row) <= max) return true;
    this.add(row, slot, -1);
    return false;
  }

  /** Only the worker in the slot calls this, where a row does not say otherwise. */
  add(row: number, slot: number, delta: number): void {
    Atomics.add(this.words, row * this.rowWords + slot, delta);
  }

  own(row: number, slot: number): number {
    return Atomics.load(this.words, row * this.rowWords + slot);
  }

  /** Over all slots. */
  sum(row: number): number {
    const at = row * this.rowWords;
    let sum = 0;
    for (let slot = 0; slot < this.slots; slot++) sum += Atomics.load(this.words, at + slot);
    return sum;
  }

  /** Slots whose count is not 0. */
  users(row: number): number {
    const at = row * this.rowWords;
    let users = 0;
    for (let slot = 0; slot < this.slots; slot++) if (Atomics.load(this.words, at + slot) !== 0) users++;
    return users;
  }

  /** The worker of that slot is gone: its part of these rows is nobody's. */
  clearSlot(slot: number, rows: Iterable<number>): void {
    for (const row of rows) Atomics.store(this.words, row * this.rowWords + slot, 0);
  }
}

function rowWordsFor(slots: number): number {
  return Math.ceil(slots / LINE_WORDS) * LINE_WORDS;
}
