// Helpers of the codec's tests: decode a block given as hexadecimal digits, describe what came out and what the table holds,
// and make blocks by hand, without the encoder.

import type { DynamicTable } from './dynamic-table.ts';
import type { FieldLimits } from './field-limits.ts';
import { FieldSection } from './field-section.ts';
import type { HpackDecoder } from './hpack-decoder.ts';
import type { HpackEncoder } from './hpack-encoder.ts';
import { HpackError } from './hpack-error.ts';
import { encodeHuffman, huffmanBytes } from './huffman-encode.ts';
import { PSEUDO_NAMES } from './pseudo-field.ts';

export const TEST_LIMITS: FieldLimits = { listMaxBytes: 64 * 1024, fieldsMax: 256 };

export type Fields = [name: string, value: string][];

const CODE_NAMES = new Map(Object.entries(HpackError).map(([name, code]) => [code as number, name]));
/** Would be read as indexed fields, ends of integers or of codes. */
const GUARD = Buffer.from('8282ff80', 'hex');

/** Places a block between guard bytes, so that a decoder which reads outside its range gives itself away. */
export function guardedBlock(block: Buffer, lead: Buffer = GUARD): { bytes: Buffer; start: number; end: number } {
  return { bytes: Buffer.concat([lead, block, GUARD]), start: lead.length, end: lead.length + block.length };
}

/** Pairs of regular fields, pseudo-header fields first. */
export function sectionFields(section: FieldSection): Fields {
  const fields: Fields = [];
  PSEUDO_NAMES.forEach((name, pseudo) => {
    if (section.hasPseudo(pseudo)) fields.push([name, section.pseudoValue(pseudo)!]);
  });
  const { bytes, fields: words } = section;
  for (let at = 0; at < section.count * 5; at += 5) {
    const name = bytes.latin1Slice(words[at], words[at] + words[at + 1]);
    fields.push([name, bytes.latin1Slice(words[at + 2], words[at + 2] + words[at + 3])]);
  }
  return fields;
}

/** Newest first. */
export function tableFields(table: DynamicTable): Fields {
  return Array.from({ length: table.count }, (_, index) => [table.nameAt(index), table.valueAt(index)]);
}

export interface Decoded {
  /** `OK` or the name of the error. */
  readonly outcome: string;
  readonly fields: Fields;
  readonly section: FieldSection;
}

/** Decodes one block, given as bytes or hexadecimal digits with spaces, into a section of its own. */
export function decodeBlock(decoder: HpackDecoder, block: Buffer | string, limits: FieldLimits = TEST_LIMITS): Decoded {
  const section = new FieldSection();
  const { bytes, start, end } = guardedBlock(typeof block === 'string' ? hex(block) : block);
  const result = decoder.decode(bytes, start, end, section, limits);
  return { outcome: outcomeName(result), fields: sectionFields(section), section };
}

export function outcomeName(result: number): string {
  return result >= 0 ? 'OK' : (CODE_NAMES.get(result) ?? `unknown code ${result}`);
}

export function hex(digits: string): Buffer {
  return Buffer.from(digits.replaceAll(' ', ''), 'hex');
}

/** A block of these fields, as the encoder makes it of its own accord. */
export function encodeBlock(encoder: HpackEncoder, fields: Fields, indexing?: number): Buffer {
  const buffer = Buffer.alloc(256 * 1024);
  encoder.begin(buffer, 0, buffer.length);
  for (const [name, value] of fields) encoder.stringField(name, value, indexing);
  return buffer.subarray(0, encoder.finish());
}

/** Literal without indexing of a new name, neither string with Huffman codes. */
export function plainLiteral(name: string, value: string, pattern = 0x00): Buffer {
  return Buffer.concat([Buffer.from([pattern]), plainString(name), plainString(value)]);
}

export function plainString(text: string): Buffer {
  return Buffer.concat([integerBytes(0, 7, text.length), Buffer.from(text, 'latin1')]);
}

/** RFC 7541 §5.1, the slow way. */
export function integerBytes(pattern: number, prefixBits: number, value: number): Buffer {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return Buffer.from([pattern | value]);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}

/** The string with Huffman codes, its length before it. */
export function huffmanString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const code = Buffer.alloc(huffmanBytes(bytes, 0, bytes.length));
  const view = new DataView(code.buffer, code.byteOffset, code.length);
  encodeHuffman(bytes, 0, bytes.length, code, view, 0, code.length);
  return Buffer.concat([integerBytes(0x80, 7, code.length), code]);
}
