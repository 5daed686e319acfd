// The bytes of one direction of a session: those who send and those who receive make the same ones from its number. A block of random
// bytes, repeated; its length is prime and larger than any buffer on the way, so that a lost, doubled or displaced piece is seen.

import { createHash, randomBytes } from 'node:crypto';

const PERIOD_BYTES = 1_048_573;
const BLOCK = repeated(randomBytes(PERIOD_BYTES));
/** Prime, too: neighbours begin far from each other. */
const STRIDE = 104_729;

export class StreamBytes {
  /** That have been taken or checked. */
  count = 0;
  private readonly start: number;
  private readonly hash = createHash('sha256');

  constructor(number: number, direction: 0 | 1) {
    this.start = ((2 * number + direction) * STRIDE) % PERIOD_BYTES;
  }

  /** The next ones, `length` of them or fewer; at least one. */
  take(length: number): Buffer {
    const from = this.position;
    const bytes = BLOCK.subarray(from, from + Math.min(length, PERIOD_BYTES));
    this.note(bytes);
    return bytes;
  }

  /** @throws Error when these are not the next ones. */
  check(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const from = this.position;
      const length = Math.min(chunk.length - at, PERIOD_BYTES);
      if (chunk.compare(BLOCK, from, from + length, at, at + length) !== 0) {
        throw new Error(`bytes behind the first ${this.count} are not those that were sent`);
      }
      this.note(chunk.subarray(at, at + length));
      at += length;
    }
  }

  /** SHA-256 of all of them. Once, at the end. */
  digest(): string {
    return this.hash.digest('hex');
  }

  private get position(): number {
    return (this.start + this.count) % PERIOD_BYTES;
  }

  private note(bytes: Buffer): void {
    this.hash.update(bytes);
    this.count += bytes.length;
  }
}

function repeated(block: Buffer): Buffer {
  return Buffer.concat([block, block]);
}
