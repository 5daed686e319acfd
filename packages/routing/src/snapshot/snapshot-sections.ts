// The bytes of a snapshot as sections of records and strings: what all readers of it stand on. Opening checks the header and where
// sections lie, in time independent of their size. Every read checks its bounds, so damaged content gives a SnapshotError or a
// wrong answer, never anything outside of the bytes. Knows no record.

import { crc32 } from 'node:zlib';
import {
  HEADER_WORDS,
  HeaderWord,
  LAYOUT_VERSION,
  MAGIC_HIGH,
  MAGIC_LOW,
  RECORD_WORDS,
  SECTION_COUNT,
  SECTION_ENTRY_WORDS,
  Section,
  SectionWord,
} from './layout.ts';
import { SnapshotError } from './snapshot-error.ts';

const TABLE_END_BYTES = (HEADER_WORDS + SECTION_COUNT * SECTION_ENTRY_WORDS) * 4;

export interface SectionRange {
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly crc: number;
}

export abstract class SnapshotSections {
  readonly revision: number;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly sections: readonly SectionRange[];
  private readonly strings: (string | undefined)[] = [];

  protected constructor(input: Uint8Array) {
    const bytes = input.byteOffset % 4 === 0 ? input : new Uint8Array(input);
    if (bytes.byteLength < TABLE_END_BYTES) throw new SnapshotError('shorter than the header of a snapshot');
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    checkHeader(this.bytes, this.words);
    this.revision = this.words[HeaderWord.REVISION_HIGH]! * 2 ** 32 + this.words[HeaderWord.REVISION_LOW]!;
    this.sections = readSectionTable(this.words, this.words[HeaderWord.TOTAL_BYTES]!);
  }

  /** A string by its number; kept after the first call. @throws SnapshotError */
  string(number: number): string {
    const known = this.strings[number];
    if (known !== undefined) return known;
    const at = this.record(Section.STRING_INDEX, number);
    const offset = this.words[at]!;
    const units = this.words[at + 1]! >>> 1;
    const wide = (this.words[at + 1]! & 1) !== 0;
    const section = this.sections[Section.STRING_BYTES]!;
    const length = wide ? units * 2 : units;
    if (offset + length > section.lengthBytes) throw new SnapshotError(`string ${number} lies outside of its section`);
    const start = section.offsetBytes + offset;
    const text = this.bytes.toString(wide ? 'utf16le' : 'latin1', start, start + length);
    this.strings[number] = text;
    return text;
  }

  recordCount(section: number): number {
    const words = RECORD_WORDS[section]!;
    const { lengthBytes } = this.sections[section]!;
    return words === 0 ? lengthBytes : lengthBytes / (words * 4);
  }

  /** First word of a record. @throws SnapshotError when there is no such record. */
  protected record(section: number, index: number): number {
    return this.recordRange(section, index, 1);
  }

  protected recordRange(section: number, index: number, count: number): number {
    if (!(index >= 0 && index + count <= this.recordCount(section))) {
      throw new SnapshotError(`record ${index} of section ${section} does not exist`);
    }
    return this.sections[section]!.offsetBytes / 4 + index * RECORD_WORDS[section]!;
  }

  protected stringAt(word: number): string {
    return this.string(this.words[word]!);
  }

  protected float(word: number): number {
    return this.bytes.readDoubleLE(word * 4);
  }
}

function checkHeader(bytes: Buffer, words: Uint32Array): void {
  if (words[HeaderWord.MAGIC_LOW] !== MAGIC_LOW || words[HeaderWord.MAGIC_HIGH] !== MAGIC_HIGH) {
    throw new SnapshotError('not a snapshot');
  }
  const version = words[HeaderWord.VERSION];
  if (version !== LAYOUT_VERSION) {
    throw new SnapshotError(`snapshot layout version ${version}; this program reads version ${LAYOUT_VERSION}`);
  }
  const header = Buffer.from(bytes.subarray(0, TABLE_END_BYTES));
  const expected = words[HeaderWord.HEADER_CRC];
  header.writeUInt32LE(0, HeaderWord.HEADER_CRC * 4);
  if (crc32(header) !== expected || words[HeaderWord.SECTION_COUNT] !== SECTION_COUNT) {
    throw new SnapshotError('the header of the snapshot is damaged');
  }
  if (words[HeaderWord.TOTAL_BYTES]! > bytes.byteLength) throw new SnapshotError('the snapshot is cut short');
}

function readSectionTable(words: Uint32Array, totalBytes: number): SectionRange[] {
  const sections: SectionRange[] = [];
  let end = TABLE_END_BYTES;
  for (let number = 0; number < SECTION_COUNT; number++) {
    const entry = HEADER_WORDS + number * SECTION_ENTRY_WORDS;
    const offsetBytes = words[entry + SectionWord.OFFSET_BYTES]!;
    const lengthBytes = words[entry + SectionWord.LENGTH_BYTES]!;
    const recordBytes = Math.max(1, RECORD_WORDS[number]! * 4);
    if (offsetBytes % 8 !== 0 || offsetBytes < end || offsetBytes + lengthBytes > totalBytes) {
      throw new SnapshotError(`section ${number} lies outside of the snapshot`);
    }
    if (lengthBytes % recordBytes !== 0) throw new SnapshotError(`section ${number} ends inside of a record`);
    sections.push({ offsetBytes, lengthBytes, crc: words[entry + SectionWord.CRC]! });
    end = offsetBytes + lengthBytes;
  }
  return sections;
}
