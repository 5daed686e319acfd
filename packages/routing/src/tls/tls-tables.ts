// What workers know of TLS: which certificate and which options a ClientHello gets. Plain data that can be serialised; made
// from the configuration by the package `certificates`. No key or certificate is in it, only positions in lists.

/** A position in `certificates`, or this. */
export const NO_CERTIFICATE = -1;

export interface TlsTables {
  readonly certificates: readonly CertificateRecord[];
  /** Certificates in order of preference by whole name: lower case, IP addresses in canonical form. */
  readonly exact: Readonly<Record<string, readonly number[]>>;
  /** The same by what a name is with its first label replaced: `*.example.com`. */
  readonly wildcard: Readonly<Record<string, readonly number[]>>;
  /** Shown when no name fits; `NO_CERTIFICATE`: none. */
  readonly defaultCertificate: number;
  /** Those that can be used; their names are what snapshots and connections refer to them by. */
  readonly optionSets: readonly OptionSet[];
}

export interface CertificateRecord {
  /** Names the chain and its key where they are kept. */
  readonly id: string;
  /** One bit of `KeyKind`. */
  readonly keyKind: number;
}

/** How much is asked of clients. */
export const ClientAuth = {
  NONE: 0,
  REQUEST: 1,
  REQUIRE_ANY: 2,
  VERIFY_IF_GIVEN: 3,
  REQUIRE_AND_VERIFY: 4,
} as const;

export interface OptionSet {
  /** Qualified; what connections and routers are compared by (421). */
  readonly name: string;
  /** As on the wire: 0x0301 to 0x0304. */
  readonly minVersion: number;
  readonly maxVersion: number;
  /** OpenSSL names for TLS 1.2 and below, best first. */
  readonly ciphers: readonly string[];
  /** Bits of `KeyKind` that those suites can use. */
  readonly cipherKeyKinds: number;
  /** OpenSSL names, best first; a TLS library leaves out those it does not have. */
  readonly groups: readonly string[];
  /** One of `ClientAuth`. */
  readonly clientAuth: number;
  /** PEM of the authorities of clients; empty: none. */
  readonly clientAuthorities: string;
  readonly sniStrict: boolean;
  /** Best first. */
  readonly alpnProtocols: readonly string[];
  /** The configuration leaves them as they are: TCP routers agree to any other one that a client offers instead. */
  readonly anyProtocolInTcp: boolean;
  readonly sessionTickets: boolean;
}
