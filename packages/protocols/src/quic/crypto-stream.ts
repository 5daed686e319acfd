// Puts the beginning of a TLS handshake together from CRYPTO frames (RFC 9000 §19.6), which come in any order, in pieces, and more
// than once. Bounded; bytes that contradict those before them are refused, so that nobody reads another name than we do.
// Allocates its two buffers when it is made.

import { HELLO_BYTES_MAX, MESSAGE_HEADER_BYTES } from '../tls-hello/hello-records.ts';
import { QuicError } from './quic-error.ts';
import { VarintReader } from './varint-reader.ts';

const STREAM_BYTES_MAX = MESSAGE_HEADER_BYTES + HELLO_BYTES_MAX;

const PADDING = 0x00;
const PING = 0x01;
const ACK = 0x02;
const ACK_ECN = 0x03;
const CRYPTO = 0x06;
const CONNECTION_CLOSE = 0x1c;

export class CryptoStream {
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(STREAM_BYTES_MAX);
  /** So many bytes from the beginning on are there. */
  contiguous = 0;
  /** 1 where a byte is there. */
  private readonly present = new Uint8Array(STREAM_BYTES_MAX);
  /** Behind the last byte that is there. */
  private reach = 0;
  private readonly reader = new VarintReader();

  reset(): void {
    this.present.fill(0, 0, this.reach);
    this.contiguous = 0;
    this.reach = 0;
  }

  /** Takes all CRYPTO frames out of a packet's frames. @returns 0 or a `QuicError` */
  addFrames(frames: Uint8Array): number {
    const { reader } = this;
    // A packet without frames is not allowed (RFC 9000 §12.4).
    if (frames.length === 0) return QuicError.BAD_FRAME;
    reader.reset(frames, 0, frames.length);
    while (reader.left > 0) {
      const fault = this.addFrame(reader.next());
      if (fault !== 0) return fault;
    }
    return 0;
  }

  private addFrame(type: number): number {
    switch (type) {
      case PADDING:
      case PING:
        return 0;
      case ACK:
      case ACK_ECN:
        return this.skipAck(type) ? 0 : QuicError.BAD_FRAME;
      case CRYPTO:
        return this.addCrypto();
      case CONNECTION_CLOSE:
        return this.skipClose() ? 0 : QuicError.BAD_FRAME;
      default:
        return QuicError.BAD_FRAME;
    }
  }

  private addCrypto(): number {
    const { reader } = this;
    const offset = reader.next();
    const length = reader.next();
    const from = reader.at;
    if (offset < 0 || !reader.skip(length)) return QuicError.BAD_FRAME;
    const end = offset + length;
    if (end > STREAM_BYTES_MAX) return QuicError.HELLO_TOO_LARGE;
    for (let at = offset; at < end; at++) {
      const byte = reader.bytes[from + at - offset];
      if (this.present[at] === 1 && this.bytes[at] !== byte) return QuicError.CONFLICT;
      this.bytes[at] = byte;
      this.present[at] = 1;
    }
    if (length > 0) this.reach = Math.max(this.reach, end);
    while (this.contiguous < this.reach && this.present[this.contiguous] === 1) this.contiguous++;
    return 0;
  }

  /** RFC 9000 §19.3. */
  private skipAck(type: number): boolean {
    const { reader } = this;
    if (reader.next() < 0 || reader.next() < 0) return false;
    const ranges = reader.next();
    // Each has at least two bytes, so the work is bounded by the packet.
    if (ranges < 0 || ranges * 2 > reader.left) return false;
    const numbers = 1 + 2 * ranges + (type === ACK_ECN ? 3 : 0);
    for (let index = 0; index < numbers; index++) if (reader.next() < 0) return false;
    return true;
  }

  /** RFC 9000 §19.19. */
  private skipClose(): boolean {
    const { reader } = this;
    return reader.next() >= 0 && reader.next() >= 0 && reader.skip(reader.next());
  }
}
