// Encodes the header blocks of one direction of a connection (RFC 7541): `begin`, any number of fields, `finish`. Names go out
// in lower case, strings in the shorter of their two forms. What comes again is put into a dynamic table of our own; secrets
// never are. Which fields a message has is not decided here, nor how a block is cut into frames.
// Allocates nothing, except that the table and its index grow to their limits, and one view when the buffer is another one.

import { viewOf } from '../http1/word-view.ts';
import { hashBytes } from './byte-hash.ts';
import { copyBytes } from './copy-bytes.ts';
import {
  checkedTableBytes,
  DynamicTable,
  ENTRY_OVERHEAD_BYTES,
  ENTRY_WORDS,
  TABLE_DEFAULT_BYTES,
} from './dynamic-table.ts';
import { EncoderIndex } from './encoder-index.ts';
import { EncoderName, Habit } from './encoder-name.ts';
import { EncoderValue } from './encoder-value.ts';
import { encodeHuffman, huffmanBytes } from './huffman-encode.ts';
import { Pseudo } from './pseudo-field.ts';
import { STATIC_BYTES, STATIC_COUNT, STATIC_LAST_INDEX, STATIC_RECORDS, STATIC_VIEW } from './static-table.ts';

/** How a field may be encoded. A field known as a secret by its name is never indexed, whatever is asked for. */
export const Indexing = {
  /** By what the name tells and what was sent before. */
  AUTO: 0,
  /** Into the dynamic table at once. */
  ALWAYS: 1,
  /** Not into the dynamic table. */
  WITHOUT: 2,
  /** As a literal that nobody on the way may index (RFC 7541 §6.2.3): how a field that came so must go on. */
  NEVER: 3,
} as const;

const NAME = new EncoderName();
const VALUE = new EncoderValue();

export class HpackEncoder {
  readonly table: DynamicTable;
  private readonly index: EncoderIndex;
  private readonly tableMaxBytes: number;
  /** Lowest and last size of the table since the block before; the peer learns them with the next one. -1: no change. */
  private lowestBytes = -1;
  private lastBytes: number;

  private buffer: Buffer = STATIC_BYTES;
  /** Covers `buffer`. */
  private view: DataView = STATIC_VIEW;
  private start = 0;
  private at = 0;
  private end = 0;
  private isOpen = false;
  private isFull = false;

  /** @param tableMaxBytes our own bound of the table, whatever the peer allows; 0: no dynamic table. */
  constructor(tableMaxBytes: number = TABLE_DEFAULT_BYTES) {
    this.tableMaxBytes = checkedTableBytes(tableMaxBytes);
    this.table = new DynamicTable(TABLE_DEFAULT_BYTES);
    this.index = new EncoderIndex(this.table, tableMaxBytes);
    this.lastBytes = TABLE_DEFAULT_BYTES;
    this.resize(Math.min(tableMaxBytes, TABLE_DEFAULT_BYTES));
  }

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE, which it is told of at the beginning of the next block. */
  setPeerTableLimit(bytes: number): void {
    this.resize(Math.min(bytes, this.tableMaxBytes));
  }

  /** Begins a block that may fill `start`…`end` of the buffer. One that was begun before and not finished is given up. */
  begin(buffer: Buffer, start: number, end: number): void {
    if (this.isOpen) this.giveUp();
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    }
    this.start = start;
    this.at = start;
    this.end = end;
    this.isOpen = true;
    this.isFull = false;
    if (this.lowestBytes === -1) return;
    this.table.setLimit(this.lowestBytes);
    this.table.setLimit(this.lastBytes);
    if (this.lowestBytes < this.lastBytes) this.integer(0x20, 5, this.lowestBytes);
    this.integer(0x20, 5, this.lastBytes);
  }

  /** `:status`; 100 to 999. */
  status(code: number): void {
    NAME.usePseudo(Pseudo.STATUS);
    VALUE.useStatus(code);
    this.field(VALUE.bytes, VALUE.view, 0, VALUE.length, Indexing.AUTO);
  }

  /**
   * A field as it stands in a `HeaderTable`: ranges of `bytes`, and the id of the field. The name may have any case.
   * @throws RangeError when the name is not a token; the block must be given up then.
   */
  rangeField(
    bytes: Buffer,
    nameOffset: number,
    nameLength: number,
    valueOffset: number,
    valueLength: number,
    id: number,
    indexing: number = Indexing.AUTO,
  ): void {
    if (id !== 0) NAME.useId(id);
    else NAME.useBytes(bytes, nameOffset, nameLength);
    this.field(bytes, viewOf(bytes), valueOffset, valueLength, indexing);
  }

  /** A pseudo-header field, by its number, with a range of received bytes as its value. */
  pseudoField(
    pseudo: number,
    bytes: Buffer,
    valueOffset: number,
    valueLength: number,
    indexing: number = Indexing.AUTO,
  ): void {
    NAME.usePseudo(pseudo);
    this.field(bytes, viewOf(bytes), valueOffset, valueLength, indexing);
  }

  /**
   * A field made of strings; pseudo-header fields too. The name may have any case.
   * @throws RangeError when the name or value could not stand in a message; the block must be given up then.
   */
  stringField(name: string, value: string, indexing: number = Indexing.AUTO): void {
    NAME.useString(name);
    VALUE.useString(value, name);
    this.field(VALUE.bytes, VALUE.view, 0, VALUE.length, indexing);
  }

  /**
   * Ends the block and returns its length; -1 when there was no room for it. Nothing of it must be sent then; the table
   * begins anew with the next block, so that the same fields may be tried again with more room.
   */
  finish(): number {
    if (this.isFull) {
      this.giveUp();
      return -1;
    }
    this.isOpen = false;
    this.lowestBytes = -1;
    return this.at - this.start;
  }

  /** The peer never saw what the table has learned from this block: both sides empty theirs. */
  private giveUp(): void {
    this.isOpen = false;
    this.table.setLimit(0);
    this.lowestBytes = 0;
  }

  private resize(bytes: number): void {
    if (this.lowestBytes === -1 && bytes === this.lastBytes) return;
    this.lowestBytes = this.lowestBytes === -1 ? bytes : Math.min(this.lowestBytes, bytes);
    this.lastBytes = bytes;
  }

  /** The field of `NAME` with this value; `view` covers `bytes`. */
  private field(bytes: Buffer, view: DataView, offset: number, length: number, indexing: number): void {
    if (this.isFull) return;
    const { table, index } = this;
    if (indexing === Indexing.NEVER || NAME.habit === Habit.SECRET) {
      this.literal(0x10, 4, this.nameIndex(), bytes, offset, length);
      return;
    }
    const staticIndex = NAME.staticIndex === 0 ? 0 : staticMatch(NAME.staticIndex, bytes, offset, length);
    if (staticIndex !== 0) {
      this.integer(0x80, 7, staticIndex);
      return;
    }
    // An entry that pushes half of the others out does not pay.
    const isLarge = 2 * (NAME.length + length + ENTRY_OVERHEAD_BYTES) > table.limitBytes;
    if (indexing === Indexing.WITHOUT || isLarge) {
      this.literal(0x00, 4, this.nameIndex(), bytes, offset, length);
      return;
    }
    const fieldHash = hashBytes(bytes, view, offset, length, NAME.hash);
    const found = index.findField(NAME, bytes, view, offset, length, fieldHash);
    if (found !== -1) {
      this.integer(0x80, 7, STATIC_COUNT + 1 + found);
      return;
    }
    const nameIndex = this.nameIndex();
    if (this.pays(nameIndex, fieldHash, indexing)) {
      this.literal(0x40, 6, nameIndex, bytes, offset, length);
      this.insert(bytes, view, offset, length, fieldHash);
    } else {
      this.literal(0x00, 4, nameIndex, bytes, offset, length);
    }
  }

  /** Whether the field of `NAME` should be in the table: it will come again, or its name will. */
  private pays(nameIndex: number, fieldHash: number, indexing: number): boolean {
    if (indexing === Indexing.ALWAYS || NAME.habit === Habit.REPEATS) return true;
    const cameBefore = this.index.wasSeen(fieldHash);
    return (nameIndex === 0 && this.index.wasSeen(NAME.hash)) || cameBefore;
  }

  /** Index of an entry with the name of `NAME`, 0 when there is none. */
  private nameIndex(): number {
    if (NAME.staticIndex !== 0) return NAME.staticIndex;
    const found = this.index.findName(NAME);
    return found === -1 ? 0 : STATIC_COUNT + 1 + found;
  }

  private insert(bytes: Buffer, view: DataView, offset: number, length: number, fieldHash: number): void {
    const { table } = this;
    const at = table.insert(NAME.length, length, NAME.staticIndex);
    copyBytes(NAME.bytes, NAME.view, NAME.offset, NAME.length, table.bytes, table.view, at);
    copyBytes(bytes, view, offset, length, table.bytes, table.view, at + NAME.length);
    this.index.inserted(NAME, fieldHash);
  }

  private literal(
    pattern: number,
    prefixBits: number,
    nameIndex: number,
    bytes: Buffer,
    offset: number,
    length: number,
  ): void {
    this.integer(pattern, prefixBits, nameIndex);
    if (nameIndex === 0) this.string(NAME.bytes, NAME.offset, NAME.length);
    this.string(bytes, offset, length);
  }

  private string(bytes: Buffer, offset: number, length: number): void {
    const shorter = huffmanBytes(bytes, offset, offset + length);
    const isHuffman = shorter < length;
    this.integer(isHuffman ? 0x80 : 0x00, 7, isHuffman ? shorter : length);
    const after = this.at + Math.min(shorter, length);
    if (after > this.end) {
      this.isFull = true;
      return;
    }
    if (isHuffman) encodeHuffman(bytes, offset, offset + length, this.buffer, this.view, this.at, after);
    else for (let i = 0; i < length; i++) this.buffer[this.at + i] = bytes[offset + i];
    this.at = after;
  }

  /** RFC 7541 §5.1: an integer in the low bits of a byte with this pattern, and those after it. */
  private integer(pattern: number, prefixBits: number, value: number): void {
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.put(pattern | value);
      return;
    }
    this.put(pattern | mask);
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) this.put((rest & 0x7f) | 0x80);
    this.put(rest);
  }

  private put(byte: number): void {
    if (this.at < this.end) this.buffer[this.at++] = byte;
    else this.isFull = true;
  }
}

/** Index of the entry with the name of index `first` and this value, or 0. */
function staticMatch(first: number, bytes: Buffer, offset: number, length: number): number {
  for (let index = first; index <= STATIC_LAST_INDEX[first]; index++) {
    const at = index * ENTRY_WORDS;
    if (STATIC_RECORDS[at + 2] !== length) continue;
    const start = STATIC_RECORDS[at] + STATIC_RECORDS[at + 1];
    let i = 0;
    while (i < length && STATIC_BYTES[start + i] === bytes[offset + i]) i++;
    if (i === length) return index;
  }
  return 0;
}
