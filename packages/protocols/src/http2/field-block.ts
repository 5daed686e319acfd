// Joins the fragments of one field block (HEADERS and CONTINUATION, RFC 9113 §4.3) that came in pieces. Grows with what
// has come, never with what was announced; its bound is checked by the reader. Holds no memory between blocks.

const NO_BYTES = Buffer.alloc(0);
const SIZE_MIN = 1024;

export class FieldBlock {
  bytes: Buffer = NO_BYTES;
  length = 0;

  append(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(SIZE_MIN, this.bytes.length * 2, length));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    bytes.copy(this.bytes, this.length, start, end);
    this.length = length;
  }

  release(): void {
    this.bytes = NO_BYTES;
    this.length = 0;
  }
}
