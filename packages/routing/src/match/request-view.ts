// What a matcher may ask of a request. Implemented by the data path over a request head and by `explain` over arguments.
// Strings are of two kinds. `host` and `path` are text: percent-decoded bytes above 0x7F that form valid UTF-8 are the
// characters they encode, any other byte is the lone surrogate U+DC00 + byte (see `protocols` http-path).
// `query` and header values are received bytes, one UTF-16 unit for each byte (`latin1`); matchers decode them.

export interface RequestView {
  /** Canonical: lower case, no port, no brackets around IPv6; empty when the request has none. */
  readonly host: string;
  /** Routing path: every %XX decoded except reserved characters and percent, which stay in upper-case encoded form. */
  readonly path: string;
  readonly method: string;
  /** Raw query without `?`; undefined when absent. */
  readonly query: string | undefined;
  /** Peer address as 16 bytes, IPv4 mapped (::ffff:a.b.c.d). */
  readonly clientAddress: Uint8Array;
  /** All values of a header field, one per line. `name` is lower case. `host` is never asked for. */
  headerValues(name: string): readonly string[];
  /** As of `ConnectionView`; requests have no such thing. */
  offersAlpn?(name: Uint8Array): boolean;
}

/** Index of the router in its snapshot (or configuration list), or -1. */
export interface Matcher {
  /** @param matchIndex index of an entry point for plain requests, `securedIndex` of it for those over TLS */
  match(matchIndex: number, request: RequestView): number;
}
