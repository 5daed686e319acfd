// The dynamic table of one direction of a connection (RFC 7541 §2.3.2, §4): a ring of records over an arena of bytes, names
// each followed by its value. The arena is at most twice the table: entries stay in one piece, and what is evicted is
// reclaimed by moving the rest to the front, once for every half of an arena that was written.
// Decoder and encoder share it; what `meta` means is theirs. Allocates when it grows, up to its limit; nothing otherwise.

/** Words of a record: offset of the name, length of the name, length of the value, meta. */
export const ENTRY_WORDS = 4;

/** What an entry counts besides its bytes (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** No table is larger: what a peer may ask for and a configuration may allow ends here. */
export const TABLE_MAX_BYTES = 64 * 1024;

/** What both sides begin with (RFC 9113 §6.5.2). */
export const TABLE_DEFAULT_BYTES = 4096;

/** @throws RangeError outside 0 to 65536. */
export function checkedTableBytes(bytes: number): number {
  if (Number.isInteger(bytes) && bytes >= 0 && bytes <= TABLE_MAX_BYTES) return bytes;
  throw new RangeError(`the size of a dynamic table is ${bytes}; accepted: 0 to ${TABLE_MAX_BYTES}`);
}

/** Differences of sequence numbers are right when they are cut off here. */
export const SEQUENCE_MASK = 0x7fffffff;

const ARENA_MIN_BYTES = 1024;
const RECORDS_MIN = 16;

const NO_BYTES = Buffer.alloc(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
const NO_RECORDS = new Int32Array(0);

export class DynamicTable {
  /** Offsets of records point in here. */
  bytes: Buffer = NO_BYTES;
  /** Covers `bytes`. */
  view: DataView = NO_VIEW;
  records: Int32Array = NO_RECORDS;
  count = 0;
  /** Bytes of the entries by the definition of the RFC. */
  sizeBytes = 0;
  limitBytes: number;
  /** Entries ever inserted, and so the sequence number of the newest; begins anew after `SEQUENCE_MASK`. */
  inserted = 0;
  /** End of the used part of the arena. */
  private usedEnd = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Where the record of an entry begins in `records`; 0 is the newest, `index` must be below `count`. */
  recordAt(index: number): number {
    return ((this.inserted - 1 - index) & (this.records.length / ENTRY_WORDS - 1)) * ENTRY_WORDS;
  }

  /** Changes the limit and evicts what is too much. */
  setLimit(limitBytes: number): void {
    this.limitBytes = limitBytes;
    this.evictTo(limitBytes);
    if (limitBytes !== 0) return;
    this.bytes = NO_BYTES;
    this.view = NO_VIEW;
    this.records = NO_RECORDS;
    this.usedEnd = 0;
  }

  /**
   * Makes an entry and returns the offset in `bytes` where the caller has to write name and value at once; -1 when it is
   * larger than the table, which is empty then (RFC 7541 §4.4). `bytes`, `view` and `records` may be new ones afterwards.
   */
  insert(nameLength: number, valueLength: number, meta: number): number {
    const length = nameLength + valueLength;
    const size = length + ENTRY_OVERHEAD_BYTES;
    if (size > this.limitBytes) {
      this.evictTo(0);
      return -1;
    }
    this.evictTo(this.limitBytes - size);
    if (this.usedEnd + length > this.bytes.length) this.makeRoom(length);
    if (this.count * ENTRY_WORDS === this.records.length) this.growRecords();
    const offset = this.usedEnd;
    this.usedEnd += length;
    this.count++;
    this.inserted = (this.inserted + 1) & SEQUENCE_MASK;
    this.sizeBytes += size;
    const at = this.recordAt(0);
    const records = this.records;
    records[at] = offset;
    records[at + 1] = nameLength;
    records[at + 2] = valueLength;
    records[at + 3] = meta;
    return offset;
  }

  /** Name of an entry, for tests and messages. */
  nameAt(index: number): string {
    const at = this.recordAt(index);
    const start = this.records[at];
    return this.bytes.latin1Slice(start, start + this.records[at + 1]);
  }

  /** Value of an entry, for tests; never for a log. */
  valueAt(index: number): string {
    const at = this.recordAt(index);
    const start = this.records[at] + this.records[at + 1];
    return this.bytes.latin1Slice(start, start + this.records[at + 2]);
  }

  private evictTo(maxBytes: number): void {
    while (this.sizeBytes > maxBytes) {
      const at = this.recordAt(this.count - 1);
      this.sizeBytes -= this.records[at + 1] + this.records[at + 2] + ENTRY_OVERHEAD_BYTES;
      this.count--;
    }
  }

  /** Moves the entries to the front of the arena, or of a larger one when they fill more than half of it. */
  private makeRoom(length: number): void {
    const from = this.count === 0 ? this.usedEnd : this.records[this.recordAt(this.count - 1)];
    const live = this.usedEnd - from;
    const wanted = (live + length) * 2;
    if (wanted > this.bytes.length) {
      let capacity = Math.max(ARENA_MIN_BYTES, this.bytes.length);
      while (capacity < wanted) capacity *= 2;
      const larger = Buffer.allocUnsafeSlow(Math.min(capacity, TABLE_MAX_BYTES * 2));
      this.bytes.copy(larger, 0, from, this.usedEnd);
      this.bytes = larger;
      this.view = new DataView(larger.buffer, larger.byteOffset, larger.length);
    } else {
      this.bytes.copyWithin(0, from, this.usedEnd);
    }
    for (let i = 0; i < this.count; i++) this.records[this.recordAt(i)] -= from;
    this.usedEnd = live;
  }

  private growRecords(): void {
    const old = this.records;
    const oldMask = old.length / ENTRY_WORDS - 1;
    const larger = new Int32Array(Math.max(old.length * 2, RECORDS_MIN * ENTRY_WORDS));
    const mask = larger.length / ENTRY_WORDS - 1;
    for (let i = 0; i < this.count; i++) {
      const sequence = this.inserted - 1 - i;
      const from = (sequence & oldMask) * ENTRY_WORDS;
      const to = (sequence & mask) * ENTRY_WORDS;
      for (let word = 0; word < ENTRY_WORDS; word++) larger[to + word] = old[from + word];
    }
    this.records = larger;
  }
}
