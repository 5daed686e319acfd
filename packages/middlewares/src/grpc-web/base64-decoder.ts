// Decodes base64 (RFC 4648 §4) that arrives in pieces of any length. Padding may stand in the middle, where a sender has
// flushed; line ends are passed over. Holds back less than one group of four characters.
// Allocates the decoded bytes of each piece.

const INVALID = -1;
const SKIPPED = -2;
const PADDING = -3;
const VALUES = makeValues();

export class Base64Decoder {
  /** Bits of the current group, and how many characters and paddings of it there were. */
  private bits = 0;
  private count = 0;
  private paddings = 0;

  /** @throws Error for anything that is not base64. */
  push(text: Uint8Array): Uint8Array {
    const decoded = new Uint8Array(Math.floor((text.length + this.count + this.paddings) / 4) * 3);
    let at = 0;
    for (const character of text) {
      const value = VALUES[character]!;
      if (value >= 0) {
        if (this.paddings > 0) throw new Error('base64 goes on behind its padding');
        this.bits = (this.bits << 6) | value;
        this.count++;
      } else if (value === PADDING && this.count >= 2) this.paddings++;
      else if (value !== SKIPPED) throw new Error('the body is not base64');
      if (this.count + this.paddings === 4) at = this.finishGroup(decoded, at);
    }
    return at === decoded.length ? decoded : decoded.subarray(0, at);
  }

  /** @throws Error when a group is not complete. */
  end(): void {
    if (this.count !== 0) throw new Error('base64 ends in the middle of a group');
  }

  private finishGroup(decoded: Uint8Array, at: number): number {
    const bits = this.bits << (6 * this.paddings);
    const end = at + 3 - this.paddings;
    for (let shift = 16; at < end; shift -= 8) decoded[at++] = (bits >> shift) & 0xff;
    this.bits = 0;
    this.count = 0;
    this.paddings = 0;
    return at;
  }
}

function makeValues(): Int8Array {
  const values = new Int8Array(256).fill(INVALID);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  values['='.charCodeAt(0)] = PADDING;
  values['\r'.charCodeAt(0)] = SKIPPED;
  values['\n'.charCodeAt(0)] = SKIPPED;
  return values;
}
