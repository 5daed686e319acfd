// What a matcher may ask of a connection or a UDP session before anything but its first bytes is known. Implemented by the data
// path over a ClientHello and by `explain` over arguments.

/** Plain connections name no server and offer no protocol. */
export interface ConnectionView {
  /** Of the ClientHello: lower case, without a dot at its end; empty when there is none. */
  readonly serverName: string;
  /** Peer address as 16 bytes, IPv4 mapped, after a PROXY header. */
  readonly clientAddress: Uint8Array;
  /** Does the client offer this application protocol in TLS? */
  offersAlpn(name: Uint8Array): boolean;
}

export interface ConnectionMatcher {
  /**
   * Index of a TCP router, or -1.
   * @param matchIndex `plainIndex` or `tlsIndex` of the entry point
   */
  matchTcp(matchIndex: number, connection: ConnectionView): number;
  /** Index of a UDP router, or -1. @param matchIndex `udpIndex` of the entry point */
  matchUdp(matchIndex: number, session: ConnectionView): number;
}
