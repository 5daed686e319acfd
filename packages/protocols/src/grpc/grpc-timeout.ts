// `grpc-timeout`: how long the client of a call waits (gRPC over HTTP/2, "Timeout"). Pure, allocates nothing.
// Decides nothing about what happens then; a value beyond what a timer takes is the caller's to bound.

const DIGITS_MAX = 8;
const ZERO = 0x30;
const NINE = 0x39;

/** Milliseconds, possibly fractional. Undefined: the value is not one, and the call has no limit then. */
export function parseGrpcTimeoutMs(value: string): number | undefined {
  const digits = value.length - 1;
  if (digits < 1 || digits > DIGITS_MAX) return undefined;
  let number = 0;
  for (let i = 0; i < digits; i++) {
    const code = value.charCodeAt(i);
    if (code < ZERO || code > NINE) return undefined;
    number = number * 10 + (code - ZERO);
  }
  switch (value[digits]) {
    case 'H':
      return number * 3_600_000;
    case 'M':
      return number * 60_000;
    case 'S':
      return number * 1_000;
    case 'm':
      return number;
    case 'u':
      return number / 1_000;
    case 'n':
      return number / 1_000_000;
    default:
      return undefined;
  }
}
