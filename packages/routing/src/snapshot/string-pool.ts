// The strings of a snapshot, each stored once and known by its number: one byte for each unit where that is enough,
// two otherwise. Numbers never change, so a pool can serve one snapshot after the other; strings are never removed.

import { WordList } from './word-list.ts';

export class StringPool {
  readonly index = new WordList(4096);
  private readonly numbers = new Map<string, number>();
  private bytes: Buffer = Buffer.allocUnsafe(1 << 16);
  private length = 0;

  /** Number of different strings so far. */
  get size(): number {
    return this.numbers.size;
  }

  /** Number of the string; the same for equal strings. */
  intern(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    const number = this.numbers.size;
    this.numbers.set(text, number);
    this.reserve(text.length * 2 + 1);
    const wide = !this.writeNarrow(text);
    if (wide) this.length += this.length & 1;
    this.index.push(this.length);
    this.index.push(((text.length << 1) | (wide ? 1 : 0)) >>> 0);
    this.length += wide ? this.bytes.write(text, this.length, 'utf16le') : text.length;
    return number;
  }

  /** Bytes of all strings; valid until the next `intern`. */
  content(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Stores the units as bytes at the end; false when one does not fit. */
  private writeNarrow(text: string): boolean {
    const { bytes, length } = this;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0xff) return false;
      bytes[length + i] = unit;
    }
    return true;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
}
