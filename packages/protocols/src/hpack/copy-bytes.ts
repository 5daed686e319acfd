// Copies short ranges between buffers four bytes at a time: for the twenty bytes of a usual field the call into the engine
// that `Buffer.copy` makes costs more than the copy. Ranges must lie inside both buffers; they must not overlap.

/** From here on the call pays. */
const LONG_BYTES = 512;

/** `fromView` covers `from`, `intoView` covers `into`. */
export function copyBytes(
  from: Buffer,
  fromView: DataView,
  offset: number,
  length: number,
  into: Buffer,
  intoView: DataView,
  at: number,
): void {
  if (length >= LONG_BYTES) {
    from.copy(into, at, offset, offset + length);
    return;
  }
  let i = 0;
  for (; i + 4 <= length; i += 4) intoView.setInt32(at + i, fromView.getInt32(offset + i, true), true);
  for (; i < length; i++) into[at + i] = from[offset + i];
}
