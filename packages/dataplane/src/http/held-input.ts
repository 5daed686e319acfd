// Received bytes that cannot be used yet: part of a head, or what a client sent ahead of its turn. A growing buffer that
// most connections never have, counted among what the worker keeps until `release`. Bounded by whoever appends.

import type { BufferedBytes } from '../worker/buffered-bytes.ts';

const FIRST_BYTES = 4 * 1024;

export class HeldInput {
  bytes: Buffer;
  start = 0;
  end = 0;
  /** Up to where the end of a head has been looked for in vain. */
  scanned = 0;
  private readonly buffered: BufferedBytes;
  private counted = 0;

  constructor(buffered: BufferedBytes, bytes: Uint8Array, start: number, end: number) {
    this.buffered = buffered;
    this.bytes = this.allocated(Math.max(FIRST_BYTES, (end - start) * 2));
    this.append(bytes, start, end);
  }

  /** It is not used any more. Again: nothing happens. */
  release(): void {
    this.buffered.add(-this.counted);
    this.counted = 0;
  }

  get length(): number {
    return this.end - this.start;
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.end + length > this.bytes.length) this.makeRoom(length);
    this.bytes.set(bytes.subarray(start, end), this.end);
    this.end += length;
  }

  /** Everything before `position` has been used. */
  consumeTo(position: number): void {
    this.start = position;
    this.scanned = position;
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
      this.scanned = 0;
    }
  }

  private makeRoom(length: number): void {
    const kept = this.length;
    const target = kept + length <= this.bytes.length / 2 ? this.bytes : this.allocated((kept + length) * 2);
    target.set(this.bytes.subarray(this.start, this.end), 0);
    this.scanned -= this.start;
    this.bytes = target;
    this.start = 0;
    this.end = kept;
  }

  private allocated(bytes: number): Buffer {
    this.buffered.add(bytes - this.counted);
    this.counted = bytes;
    return Buffer.allocUnsafeSlow(bytes);
  }
}
