// A cursor over DER (ITU-T X.690): what certificates and OCSP responses are written in. Every byte is hostile: each length is
// checked against the element around it, and nothing recurses. Knows tags and lengths, not what elements mean.
// Allocates one reader for each constructed element that is entered, and views of contents; copies nothing.

/** What was given is not the DER that was expected. */
export class DerError extends Error {
  override name = 'DerError';
}

export const DerTag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  NUMERIC_STRING: 0x12,
  PRINTABLE_STRING: 0x13,
  T61_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Longer lengths would be beyond any message that is read here. */
const LENGTH_BYTES_MAX = 4;

export class DerReader {
  private readonly bytes: Buffer;
  private readonly end: number;
  private position: number;
  private contentStart = 0;
  private contentEnd = 0;

  constructor(bytes: Buffer, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.position === this.end;
  }

  /** The tag of the next element; -1 at the end. */
  get tag(): number {
    return this.isAtEnd ? -1 : this.bytes[this.position]!;
  }

  /** The content of the next element, which must have this tag; goes on behind it. @throws DerError */
  read(tag: number): Buffer {
    this.pass(tag);
    return this.bytes.subarray(this.contentStart, this.contentEnd);
  }

  /** A reader inside the next element, which must have this tag; this one goes on behind it. @throws DerError */
  enter(tag: number): DerReader {
    this.pass(tag);
    return new DerReader(this.bytes, this.contentStart, this.contentEnd);
  }

  /** The next element with its tag and length, whatever it is. @throws DerError */
  readWhole(): Buffer {
    const start = this.position;
    this.pass(this.tag);
    return this.bytes.subarray(start, this.position);
  }

  /** Goes on behind the next element if it has this tag; true then. @throws DerError */
  skip(tag: number): boolean {
    if (this.tag !== tag) return false;
    this.pass(tag);
    return true;
  }

  /** @throws DerError when something is left. */
  finish(): void {
    if (!this.isAtEnd) throw new DerError('bytes follow where an element should end');
  }

  private pass(tag: number): void {
    if (this.isAtEnd) throw new DerError('an element is missing');
    const found = this.bytes[this.position]!;
    if (found !== tag) throw new DerError(`found tag ${found} in place of ${tag}`);
    if ((found & 0x1f) === 0x1f) throw new DerError('a tag has more than one byte');
    this.contentStart = this.position + 1;
    const length = this.readLength();
    this.contentEnd = this.contentStart + length;
    if (this.contentEnd > this.end) throw new DerError('an element is longer than what it is in');
    this.position = this.contentEnd;
  }

  /** Leaves `contentStart` behind the length. DER has one form for each length: the shortest. */
  private readLength(): number {
    const first = this.contentStart < this.end ? this.bytes[this.contentStart]! : 0x80;
    this.contentStart++;
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > LENGTH_BYTES_MAX || this.contentStart + count > this.end)
      throw new DerError('an element has no usable length');
    const length = this.bytes.readUIntBE(this.contentStart, count);
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('a length is not in its shortest form');
    this.contentStart += count;
    return length;
  }
}
