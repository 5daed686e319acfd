// The value of a Date field (RFC 9110 §5.6.7), made at most once a second. No timer: the caller's clock drives it.

let cachedSecond = Number.NaN;
let cachedText = '';
let cachedLine: Buffer = Buffer.alloc(0);

/** IMF-fixdate of `nowMs` (milliseconds since 1970), for example `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(nowMs: number = Date.now()): string {
  refresh(nowMs);
  return cachedText;
}

/** The whole field line, `Date: …` with CR LF. Replaced every second, never rewritten in place: may be sent by reference. */
export function dateFieldBytes(nowMs: number = Date.now()): Buffer {
  refresh(nowMs);
  return cachedLine;
}

function refresh(nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  if (second === cachedSecond) return;
  cachedSecond = second;
  cachedText = new Date(second * 1000).toUTCString();
  cachedLine = Buffer.from(`Date: ${cachedText}\r\n`, 'latin1');
}
