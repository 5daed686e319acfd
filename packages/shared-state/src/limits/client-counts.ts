// How many connections each client address has over all workers, in a table of fixed size that holds no addresses: every client
// counts in four cells, chosen by a keyed hash, and has as many connections as the smallest of them says (a count-min sketch).
// Never too few; too many only when others share all four cells, which with 10,000 clients meets about one in 5,000.
//
// One table per slot, written by its worker alone: what a crashed worker leaves behind is cleared as a whole. No locks.

const CELLS = 4;
/** Cells of one slot; a power of two. */
const WIDTH = 2 ** 16;
/** Says whether the slot has ever counted: a table that was not used is not touched to clear it. */
const HEADER_WORDS = 16;
const SLOT_WORDS = HEADER_WORDS + WIDTH * CELLS;
/** Words of the random key. */
export const CLIENT_KEY_WORDS = 4;

export class ClientCounts {
  private readonly words: Int32Array;
  private readonly key: Uint32Array;
  private readonly slots: number;
  /** Positions of the four cells within a slot, of the client asked about last. */
  private readonly cells = new Int32Array(CELLS);

  static byteLength(slots: number): number {
    return slots * SLOT_WORDS * 4;
  }

  /**
   * @param buffer zero-filled when it is new. @param offset in bytes, a multiple of 64.
   * @param key random and the same for all workers: nobody outside can tell which clients share cells.
   */
  constructor(buffer: ArrayBuffer, offset: number, slots: number, key: Uint32Array) {
    this.words = new Int32Array(buffer, offset, slots * SLOT_WORDS);
    this.slots = slots;
    this.key = key;
  }

  /**
   * Counts one more connection of the client unless that makes more than `max`. As `SlotCounts.tryAdd`: never one too many.
   * @param entryPoint each has its own counts. @param address 16 bytes, IPv4 mapped; IPv6 counts by its /64, which is what one
   * subscriber has.
   */
  tryAdd(entryPoint: number, address: Uint8Array, slot: number, max: number): boolean {
    const base = slot * SLOT_WORDS;
    Atomics.store(this.words, base, 1);
    this.find(entryPoint, address);
    this.change(base, 1);
    if (this.smallest() <= max) return true;
    this.change(base, -1);
    return false;
  }

  remove(entryPoint: number, address: Uint8Array, slot: number): void {
    this.find(entryPoint, address);
    this.change(slot * SLOT_WORDS, -1);
  }

  /** Connections of the client over all workers; perhaps a little more. */
  count(entryPoint: number, address: Uint8Array): number {
    this.find(entryPoint, address);
    return this.smallest();
  }

  /** The worker of that slot is gone. */
  clearSlot(slot: number): void {
    const base = slot * SLOT_WORDS;
    if (Atomics.exchange(this.words, base, 0) !== 0) this.words.fill(0, base, base + SLOT_WORDS);
  }

  private change(base: number, delta: number): void {
    for (let i = 0; i < CELLS; i++) Atomics.add(this.words, base + this.cells[i], delta);
  }

  private smallest(): number {
    let smallest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < CELLS; i++) {
      let sum = 0;
      for (let slot = 0; slot < this.slots; slot++) {
        sum += Atomics.load(this.words, slot * SLOT_WORDS + this.cells[i]);
      }
      if (sum < smallest) smallest = sum;
    }
    return smallest;
  }

  /** Two keyed hashes, and from them one cell in each quarter of the table. */
  private find(entryPoint: number, address: Uint8Array): void {
    const { key, cells } = this;
    // IPv4 differs in its last four bytes, IPv6 in its first eight.
    const from = isMapped(address) ? 8 : 0;
    let a = key[0] ^ entryPoint;
    let b = key[1];
    for (let i = from; i < from + 8; i += 4) {
      const word = address[i] | (address[i + 1] << 8) | (address[i + 2] << 16) | (address[i + 3] << 24);
      a = mixed(a ^ word, key[2]);
      b = mixed(b + word, key[3]);
    }
    for (let i = 0; i < CELLS; i++) {
      cells[i] = HEADER_WORDS + i * WIDTH + ((mixed(a + Math.imul(i, b | 1), key[i]) >>> 8) & (WIDTH - 1));
    }
  }
}

/** The finishing steps of murmur3, which let every bit of the input reach every bit of the output, with a key. */
function mixed(value: number, key: number): number {
  let x = value ^ key;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

function isMapped(address: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return address[10] === 0xff && address[11] === 0xff;
}
