// The field block under way (RFC 9113 §4.3): whose it is, and its fragments joined when they come in pieces. Grows with what
// has come, never with what was announced, up to its bound, which the reader checks. Holds no memory between blocks.

const NO_BYTES = Buffer.alloc(0);
const SIZE_MIN = 1024;

export class FieldBlock {
  /** 0: no block is under way. */
  streamId = 0;
  endsStream = false;
  /** Why the stream must be reset; 0: nothing. */
  fault = 0;
  /** CONTINUATION frames so far. */
  continuations = 0;
  bytes: Buffer = NO_BYTES;
  length = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  begin(streamId: number, endsStream: boolean): void {
    this.streamId = streamId;
    this.endsStream = endsStream;
    this.fault = 0;
    this.continuations = 0;
  }

  /** The caller keeps to the bound. */
  append(bytes: Buffer, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.bytes.length) {
      const size = Math.min(this.bytesMax, Math.max(SIZE_MIN, this.bytes.length * 2, length));
      const larger = Buffer.allocUnsafeSlow(size);
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
