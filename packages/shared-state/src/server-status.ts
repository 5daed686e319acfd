// The server rows of the `status` shared memory: health written by the supervisor, in-flight counts by workers.
// A row belongs to one server of one service and keeps its number through reloads; rows are handed out by the supervisor.

/** Bumped when the layout changes: a block of another version is refused. */
const LAYOUT_VERSION = 2;
/** A cache line of its own, which nobody writes after the first process. */
const HEADER_WORDS = 16;
const VERSION_WORD = 0;

/** A row starts with these words; in-flight counts, one per slot, follow. Rows are a multiple of 64 bytes (a cache line). */
const Row = { HEALTH: 0, UP_SINCE: 1, IN_FLIGHT: 4 } as const;

/** UNKNOWN is not picked, like DOWN; it differs only in what is shown. */
export const ServerHealth = { DOWN: 0, UP: 1, UNKNOWN: 2 } as const;

/** The clock of `upForMs` counts steps of so many milliseconds: 31 bits of them last for almost 7 years, far beyond any slow start. */
const UP_SINCE_UNIT_MS = 100;

export class ServerStatus {
  readonly rows: number;
  readonly slots: number;
  private readonly words: Int32Array;
  private readonly rowWords: number;
  private readonly now: () => number;

  static byteLength(rows: number, slots: number): number {
    return (HEADER_WORDS + rows * rowWordsFor(slots)) * 4;
  }

  /**
   * The buffer is zero-filled when created: every row starts DOWN until `reset` hands it out.
   * @param now milliseconds, the same clock in all processes. Asked when a server comes up only.
   * @throws Error when the block was made by another layout version.
   */
  constructor(buffer: ArrayBuffer, slots: number, now: () => number = monotonicMs) {
    const header = new Int32Array(buffer, 0, HEADER_WORDS);
    const version = Atomics.compareExchange(header, VERSION_WORD, 0, LAYOUT_VERSION);
    if (version !== 0 && version !== LAYOUT_VERSION) {
      throw new Error(`status block has layout version ${version}, expected ${LAYOUT_VERSION}`);
    }
    this.words = new Int32Array(buffer, HEADER_WORDS * 4);
    this.slots = slots;
    this.now = now;
    this.rowWords = rowWordsFor(slots);
    this.rows = Math.floor(this.words.length / this.rowWords);
  }

  /** Prepares a row for another server. */
  reset(row: number, health: number): void {
    const at = row * this.rowWords;
    for (let slot = 0; slot < this.slots; slot++) Atomics.store(this.words, at + Row.IN_FLIGHT + slot, 0);
    Atomics.store(this.words, at + Row.HEALTH, ServerHealth.DOWN);
    this.setHealth(row, health);
  }

  health(row: number): number {
    return Atomics.load(this.words, row * this.rowWords + Row.HEALTH);
  }

  isUp(row: number): boolean {
    return Atomics.load(this.words, row * this.rowWords + Row.HEALTH) === ServerHealth.UP;
  }

  /** Only the supervisor calls this. Since when the server is up is there before anybody can see that it is. */
  setHealth(row: number, health: number): void {
    const at = row * this.rowWords;
    if (health === ServerHealth.UP && !this.isUp(row)) {
      Atomics.store(this.words, at + Row.UP_SINCE, steps(this.now()));
    }
    Atomics.store(this.words, at + Row.HEALTH, health);
  }

  /**
   * For how long a server has been up that is up, in milliseconds, by tenths of a second.
   * @param nowMs of CLOCK_MONOTONIC, or of the clock that the block was given.
   */
  upForMs(row: number, nowMs: number): number {
    const since = Atomics.load(this.words, row * this.rowWords + Row.UP_SINCE);
    const passed = (steps(nowMs) - since) | 0;
    return passed > 0 ? passed * UP_SINCE_UNIT_MS : 0;
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

function steps(ms: number): number {
  return Math.floor(ms / UP_SINCE_UNIT_MS) | 0;
}

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
