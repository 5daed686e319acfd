// Copies and compares short ranges of buffers four bytes at a time: for the twenty bytes of a usual field a call into the
// engine costs more than the work. Ranges must lie inside their buffers; each view covers its buffer.

/** From here on the call pays. */
const LONG_BYTES = 512;

/** The two ranges must not overlap. */
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
  if (length < 4) {
    for (let i = 0; i < length; i++) into[at + i] = from[offset + i];
    return;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) intoView.setInt32(at + i, fromView.getInt32(offset + i, true), true);
  // The last four once more, or partly so.
  intoView.setInt32(at + last, fromView.getInt32(offset + last, true), true);
}

export function equalBytes(
  left: Buffer,
  leftView: DataView,
  leftOffset: number,
  length: number,
  right: Buffer,
  rightView: DataView,
  rightOffset: number,
): boolean {
  if (length < 4) {
    for (let i = 0; i < length; i++) {
      if (left[leftOffset + i] !== right[rightOffset + i]) return false;
    }
    return true;
  }
  const last = length - 4;
  for (let i = 0; i < last; i += 4) {
    if (leftView.getInt32(leftOffset + i, true) !== rightView.getInt32(rightOffset + i, true)) return false;
  }
  return leftView.getInt32(leftOffset + last, true) === rightView.getInt32(rightOffset + last, true);
}
