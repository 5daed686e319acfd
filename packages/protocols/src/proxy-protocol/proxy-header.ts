// What a PROXY header says. Reusable: one for each worker, filled by `parseProxyHeader`. Holds addresses by value, and extensions
// as a range of the bytes it was parsed from, so those must be asked for before the bytes change. Allocates only when made.

/** Two ends of a connection, as `writeProxyV1` and `writeProxyV2` want them. `ProxyHeader` is one. */
export interface ProxyAddresses {
  /** False: there are none that could be used. The other fields then say nothing. */
  readonly hasAddresses: boolean;
  /** 16 bytes; IPv4 as mapped IPv6 address (RFC 4291 §2.5.5.2). */
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

export const IP_BYTES = 16;
/** What the second half of the byte "transport protocol and address family" says. */
export const ProxyTransport = { UNSPECIFIED: 0, STREAM: 1, DATAGRAM: 2 } as const;

export class ProxyHeader implements ProxyAddresses {
  /** 1 or 2; 0: nothing has been parsed. */
  version = 0;
  /** False for UNKNOWN, LOCAL and families other than IP: the addresses of the socket count. */
  hasAddresses = false;
  readonly source: Uint8Array = new Uint8Array(IP_BYTES);
  sourcePort = 0;
  readonly destination: Uint8Array = new Uint8Array(IP_BYTES);
  destinationPort = 0;
  /** One of `ProxyTransport`; version 1 knows streams only. */
  transport = 0;
  /** Extensions (TLV vectors) of version 2 with addresses; their lengths fit. */
  tlvOffset = 0;
  tlvBytes = 0;

  reset(): void {
    this.version = 0;
    this.hasAddresses = false;
    this.source.fill(0);
    this.sourcePort = 0;
    this.destination.fill(0);
    this.destinationPort = 0;
    this.transport = 0;
    this.tlvOffset = 0;
    this.tlvBytes = 0;
  }
}
