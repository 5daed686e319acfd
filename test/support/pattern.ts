// Bytes that say where in a body they belong, made and checked at the cost of a copy: a block of random bytes, repeated. Its
// length is prime and larger than any buffer on the way, so that a lost, doubled or displaced piece is seen.

import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

const PERIOD_BYTES = 1_048_573;
const PIECE_BYTES = 256 * 1024;
/** The block twice, so that every piece lies in it in one go. */
const BLOCK = repeated(randomBytes(PERIOD_BYTES));

/** A body of so many bytes. */
export function patternSource(bytes: number): Readable {
  let sent = 0;
  return new Readable({
    highWaterMark: 2 * PIECE_BYTES,
    read() {
      if (sent === bytes) {
        this.push(null);
        return;
      }
      const start = sent % PERIOD_BYTES;
      const length = Math.min(PIECE_BYTES, bytes - sent);
      sent += length;
      this.push(BLOCK.subarray(start, start + length));
    },
  });
}

/** From which byte on to take them slowly, up to which, and how long to wait after each piece. */
export interface SlowPart {
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly waitMs: number;
}

/** Takes a body and fails at the first byte that is not where it belongs. */
export class PatternSink extends Writable {
  received = 0;
  private readonly slow: SlowPart;

  constructor(slow: SlowPart) {
    super();
    this.slow = slow;
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    for (let at = 0; at < chunk.length; ) {
      const start = this.received % PERIOD_BYTES;
      const length = Math.min(chunk.length - at, PERIOD_BYTES);
      if (chunk.compare(BLOCK, start, start + length, at, at + length) !== 0) {
        done(new Error(`bytes from ${this.received} on are not those that were sent`));
        return;
      }
      this.received += length;
      at += length;
    }
    const { fromBytes, toBytes, waitMs } = this.slow;
    if (this.received < fromBytes || this.received > toBytes) done();
    else void sleep(waitMs).then(() => done());
  }
}

function repeated(block: Buffer): Buffer {
  return Buffer.concat([block, block]);
}
