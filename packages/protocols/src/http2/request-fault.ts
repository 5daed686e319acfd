// What can be wrong with the fields of a request in HTTP/2 and cannot be in HTTP/1; beside the codes of `HeadError`, and apart
// from them in value. Codes only.

export const RequestFault = {
  /** A rule of HTTP/2 itself is broken (RFC 9113 §8.1.1): the stream is reset, not answered. */
  MALFORMED: -1_000,
  /** CONNECT for a protocol that is not spoken (RFC 8441 §4): 501. */
  UNKNOWN_PROTOCOL: -1_001,
} as const;
