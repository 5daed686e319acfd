// The value of a field that an encoder gets as a string, as bytes. One object serves all encoders of a process, because no
// field is left half done. Allocates nothing, except that its room grows to the longest value.

import { FIELD_VALUE } from '../http1/byte-class.ts';

const FIRST_BYTES = 512;

export class EncoderValue {
  bytes: Buffer = Buffer.alloc(FIRST_BYTES);
  /** Covers `bytes`. */
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  length = 0;

  /** @throws RangeError when a character is not HTAB, space, visible ASCII or U+0080 to U+00FF. */
  useString(value: string, name: string): void {
    const { length } = value;
    if (length > this.bytes.length) {
      this.bytes = Buffer.alloc(2 * length);
      this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
    }
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0xff || FIELD_VALUE[code] === 0) {
        throw new RangeError(`the value of field ${name} holds the forbidden character U+${code.toString(16)}`);
      }
      this.bytes[i] = code;
    }
    this.length = length;
  }

  /** Three digits. */
  useStatus(status: number): void {
    this.bytes[0] = 0x30 + Math.floor(status / 100);
    this.bytes[1] = 0x30 + (Math.floor(status / 10) % 10);
    this.bytes[2] = 0x30 + (status % 10);
    this.length = 3;
  }
}
