// Reads received bytes four at a time. One DataView is kept for the buffer used last, which is nearly always the
// transport's memory; parsers bind it once per head. Allocates one view when the buffer changes.

/** High bit of each byte of a word. */
const HIGH_BITS = 0x80808080 | 0;

let viewed: Buffer = Buffer.alloc(0);
let view = new DataView(viewed.buffer, viewed.byteOffset, viewed.length);

/** View over exactly `bytes`; good until the next call with another buffer. */
export function viewOf(bytes: Buffer): DataView {
  if (bytes !== viewed) {
    viewed = bytes;
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }
  return view;
}

/** Not 0 when a byte of the word is below 0x20 or 0x7f; the lowest set bit belongs to the first such byte. */
export function controlBits(word: number): number {
  const distance = word ^ 0x7f7f7f7f;
  return (((word - 0x20202020) & ~word) | ((distance - 0x01010101) & ~distance)) & HIGH_BITS;
}

/** Not 0 when a byte of the word is neither a letter nor `-`; the lowest set bit belongs to the first such byte. */
export function otherThanNameBits(word: number): number {
  const low = word & 0x7f7f7f7f;
  const folded = low | 0x20202020;
  // Sums of 7-bit values never carry into the next byte: bit 7 tells >= 'a', > 'z' and equality with '-'.
  const letter = (folded + 0x1f1f1f1f) & ~(folded + 0x05050505);
  const dash = ~((low ^ 0x2d2d2d2d) + 0x7f7f7f7f);
  return (~(letter | dash) | word) & HIGH_BITS;
}

/** Not 0 when a byte is `?`, `#`, or no visible ASCII character; the lowest set bit belongs to the first such byte. */
export function otherThanTargetBits(word: number): number {
  const low = word & 0x7f7f7f7f;
  const visible = (low + 0x5f5f5f5f) & ~(low + 0x01010101);
  const mark = ((low ^ 0x3f3f3f3f) + 0x7f7f7f7f) & ((low ^ 0x23232323) + 0x7f7f7f7f);
  return (~(visible & mark) | word) & HIGH_BITS;
}

/** Index (0 to 3) of the first byte that `bits`, one of the results above and not 0, marks in a little-endian word. */
export function firstMarked(bits: number): number {
  return (31 - Math.clz32(bits & -bits)) >> 3;
}
