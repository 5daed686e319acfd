// The transport's clock, for timers: the transport reads it itself only when it has something to do.

/** Milliseconds of CLOCK_MONOTONIC, as `StreamTransport.now`. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
