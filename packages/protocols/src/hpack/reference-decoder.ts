// A second decoder for tests: RFC 7541 read aloud, with strings and arrays, bit by bit. Slow on purpose; it shares with the
// real one only the constants of the appendices.

import { CODE_BITS, CODES, EOS } from './huffman-code.ts';
import { STATIC_FIELDS } from './static-table.ts';
import type { Fields } from './test-support.ts';

const SYMBOL_BY_CODE = new Map(
  Array.from(CODE_BITS, (bits, symbol) => [CODES[symbol].toString(2).padStart(bits, '0'), symbol]),
);

export class ReferenceDecoder {
  /** Newest first. */
  table: Fields = [];
  private tableMax: number;
  private setting: number;
  private at = 0;
  private block: Buffer = Buffer.alloc(0);

  constructor(setting: number) {
    this.setting = setting;
    this.tableMax = setting;
  }

  /** The fields, or undefined when the block is wrong; the decoder is of no use then. */
  decode(block: Buffer): Fields | undefined {
    this.block = block;
    this.at = 0;
    const fields: Fields = [];
    let updates = 0;
    try {
      while (this.at < block.length) {
        const first = block[this.at];
        if ((first & 0x80) !== 0) {
          fields.push(this.entry(this.integer(7)));
        } else if ((first & 0x40) !== 0) {
          const field = this.literal(6);
          fields.push(field);
          this.table.unshift(field);
          this.evict();
        } else if ((first & 0x20) !== 0) {
          if (fields.length > 0 || ++updates > 2) return undefined;
          this.tableMax = this.integer(5);
          if (this.tableMax > this.setting) return undefined;
          this.evict();
        } else {
          fields.push(this.literal(4));
        }
      }
      return fields;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  private evict(): void {
    const size = () => this.table.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.tableMax) this.table.pop();
  }

  private entry(index: number): [string, string] {
    const entry =
      index <= STATIC_FIELDS.length ? STATIC_FIELDS[index - 1] : this.table[index - STATIC_FIELDS.length - 1];
    if (entry === undefined) throw new RangeError('no such index');
    return [entry[0], entry[1]];
  }

  private literal(prefixBits: number): [string, string] {
    const index = this.integer(prefixBits);
    const name = index === 0 ? this.string() : this.entry(index)[0];
    return [name, this.string()];
  }

  private integer(prefixBits: number): number {
    const mask = 2 ** prefixBits - 1;
    let value = this.byte() & mask;
    if (value < mask) return value;
    for (let factor = 1, bytes = 1; ; factor *= 128, bytes++) {
      if (bytes > 4) throw new RangeError('too long');
      const byte = this.byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }

  private byte(): number {
    if (this.at >= this.block.length) throw new RangeError('too short');
    return this.block[this.at++];
  }

  private string(): string {
    const isHuffman = this.at < this.block.length && (this.block[this.at] & 0x80) !== 0;
    const length = this.integer(7);
    if (this.at + length > this.block.length) throw new RangeError('too short');
    const bytes = this.block.subarray(this.at, this.at + length);
    this.at += length;
    return isHuffman ? fromHuffman(bytes) : bytes.toString('latin1');
  }
}

function fromHuffman(bytes: Buffer): string {
  let text = '';
  let rest = '';
  for (const bit of Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')) {
    rest += bit;
    const symbol = SYMBOL_BY_CODE.get(rest);
    if (symbol === EOS) throw new RangeError('end of string');
    if (symbol === undefined) continue;
    text += String.fromCharCode(symbol);
    rest = '';
  }
  if (rest.length > 7 || rest.includes('0')) throw new RangeError('padding');
  return text;
}
