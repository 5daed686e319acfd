// Finds entries of an encoder's dynamic table by hash: sequence numbers in groups of four, in which the newest replaces the
// oldest. What is found is verified; what was replaced is not found, which costs some bytes on the wire and nothing else.
// A third array remembers hashes of what was sent, so that the table keeps only what comes again.
// Allocates its arrays with the first field that is looked for.

import { equalBytes } from './copy-bytes.ts';
import { type DynamicTable, ENTRY_OVERHEAD_BYTES, SEQUENCE_MASK } from './dynamic-table.ts';
import type { EncoderName } from './encoder-name.ts';

/** Few collide in groups: one slot each would let two fields of every message push each other out for ever. */
const GROUP = 4;
const SLOTS_MIN = 64;
/** Of the most entries that a table can have; usual ones have three times their least size. */
const SLOTS_PER_ENTRY = 2;
const NO_SLOTS = new Int32Array(0);

export class EncoderIndex {
  private readonly table: DynamicTable;
  private readonly slots: number;
  private byField: Int32Array = NO_SLOTS;
  /** Names that are not in the static table. */
  private byName: Int32Array = NO_SLOTS;
  private seen: Int32Array = NO_SLOTS;

  /** @param tableMaxBytes the largest limit that the table will ever have. */
  constructor(table: DynamicTable, tableMaxBytes: number) {
    this.table = table;
    let slots = SLOTS_MIN;
    while (slots * ENTRY_OVERHEAD_BYTES < tableMaxBytes * SLOTS_PER_ENTRY) slots *= 2;
    this.slots = slots;
  }

  /** Position in the dynamic table (0: newest) of the entry with this name and value, or -1. */
  findField(
    name: EncoderName,
    bytes: Buffer,
    view: DataView,
    offset: number,
    length: number,
    fieldHash: number,
  ): number {
    if (this.byField.length === 0) return -1;
    const group = this.groupOf(fieldHash);
    for (let slot = group; slot < group + GROUP; slot++) {
      const index = this.ageOf(this.byField[slot]);
      if (index < this.table.count && this.hasField(index, name, bytes, view, offset, length)) return index;
    }
    return -1;
  }

  /** Position in the dynamic table of an entry with this name, which is not in the static one; or -1. */
  findName(name: EncoderName): number {
    if (this.byName.length === 0) return -1;
    const group = this.groupOf(name.hash);
    for (let slot = group; slot < group + GROUP; slot++) {
      const index = this.ageOf(this.byName[slot]);
      if (index < this.table.count && this.hasName(this.table.recordAt(index), name)) return index;
    }
    return -1;
  }

  /** Whether this hash was asked for before, as far as it is remembered; it is from now on. */
  wasSeen(hash: number): boolean {
    if (this.seen.length === 0) this.seen = new Int32Array(this.slots);
    const { seen } = this;
    const group = this.groupOf(hash);
    for (let slot = group; slot < group + GROUP; slot++) {
      if (seen[slot] === hash) return true;
    }
    for (let slot = group + GROUP - 1; slot > group; slot--) seen[slot] = seen[slot - 1];
    seen[group] = hash;
    return false;
  }

  /** The newest entry of the table is this field. */
  inserted(name: EncoderName, fieldHash: number): void {
    if (this.byField.length === 0) this.byField = new Int32Array(this.slots);
    this.byField[this.oldestSlot(this.byField, fieldHash)] = this.table.inserted;
    if (name.staticIndex !== 0) return;
    if (this.byName.length === 0) this.byName = new Int32Array(this.slots);
    this.byName[this.oldestSlot(this.byName, name.hash)] = this.table.inserted;
  }

  /** The slot of the group with the oldest entry; one that was evicted is older than any that was not. */
  private oldestSlot(sequences: Int32Array, hash: number): number {
    const group = this.groupOf(hash);
    let oldest = group;
    for (let slot = group + 1; slot < group + GROUP; slot++) {
      if (this.ageOf(sequences[slot]) > this.ageOf(sequences[oldest])) oldest = slot;
    }
    return oldest;
  }

  /** How many entries came after that one, which is its position in the table if it still has one. */
  private ageOf(sequence: number): number {
    return (this.table.inserted - sequence) & SEQUENCE_MASK;
  }

  private groupOf(hash: number): number {
    return (hash >>> 14) & (this.slots - GROUP);
  }

  private hasField(
    index: number,
    name: EncoderName,
    bytes: Buffer,
    view: DataView,
    offset: number,
    length: number,
  ): boolean {
    const { table } = this;
    const at = table.recordAt(index);
    if (table.records[at + 2] !== length || !this.hasName(at, name)) return false;
    const start = table.records[at] + table.records[at + 1];
    return equalBytes(table.bytes, table.view, start, length, bytes, view, offset);
  }

  /** The meta of our entries is the static index of the name: where there is one, it says all. */
  private hasName(at: number, name: EncoderName): boolean {
    const { records, bytes, view } = this.table;
    if (records[at + 3] !== name.staticIndex) return false;
    return name.staticIndex !== 0 || name.equals(bytes, view, records[at], records[at + 1]);
  }
}
