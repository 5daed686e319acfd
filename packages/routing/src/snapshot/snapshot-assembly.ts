// Puts finished sections behind a header: offsets, lengths, checksums (see layout.ts).

import { crc32 } from 'node:zlib';
import {
  HEADER_WORDS,
  HeaderWord,
  LAYOUT_VERSION,
  MAGIC_HIGH,
  MAGIC_LOW,
  SECTION_COUNT,
  SECTION_ENTRY_WORDS,
  SectionWord,
} from './layout.ts';

const SECTION_ALIGNMENT = 8;
const TABLE_END = (HEADER_WORDS + SECTION_COUNT * SECTION_ENTRY_WORDS) * 4;
const SNAPSHOT_BYTES_MAX = 0xffffffff;

/**
 * The pieces of a snapshot, which are its bytes when put one behind the other: a header, and the sections themselves,
 * each padded. `sections` are given by number. @throws RangeError when the snapshot would have 4 GiB or more.
 */
export function assembleSnapshot(sections: readonly Uint8Array[], revision: number): Uint8Array[] {
  let totalBytes = aligned(TABLE_END);
  for (const section of sections) totalBytes += aligned(section.byteLength);
  if (totalBytes > SNAPSHOT_BYTES_MAX) throw new RangeError('the snapshot would be larger than 4 GiB');
  const header = new Uint8Array(aligned(TABLE_END));
  const words = new Uint32Array(header.buffer);
  const pieces: Uint8Array[] = [header];
  words[HeaderWord.MAGIC_LOW] = MAGIC_LOW;
  words[HeaderWord.MAGIC_HIGH] = MAGIC_HIGH;
  words[HeaderWord.VERSION] = LAYOUT_VERSION;
  words[HeaderWord.SECTION_COUNT] = SECTION_COUNT;
  words[HeaderWord.REVISION_LOW] = revision % 2 ** 32;
  words[HeaderWord.REVISION_HIGH] = Math.floor(revision / 2 ** 32);
  words[HeaderWord.TOTAL_BYTES] = totalBytes;
  let offset = aligned(TABLE_END);
  sections.forEach((section, number) => {
    const padding = aligned(section.byteLength) - section.byteLength;
    pieces.push(section, ...(padding === 0 ? [] : [new Uint8Array(padding)]));
    const entry = HEADER_WORDS + number * SECTION_ENTRY_WORDS;
    words[entry + SectionWord.OFFSET_BYTES] = offset;
    words[entry + SectionWord.LENGTH_BYTES] = section.byteLength;
    words[entry + SectionWord.CRC] = crc32(section);
    offset += aligned(section.byteLength);
  });
  words[HeaderWord.HEADER_CRC] = crc32(header.subarray(0, TABLE_END));
  return pieces;
}

/** The pieces as one array of bytes. */
export function joinPieces(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let offset = 0;
  for (const piece of pieces) {
    bytes.set(piece, offset);
    offset += piece.byteLength;
  }
  return bytes;
}

function aligned(length: number): number {
  return Math.ceil(length / SECTION_ALIGNMENT) * SECTION_ALIGNMENT;
}
