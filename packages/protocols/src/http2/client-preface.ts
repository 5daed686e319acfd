// The bytes every HTTP/2 client begins with (RFC 9113 §3.4), and telling them from HTTP/1 by as few of them as have come
// (prior knowledge, §3.3). Keeps nothing, allocates nothing.

/** 24 bytes. Never write to it. */
export const CLIENT_PREFACE: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

export const PrefaceMatch = {
  /** Not HTTP/2. */
  NO: 0,
  /** All bytes so far fit; more are needed. */
  PARTIAL: 1,
  WHOLE: 2,
} as const;

/** Compares the first bytes of a connection with the preface; returns a `PrefaceMatch`. No byte at all is PARTIAL. */
export function matchClientPreface(bytes: Uint8Array, start: number, end: number): number {
  const length = Math.min(end - start, CLIENT_PREFACE.length);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== CLIENT_PREFACE[index]) return PrefaceMatch.NO;
  }
  return length === CLIENT_PREFACE.length ? PrefaceMatch.WHOLE : PrefaceMatch.PARTIAL;
}
