// The `control` shared memory: what the supervisor tells every worker and what every worker tells back, word by word.
// Holds positions and atomics only; who acts on a value is decided elsewhere. Created once by the supervisor, inherited.

/** Bumped when the layout changes: a worker refuses a block of another version. */
const LAYOUT_VERSION = 1;
const HEADER_WORDS = 16;
const SLOT_WORDS = 16;

const Header = { VERSION: 0, SLOTS: 1, REVISION: 2 } as const;
const Slot = {
  HEARTBEAT: 0,
  REVISION: 1,
  STATE: 2,
  SWITCH_PAUSE_US: 3,
  SWITCH_PAUSE_MAX_US: 4,
  DROPPED_LINES: 5,
} as const;

/** What a worker says of itself. */
export const SlotState = { EMPTY: 0, STARTING: 1, SERVING: 2, DRAINING: 3, LEFT: 4 } as const;

export class ControlBlock {
  readonly slots: number;
  private readonly words: Int32Array;

  static byteLength(slots: number): number {
    return (HEADER_WORDS + slots * SLOT_WORDS) * 4;
  }

  static create(buffer: ArrayBuffer, slots: number): ControlBlock {
    const words = new Int32Array(buffer);
    words[Header.VERSION] = LAYOUT_VERSION;
    words[Header.SLOTS] = slots;
    return new ControlBlock(buffer);
  }

  /** @throws Error when the block was made by another layout version. */
  constructor(buffer: ArrayBuffer) {
    this.words = new Int32Array(buffer);
    if (this.words[Header.VERSION] !== LAYOUT_VERSION) {
      throw new Error(`control block has layout version ${this.words[Header.VERSION]}, expected ${LAYOUT_VERSION}`);
    }
    this.slots = this.words[Header.SLOTS];
  }

  /** The revision in force, as published by the supervisor. */
  get revision(): number {
    return Atomics.load(this.words, Header.REVISION);
  }

  set revision(revision: number) {
    Atomics.store(this.words, Header.REVISION, revision);
  }

  /** Wraps at 2^31; only its changing matters. */
  beat(slot: number): void {
    Atomics.add(this.words, this.at(slot, Slot.HEARTBEAT), 1);
  }

  heartbeat(slot: number): number {
    return Atomics.load(this.words, this.at(slot, Slot.HEARTBEAT));
  }

  slotState(slot: number): number {
    return Atomics.load(this.words, this.at(slot, Slot.STATE));
  }

  setSlotState(slot: number, state: number): void {
    Atomics.store(this.words, this.at(slot, Slot.STATE), state);
  }

  /** The revision the worker in this slot serves new requests with. */
  slotRevision(slot: number): number {
    return Atomics.load(this.words, this.at(slot, Slot.REVISION));
  }

  /** Records a switch and how long it kept the worker's loop busy, in microseconds. */
  recordSwitch(slot: number, revision: number, pauseUs: number): void {
    Atomics.store(this.words, this.at(slot, Slot.SWITCH_PAUSE_US), pauseUs);
    const worst = this.at(slot, Slot.SWITCH_PAUSE_MAX_US);
    if (pauseUs > Atomics.load(this.words, worst)) Atomics.store(this.words, worst, pauseUs);
    Atomics.store(this.words, this.at(slot, Slot.REVISION), revision);
  }

  /** Microseconds of the slot's last switch, and of the longest since the block was made. */
  switchPauseUs(slot: number): { last: number; max: number } {
    return {
      last: Atomics.load(this.words, this.at(slot, Slot.SWITCH_PAUSE_US)),
      max: Atomics.load(this.words, this.at(slot, Slot.SWITCH_PAUSE_MAX_US)),
    };
  }

  /** A line of the access log has found no room. */
  countDroppedLine(slot: number): void {
    Atomics.add(this.words, this.at(slot, Slot.DROPPED_LINES), 1);
  }

  /** Lines of the access log lost by the slot's workers since the block was made, modulo 2^32. */
  droppedLines(slot: number): number {
    return Atomics.load(this.words, this.at(slot, Slot.DROPPED_LINES)) >>> 0;
  }

  private at(slot: number, word: number): number {
    return HEADER_WORDS + slot * SLOT_WORDS + word;
  }
}
