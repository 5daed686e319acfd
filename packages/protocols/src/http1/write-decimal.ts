// Decimal numbers into a caller's buffer, without a string in between. Allocates nothing.

/** Most bytes `writeDecimal` writes. */
export const DECIMAL_BYTES_MAX = 16;

/** Writes an integer from 0 to 2^53-1 in decimal digits; returns the offset behind them. @throws RangeError for others, and past the end. */
export function writeDecimal(buffer: Uint8Array, offset: number, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2^53-1`);
  let digits = 1;
  for (let bound = 10; value >= bound && digits < DECIMAL_BYTES_MAX; bound *= 10) digits++;
  const end = offset + digits;
  if (offset < 0 || end > buffer.length) throw new RangeError('the number does not fit into the buffer');
  let rest = value;
  for (let at = end - 1; at >= offset; at--) {
    const quotient = Math.floor(rest / 10);
    buffer[at] = 0x30 + (rest - quotient * 10);
    rest = quotient;
  }
  return end;
}
