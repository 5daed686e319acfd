// Header fields of one message, taken when they are all there and written into the line at its end, when the bytes they
// were received in are long gone. One per exchange object and side, reused; its room grows up to a bound and stays.

import type { HeaderTable } from '@sluice/protocols';
import { LineBuffer, VALUE_EXCESS_BYTES } from './line-buffer.ts';

/** Bytes of all fields of one message; what goes beyond is cut or left out. */
export const CAPTURE_MAX_BYTES = 16 * 1024;
/** Longer names are left out. */
export const FIELD_NAME_MAX_BYTES = 256;
/** What stands for the value of a field that is hidden. */
export const REDACTED = 'REDACTED';
const FIRST_BYTES = 1024;
/** An escape has six bytes at most. */
const ESCAPE_BYTES = 6;

export abstract class FieldCapture {
  /** The head of this message has been seen. */
  taken = false;
  protected readonly line = new LineBuffer(Buffer.alloc(0));

  get bytes(): Uint8Array {
    return this.line.bytes;
  }

  get length(): number {
    return this.line.at;
  }

  reset(): void {
    this.taken = false;
    this.line.at = 0;
  }

  /** A later head of the same kind replaces an earlier one. */
  take(head: HeaderTable): void {
    if (this.line.bytes.length === 0) this.line.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.reset();
    this.taken = true;
    this.write(head);
  }

  protected abstract write(head: HeaderTable): void;

  /** How many bytes a value may take now, beside its name. Room for `characters` is made where that is allowed. */
  protected roomFor(characters: number): number {
    const { line } = this;
    const beside = line.at + FIELD_NAME_MAX_BYTES + VALUE_EXCESS_BYTES;
    const wanted = beside + ESCAPE_BYTES * characters;
    if (wanted > line.bytes.length && line.bytes.length < CAPTURE_MAX_BYTES) {
      const larger = Buffer.allocUnsafeSlow(Math.min(CAPTURE_MAX_BYTES, Math.max(wanted, 2 * line.bytes.length)));
      line.bytes.copy(larger, 0, 0, line.at);
      line.bytes = larger;
    }
    return line.bytes.length - beside;
  }
}
