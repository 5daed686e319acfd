// The live streams of one connection: numbers in one array, found by identifier through open addressing. A stream keeps its
// slot, a small number, until it is removed, so that callers can keep arrays of their own beside it.
// Starts small, doubles up to its bound, and never shrinks; allocates only when it grows. Knows no rules.

export const Column = {
  /** Identifier; 0: the slot is free. */
  ID: 0,
  /** Bits of `StreamFlag`; in a free slot, the next free one. */
  FLAGS: 1,
  /** Bytes we may send; may be negative (RFC 9113 §6.9.2). */
  SEND_WINDOW: 2,
  /** Bytes the peer may send; may be negative for a while. */
  RECEIVE_WINDOW: 3,
  /** Bytes received and not consumed. */
  HELD: 4,
  /** Bytes consumed and not given back to the peer. */
  OWED: 5,
  /** Bytes sent since the stall watch began. */
  SENT: 6,
} as const;

export const StreamFlag = {
  /** The peer has sent END_STREAM. */
  REMOTE_ENDED: 1,
  /** We have sent END_STREAM. */
  LOCAL_ENDED: 2,
  /** The request, or the response that is final, has begun. */
  HEAD_CAME: 4,
  /** There is more to send than a window allows. */
  BLOCKED: 8,
} as const;

const COLUMNS = 8;
const SLOTS_MIN = 8;
const NONE = -1;

export class StreamTable {
  /** Streams in it. */
  count = 0;
  private readonly slotsMax: number;
  private slots: number;
  private cells: Int32Array;
  /** Milliseconds; when the stall watch of a stream began. */
  private watchMs: Float64Array;
  /** Slot + 1 by hash; 0: nobody. Twice as long as there are slots, or more. */
  private index: Int32Array;
  private firstFree = NONE;
  /** Slots from here on have never been used. */
  private unused = 0;

  constructor(slotsMax: number) {
    this.slotsMax = slotsMax;
    this.slots = Math.min(SLOTS_MIN, slotsMax);
    this.cells = new Int32Array(this.slots * COLUMNS);
    this.watchMs = new Float64Array(this.slots);
    this.index = new Int32Array(indexLength(this.slots));
  }

  get isFull(): boolean {
    return this.count >= this.slotsMax;
  }

  /** Slots in use are below; those that are free have identifier 0. */
  get slotsEnd(): number {
    return this.unused;
  }

  get(slot: number, column: number): number {
    return this.cells[slot * COLUMNS + column];
  }

  set(slot: number, column: number, value: number): void {
    this.cells[slot * COLUMNS + column] = value;
  }

  has(slot: number, flag: number): boolean {
    return (this.cells[slot * COLUMNS + Column.FLAGS] & flag) !== 0;
  }

  mark(slot: number, flag: number): void {
    this.cells[slot * COLUMNS + Column.FLAGS] |= flag;
  }

  unmark(slot: number, flag: number): void {
    this.cells[slot * COLUMNS + Column.FLAGS] &= ~flag;
  }

  watchedSinceMs(slot: number): number {
    return this.watchMs[slot];
  }

  watchSince(slot: number, now: number): void {
    this.watchMs[slot] = now;
    this.set(slot, Column.SENT, 0);
  }

  /** Slot of a stream; -1 when it is not here. */
  find(id: number): number {
    const { index } = this;
    const mask = index.length - 1;
    for (let place = hash(id) & mask; ; place = (place + 1) & mask) {
      const slot = index[place] - 1;
      if (slot === NONE || this.cells[slot * COLUMNS] === id) return slot;
    }
  }

  /** A slot for a stream that is not here, all columns but the identifier 0. @throws RangeError when it is full. */
  add(id: number): number {
    if (this.isFull) throw new RangeError(`there is no room for more than ${this.slotsMax} streams`);
    let slot = this.firstFree;
    if (slot !== NONE) this.firstFree = this.get(slot, Column.FLAGS);
    else {
      if (this.unused === this.slots) this.grow();
      slot = this.unused++;
    }
    const base = slot * COLUMNS;
    this.cells.fill(0, base, base + COLUMNS);
    this.cells[base] = id;
    this.enter(slot, id);
    this.count++;
    return slot;
  }

  remove(slot: number): void {
    this.leave(slot);
    this.set(slot, Column.ID, 0);
    this.set(slot, Column.FLAGS, this.firstFree);
    this.firstFree = slot;
    this.count--;
  }

  private enter(slot: number, id: number): void {
    const { index } = this;
    const mask = index.length - 1;
    let place = hash(id) & mask;
    while (index[place] !== 0) place = (place + 1) & mask;
    index[place] = slot + 1;
  }

  /** Moves back what had to give way, so that no tombstones pile up. */
  private leave(slot: number): void {
    const { index } = this;
    const mask = index.length - 1;
    let hole = hash(this.get(slot, Column.ID)) & mask;
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; index[place] !== 0; place = (place + 1) & mask) {
      const home = hash(this.get(index[place] - 1, Column.ID)) & mask;
      // Whoever could be found from the hole on may move there.
      if (((place - home) & mask) < ((place - hole) & mask)) continue;
      index[hole] = index[place];
      hole = place;
    }
    index[hole] = 0;
  }

  private grow(): void {
    this.slots = Math.min(this.slots * 2, this.slotsMax);
    const cells = new Int32Array(this.slots * COLUMNS);
    cells.set(this.cells);
    this.cells = cells;
    const watchMs = new Float64Array(this.slots);
    watchMs.set(this.watchMs);
    this.watchMs = watchMs;
    this.index = new Int32Array(indexLength(this.slots));
    for (let slot = 0; slot < this.unused; slot++) this.enter(slot, this.get(slot, Column.ID));
  }
}

/** A power of two, at most half full. */
function indexLength(slots: number): number {
  return 1 << (33 - Math.clz32(Math.max(1, slots - 1)));
}

function hash(id: number): number {
  const mixed = Math.imul(id, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
