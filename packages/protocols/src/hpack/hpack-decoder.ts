// Decodes the header blocks of one direction of a connection (RFC 7541) into a `FieldSection`; the caller has joined the
// fragments of a block under its own bound. A block whose fields are too many or too large is decoded to its end, so that
// the dynamic table stays in step, but nothing of it is kept; one that is many times too large ends the connection: its
// bytes may be few and what they refer to large. Does no I/O and knows no stream.
// Allocates nothing, except that table and section grow to their limits.

import { viewOf } from '../http1/word-view.ts';
import { copyBytes } from './copy-bytes.ts';
import {
  checkedTableBytes,
  DynamicTable,
  ENTRY_OVERHEAD_BYTES,
  ENTRY_WORDS,
  TABLE_DEFAULT_BYTES,
} from './dynamic-table.ts';
import type { FieldLimits } from './field-limits.ts';
import { NAME_META, nameMeta, valueMeta } from './field-meta.ts';
import type { FieldSection } from './field-section.ts';
import { HpackError } from './hpack-error.ts';
import { decodeHuffman, huffmanDecodedBytes, huffmanDecodedMaxBytes } from './huffman-decode.ts';
import { STATIC_BYTES, STATIC_COUNT, STATIC_RECORDS, STATIC_VIEW } from './static-table.ts';

/** A list of more bytes than this many times the limit, or this many bytes if that is more, is an attack. */
const HOSTILE_FACTOR = 4;
const HOSTILE_MIN_BYTES = 256 * 1024;

/** Bytes of an integer after its prefix: values below 2^28 and the largest prefix. */
const INTEGER_MAX_BYTES = 4;

const SIZE_UPDATES_MAX = 2;

export class HpackDecoder {
  readonly table: DynamicTable;
  /** What we allow: a size update above it is an error. */
  private settingBytes: number;
  /** The next block has to begin with a size update to at most this; -1: it need not. */
  private owedUpdateBytes = -1;
  /** The error that ended this decoder, or 0. */
  private failure = 0;

  // State of one block, kept here instead of in results of functions.
  private bytes: Buffer = STATIC_BYTES;
  private view: DataView = STATIC_VIEW;
  private at = 0;
  private end = 0;
  private listBytes = 0;
  private listMaxBytes = 0;
  private fieldsLeft = 0;
  /** Why nothing is kept any more, or 0. */
  private tooLarge = 0;

  /** @param tableBytes what the peer may assume before any setting; HTTP/2 says 4096. */
  constructor(tableBytes: number = TABLE_DEFAULT_BYTES) {
    this.settingBytes = checkedTableBytes(tableBytes);
    this.table = new DynamicTable(tableBytes);
  }

  /** To be called when the peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE. @throws RangeError outside 0 to 65536. */
  setTableLimit(bytes: number): void {
    this.settingBytes = checkedTableBytes(bytes);
    if (bytes >= this.table.limitBytes) return;
    this.table.setLimit(bytes);
    this.owedUpdateBytes = bytes;
  }

  /**
   * Decodes the block `start`…`end` into the section, which is cleared first. Returns the number of regular fields or a
   * `HpackError`; the section is empty then. Unless `isTooLarge` says so, the connection is over: every later call
   * returns the same error. Whether the fields are well-formed says `section.fault`.
   */
  decode(bytes: Buffer, start: number, end: number, section: FieldSection, limits: FieldLimits): number {
    section.clear();
    if (this.failure !== 0) return this.failure;
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.at = start;
    this.end = end;
    this.listBytes = 0;
    this.listMaxBytes = limits.listMaxBytes;
    this.fieldsLeft = limits.fieldsMax;
    this.tooLarge = 0;
    let result = this.sizeUpdates();
    while (result === 0 && this.at < end) {
      const first = bytes[this.at];
      if (first >= 0x80) result = this.indexed(section);
      else if (first < 0x20 || first >= 0x40) result = this.literal(section, first);
      else result = HpackError.SIZE_UPDATE_LATE;
    }
    if (result === 0) result = this.tooLarge;
    else this.failure = result;
    if (result === 0) return section.count;
    section.clear();
    return result;
  }

  /** Those at the beginning of the block; RFC 7541 §4.2 allows two, for a lowest and a final size. */
  private sizeUpdates(): number {
    let updates = 0;
    while (this.at < this.end && (this.bytes[this.at] & 0xe0) === 0x20) {
      if (++updates > SIZE_UPDATES_MAX) return HpackError.TOO_MANY_SIZE_UPDATES;
      const size = this.integer(0x1f);
      if (size < 0) return size;
      if (size > this.settingBytes) return HpackError.SIZE_UPDATE_TOO_LARGE;
      if (this.owedUpdateBytes !== -1) {
        if (size > this.owedUpdateBytes) return HpackError.SIZE_UPDATE_MISSING;
        this.owedUpdateBytes = -1;
      }
      this.table.setLimit(size);
    }
    return this.owedUpdateBytes === -1 || this.at === this.end ? 0 : HpackError.SIZE_UPDATE_MISSING;
  }

  private indexed(section: FieldSection): number {
    const index = this.integer(0x7f);
    if (index < 0) return index;
    const at = this.recordOf(index);
    if (at < 0) return at;
    const isStatic = index <= STATIC_COUNT;
    const records = isStatic ? STATIC_RECORDS : this.table.records;
    const nameLength = records[at + 1];
    const valueLength = records[at + 2];
    const length = nameLength + valueLength;
    const refused = this.take(length);
    if (refused !== 0 || this.tooLarge !== 0) return refused;
    const offset = section.length;
    section.reserve(offset + length);
    const from = isStatic ? STATIC_BYTES : this.table.bytes;
    copyBytes(from, isStatic ? STATIC_VIEW : this.table.view, records[at], length, section.bytes, section.view, offset);
    section.append(nameLength, valueLength, records[at + 3], false);
    return 0;
  }

  private literal(section: FieldSection, first: number): number {
    const withIndexing = first >= 0x40;
    const neverIndexed = first >= 0x10 && !withIndexing;
    const index = this.integer(withIndexing ? 0x3f : 0x0f);
    if (index < 0) return index;
    const keepMaxBytes = this.keepMaxBytes(withIndexing);
    const nameOffset = section.length;
    const nameLength =
      index === 0 ? this.string(section, nameOffset, keepMaxBytes) : this.nameFrom(section, index, keepMaxBytes);
    if (nameLength < 0) return nameLength;
    const valueOffset = nameOffset + nameLength;
    const valueLength = this.string(section, valueOffset, keepMaxBytes - nameLength);
    if (valueLength < 0) return valueLength;

    const length = nameLength + valueLength;
    // What was not kept is larger than both the list and the table can take: below, neither looks at its bytes.
    let meta = 0;
    if (length <= keepMaxBytes) {
      const { bytes, view } = section;
      meta = index === 0 ? nameMeta(bytes, view, nameOffset, nameLength) : this.nameMetaOf(index);
      meta |= valueMeta(bytes, view, valueOffset, valueLength);
    }
    if (withIndexing) this.insert(section, nameLength, valueLength, meta);
    const refused = this.take(length);
    if (refused === 0 && this.tooLarge === 0) section.append(nameLength, valueLength, meta, neverIndexed);
    return refused;
  }

  /** Name and value together have to be written out only up to this length: beyond it nobody will look at them. */
  private keepMaxBytes(withIndexing: boolean): number {
    const forTable = withIndexing ? this.table.limitBytes - ENTRY_OVERHEAD_BYTES : -1;
    const forList = this.tooLarge !== 0 ? -1 : this.listMaxBytes - this.listBytes - ENTRY_OVERHEAD_BYTES;
    return Math.max(forTable, forList);
  }

  /** Counts one field of the list. Sets `tooLarge` when it is over a limit; returns an error when it is far over it. */
  private take(length: number): number {
    this.listBytes += length + ENTRY_OVERHEAD_BYTES;
    if (this.listBytes > this.listMaxBytes) {
      if (this.tooLarge === 0) this.tooLarge = HpackError.LIST_TOO_LARGE;
      if (this.listBytes > Math.max(HOSTILE_MIN_BYTES, this.listMaxBytes * HOSTILE_FACTOR))
        return HpackError.HOSTILE_BLOCK;
    }
    if (--this.fieldsLeft < 0 && this.tooLarge === 0) this.tooLarge = HpackError.TOO_MANY_FIELDS;
    return 0;
  }

  private insert(section: FieldSection, nameLength: number, valueLength: number, meta: number): void {
    const { table } = this;
    const offset = table.insert(nameLength, valueLength, meta);
    if (offset === -1) return;
    copyBytes(section.bytes, section.view, section.length, nameLength + valueLength, table.bytes, table.view, offset);
  }

  /** Where the record of an index begins in the records of its table, or an error. */
  private recordOf(index: number): number {
    if (index === 0) return HpackError.INDEX_ZERO;
    if (index <= STATIC_COUNT) return index * ENTRY_WORDS;
    const entry = index - STATIC_COUNT - 1;
    return entry < this.table.count ? this.table.recordAt(entry) : HpackError.INDEX_UNKNOWN;
  }

  private nameMetaOf(index: number): number {
    const records = index <= STATIC_COUNT ? STATIC_RECORDS : this.table.records;
    return records[this.recordOf(index) + 3] & NAME_META;
  }

  /** Copies the name of an entry to the end of the section; returns its length or an error. */
  private nameFrom(section: FieldSection, index: number, keepMaxBytes: number): number {
    const at = this.recordOf(index);
    if (at < 0) return at;
    const isStatic = index <= STATIC_COUNT;
    const records = isStatic ? STATIC_RECORDS : this.table.records;
    const length = records[at + 1];
    if (length > keepMaxBytes) return length;
    const offset = section.length;
    section.reserve(offset + length);
    const from = isStatic ? STATIC_BYTES : this.table.bytes;
    copyBytes(from, isStatic ? STATIC_VIEW : this.table.view, records[at], length, section.bytes, section.view, offset);
    return length;
  }

  /**
   * Reads a string and writes it into the section at `offset`, unless it is longer than `keepMaxBytes`: then it is only
   * checked. Returns its length or an error.
   */
  private string(section: FieldSection, offset: number, keepMaxBytes: number): number {
    if (this.at === this.end) return HpackError.TRUNCATED;
    const isHuffman = this.bytes[this.at] >= 0x80;
    const length = this.integer(0x7f);
    if (length < 0) return length;
    const { bytes, at: start } = this;
    const stop = start + length;
    if (stop > this.end) return HpackError.TRUNCATED;
    this.at = stop;
    if (!isHuffman) {
      if (length > keepMaxBytes) return length;
      section.reserve(offset + length);
      copyBytes(bytes, this.view, start, length, section.bytes, section.view, offset);
      return length;
    }
    let roomBytes = huffmanDecodedMaxBytes(length);
    if (roomBytes > keepMaxBytes) {
      roomBytes = huffmanDecodedBytes(bytes, start, stop);
      if (roomBytes < 0 || roomBytes > keepMaxBytes) return roomBytes;
    }
    section.reserve(offset + roomBytes + 2);
    const after = decodeHuffman(bytes, start, stop, section.bytes, offset);
    return after < 0 ? after : after - offset;
  }

  /** Reads an integer whose prefix has the bits of `mask` (RFC 7541 §5.1); `at` must be below `end`. Or an error. */
  private integer(mask: number): number {
    const { bytes, end } = this;
    let at = this.at;
    let value = bytes[at++] & mask;
    if (value === mask) {
      const stop = at + INTEGER_MAX_BYTES;
      let shift = 0;
      for (;;) {
        if (at === end) return HpackError.TRUNCATED;
        if (at === stop) return HpackError.INTEGER_TOO_LARGE;
        const byte = bytes[at++];
        value += (byte & 0x7f) << shift;
        shift += 7;
        if (byte < 0x80) break;
      }
    }
    this.at = at;
    return value;
  }
}
