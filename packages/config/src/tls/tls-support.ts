// The one switch for TLS. Schemas, decoding and checks of every TLS key are there; as long as the data path does not act on
// them, the keys are refused as not supported, so that nobody is served plain text who asked for TLS. Once it does, the
// switch is turned here, `npm run generate` puts the keys on the reference pages, and this file can go.

export interface TlsSupport {
  /** Clients: `tls` of dynamic configuration, of routers, and `http.tls` of entry points. */
  readonly downstream: boolean;
  /** Servers: the TLS keys of servers transports. */
  readonly upstream: boolean;
}

/** What this version does. */
export const TLS_SUPPORT: TlsSupport = { downstream: false, upstream: false };
