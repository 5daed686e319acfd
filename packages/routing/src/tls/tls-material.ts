// Everything about TLS that the supervisor hands to workers beside a snapshot: tables, certificates with their keys, keys of session
// tickets, what is needed to speak TLS with servers. Secret: it travels in sealed memory, from process to process only, and is
// never logged. Plain data that can be serialised.

import type { TlsTables } from './tls-tables.ts';

export interface TlsMaterial {
  /** Counts up; the newest is in force. */
  readonly number: number;
  readonly tables: TlsTables;
  /** By `CertificateRecord.id`. */
  readonly keyPairs: Readonly<Record<string, KeyPairMaterial>>;
  /** OCSP responses, DER in base64, by `CertificateRecord.id`. */
  readonly staples: Readonly<Record<string, string>>;
  /** TICKET_KEY_BYTES each, in base64; the first one encrypts. The same for all slots. */
  readonly ticketKeys: readonly string[];
  /** By qualified name of the servers transport, of TCP by `tcpTransportKey` of it. One that cannot be used is missing: its servers are not connected to. */
  readonly transports: Readonly<Record<string, TransportTls>>;
  /** PEM of the authorities that the system trusts; empty when no transport needs them. */
  readonly systemAuthorities: string;
}

export interface KeyPairMaterial {
  /** PEM, leaf first. */
  readonly chain: string;
  /** PEM. */
  readonly key: string;
}

/** How servers are spoken to in TLS (http-services.md section 8). */
export interface TransportTls {
  /** For SNI and verification; empty: the host of the server's URL. */
  readonly serverName: string;
  readonly insecureSkipVerify: boolean;
  /** PEM; empty: those of the system. */
  readonly authorities: string;
  readonly certificates: readonly KeyPairMaterial[];
  /** As on the wire: 0x0301 to 0x0304. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** OpenSSL names for TLS 1.2 and below; empty: the default ones. */
  readonly ciphers: readonly string[];
  /** The certificate must have one of these as well, if there are any; also with `insecureSkipVerify`. */
  readonly peerNames: readonly { readonly type: 'DNSName' | 'URI'; readonly value: string }[];
}
