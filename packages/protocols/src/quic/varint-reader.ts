// Variable-length integers of QUIC (RFC 9000 §16), read one after the other. Allocates nothing after it was made.

export class VarintReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get left(): number {
    return this.end - this.at;
  }

  /** -1: it is cut. Above 2^53 it is not exact, which no length that fits into a datagram is. */
  next(): number {
    const { bytes, at } = this;
    if (at >= this.end) return -1;
    const width = 1 << (bytes[at] >> 6);
    if (at + width > this.end) return -1;
    let value = bytes[at] & 0x3f;
    for (let index = 1; index < width; index++) value = value * 256 + bytes[at + index];
    this.at += width;
    return value;
  }

  /** Passes over so many bytes. False: they are not there; a negative count never is. */
  skip(count: number): boolean {
    if (count < 0 || count > this.left) return false;
    this.at += count;
    return true;
  }
}
