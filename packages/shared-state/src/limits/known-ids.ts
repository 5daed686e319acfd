// Which server a connection id of QUIC belongs to, for workers that do not have its flow: a client that comes from another address may
// come to any worker, and one whose worker has died to the next in its slot. A table of fixed size for each slot, written by its worker
// alone and read by all; it outlives the worker. When a set is full, its oldest entry makes room. No locks: a reader looks twice.

/** Entries of a set, and sets of a slot. */
const WAYS = 4;
const SETS = 4_096;
/** Version, two words of the key, age, two of each number. Odd versions are being written; 0: nothing was ever. */
const ENTRY_WORDS = 8;
const Word = { VERSION: 0, KEY: 1, AGE: 3, SERVER: 4, ROUTER: 6 } as const;
/** The first word counts what was put. */
const HEADER_WORDS = 16;
const SLOT_WORDS = HEADER_WORDS + SETS * WAYS * ENTRY_WORDS;
/** Of a key. */
export const KNOWN_ID_BYTES = 8;

export class KnownIds {
  /** Of the key that was found last: numbers as of `nameHash`. */
  server = 0;
  router = 0;
  private readonly words: Int32Array;
  private readonly slots: number;

  static byteLength(slots: number): number {
    return slots * SLOT_WORDS * 4;
  }

  /** @param buffer zero-filled when it is new. @param offset in bytes, a multiple of 64. */
  constructor(buffer: ArrayBuffer, offset: number, slots: number) {
    this.words = new Int32Array(buffer, offset, slots * SLOT_WORDS);
    this.slots = slots;
  }

  /** Only the worker in the slot calls this. @param key KNOWN_ID_BYTES from `offset` on. @param server @param router whole, less than 2^53 */
  put(slot: number, key: Uint8Array, offset: number, server: number, router: number): void {
    const { words } = this;
    const [low, high] = [wordAt(key, offset), wordAt(key, offset + 4)];
    const age = Atomics.add(words, slot * SLOT_WORDS, 1) + 1;
    const entry = this.placeFor(slot, low, high, age);
    // One that a worker was writing when it died is odd already.
    const version = Atomics.load(words, entry + Word.VERSION) | 1;
    Atomics.store(words, entry + Word.VERSION, version);
    Atomics.store(words, entry + Word.KEY, low);
    Atomics.store(words, entry + Word.KEY + 1, high);
    Atomics.store(words, entry + Word.AGE, age);
    this.store(entry + Word.SERVER, server);
    this.store(entry + Word.ROUTER, router);
    Atomics.store(words, entry + Word.VERSION, (version + 1) | 0 || 2);
  }

  /** In any slot. @returns whether the key is known: `server` and `router` are its then. Allocates nothing. */
  find(key: Uint8Array, offset: number): boolean {
    const low = wordAt(key, offset);
    const high = wordAt(key, offset + 4);
    for (let slot = 0; slot < this.slots; slot++) {
      const first = firstOf(slot, low, high);
      for (let way = 0; way < WAYS; way++) if (this.read(first + way * ENTRY_WORDS, low, high)) return true;
    }
    return false;
  }

  private read(entry: number, low: number, high: number): boolean {
    const { words } = this;
    const version = Atomics.load(words, entry + Word.VERSION);
    if (version === 0 || (version & 1) !== 0) return false;
    if (Atomics.load(words, entry + Word.KEY) !== low || Atomics.load(words, entry + Word.KEY + 1) !== high)
      return false;
    const server = this.load(entry + Word.SERVER);
    const router = this.load(entry + Word.ROUTER);
    if (Atomics.load(words, entry + Word.VERSION) !== version) return false;
    this.server = server;
    this.router = router;
    return true;
  }

  /** That of the key, else a free one, else the oldest of its set. */
  private placeFor(slot: number, low: number, high: number, age: number): number {
    const { words } = this;
    const first = firstOf(slot, low, high);
    let chosen = first;
    let oldest = -1;
    for (let entry = first; entry < first + WAYS * ENTRY_WORDS; entry += ENTRY_WORDS) {
      const isFree = words[entry + Word.VERSION] === 0;
      if (!isFree && words[entry + Word.KEY] === low && words[entry + Word.KEY + 1] === high) return entry;
      // Counters wrap around.
      const old = isFree ? 2 ** 32 : (age - words[entry + Word.AGE]) >>> 0;
      if (old <= oldest) continue;
      oldest = old;
      chosen = entry;
    }
    return chosen;
  }

  private store(at: number, number: number): void {
    Atomics.store(this.words, at, number | 0);
    Atomics.store(this.words, at + 1, Math.floor(number / 2 ** 32));
  }

  private load(at: number): number {
    return (Atomics.load(this.words, at) >>> 0) + Atomics.load(this.words, at + 1) * 2 ** 32;
  }
}

function wordAt(key: Uint8Array, offset: number): number {
  return key[offset] | (key[offset + 1] << 8) | (key[offset + 2] << 16) | (key[offset + 3] << 24);
}

/** Servers choose their ids; those that do so badly share a set. */
function firstOf(slot: number, low: number, high: number): number {
  let mixed = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  return slot * SLOT_WORDS + HEADER_WORDS + (mixed & (SETS - 1)) * WAYS * ENTRY_WORDS;
}
