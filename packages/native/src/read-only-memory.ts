// Reads bytes in place through typed readers, little endian, and gives nobody a view to write through: over a read-only
// map a write would kill the process. Offsets and lengths are bytes. Hot path: only the readers that return text, big
// integers or copies allocate. A range outside of the memory throws RangeError; every read after `unmap` throws.

import { crc32 } from 'node:zlib';

/** Up to here a loop beats the call into C++ that compares with memcmp. */
const SHORT_BYTES = 32;

const EMPTY_VIEW = new DataView(new ArrayBuffer(0));
const EMPTY_BYTES = Buffer.alloc(0);

export class ReadOnlyMemory {
  #byteLength: number;
  #view: DataView;
  #bytes: Buffer;
  readonly #release: ((buffer: ArrayBuffer) => boolean) | undefined;

  /**
   * @param buffer read from then on as it is, never written.
   * @param release gives the pages back; called at most once. Without it `unmap` only forgets the buffer (ordinary memory).
   */
  constructor(buffer: ArrayBuffer, release?: (buffer: ArrayBuffer) => boolean) {
    this.#byteLength = buffer.byteLength;
    this.#view = new DataView(buffer);
    this.#bytes = Buffer.from(buffer);
    this.#release = release;
  }

  /** 0 after `unmap`. */
  get byteLength(): number {
    return this.#byteLength;
  }

  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  i32(offset: number): number {
    return this.#view.getInt32(offset, true);
  }

  f64(offset: number): number {
    return this.#view.getFloat64(offset, true);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }

  /** A 64-bit number without a BigInt. @throws RangeError above 2^53 - 1. */
  u64Number(offset: number): number {
    const value = this.#view.getUint32(offset + 4, true) * 2 ** 32 + this.#view.getUint32(offset, true);
    if (value > Number.MAX_SAFE_INTEGER) throw new RangeError(`the number at offset ${offset} is above 2^53 - 1`);
    return value;
  }

  /** One character per byte. */
  latin1(offset: number, length: number): string {
    this.#check(offset, length);
    return this.#bytes.toString('latin1', offset, offset + length);
  }

  /** Malformed sequences become U+FFFD. */
  utf8(offset: number, length: number): string {
    this.#check(offset, length);
    return this.#bytes.toString('utf8', offset, offset + length);
  }

  /** The caller's own copy. */
  copy(offset: number, length: number): Buffer {
    this.#check(offset, length);
    return Buffer.from(this.#bytes.subarray(offset, offset + length));
  }

  /** Copies into `target`, e.g. a stream transport's arena. @throws RangeError when it does not fit there. */
  copyTo(target: Uint8Array, targetOffset: number, offset: number, length: number): void {
    this.#check(offset, length);
    checkRange(targetOffset, length, target.length, 'target');
    this.#bytes.copy(target, targetOffset, offset, offset + length);
  }

  /** Whether `length` bytes here and in `other` are the same. */
  equals(offset: number, other: Uint8Array, otherOffset: number, length: number): boolean {
    this.#check(offset, length);
    checkRange(otherOffset, length, other.length, 'other');
    if (length > SHORT_BYTES) {
      return this.#bytes.compare(other, otherOffset, otherOffset + length, offset, offset + length) === 0;
    }
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      if (bytes[offset + i] !== other[otherOffset + i]) return false;
    }
    return true;
  }

  /** Order by unsigned bytes, the shorter first when one is the other's beginning: -1, 0 or 1, for binary searches. */
  compare(offset: number, length: number, other: Uint8Array, otherOffset: number, otherLength: number): number {
    this.#check(offset, length);
    checkRange(otherOffset, otherLength, other.length, 'other');
    const common = Math.min(length, otherLength);
    if (common > SHORT_BYTES) {
      return this.#bytes.compare(other, otherOffset, otherOffset + otherLength, offset, offset + length);
    }
    const bytes = this.#bytes;
    for (let i = 0; i < common; i++) {
      const difference = bytes[offset + i]! - other[otherOffset + i]!;
      if (difference !== 0) return difference < 0 ? -1 : 1;
    }
    return Math.sign(length - otherLength);
  }

  /** Whether these bytes, one character each, are `text`. */
  equalsLatin1(offset: number, length: number, text: string): boolean {
    this.#check(offset, length);
    if (text.length !== length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) {
      if (bytes[offset + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** CRC-32 (as in zlib and RFC 1952) of the range, for checksums over what was just mapped. */
  crc32(offset: number, length: number): number {
    this.#check(offset, length);
    return crc32(this.#bytes.subarray(offset, offset + length));
  }

  /**
   * The memory itself, for readers that cannot afford a call per field. WRITING THROUGH IT KILLS THE PROCESS WITH
   * SIGSEGV when it is a read-only map: hand it only to code that never writes. Empty after `unmap`.
   */
  unsafeBytes(): Buffer {
    return this.#bytes;
  }

  /** Gives the pages back now instead of when collected. @returns false when that was done before. */
  unmap(): boolean {
    if (this.#byteLength === 0) return false;
    this.#byteLength = 0;
    if (this.#release !== undefined) return this.#release(this.#view.buffer as ArrayBuffer);
    this.#view = EMPTY_VIEW;
    this.#bytes = EMPTY_BYTES;
    return true;
  }

  #check(offset: number, length: number): void {
    checkRange(offset, length, this.#byteLength, 'memory');
  }
}

/** Also refuses NaN and negative numbers. */
function checkRange(offset: number, length: number, limit: number, what: string): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= limit)) {
    throw new RangeError(`bytes ${offset} to ${offset + length} are outside of the ${what}, which has ${limit}`);
  }
}
