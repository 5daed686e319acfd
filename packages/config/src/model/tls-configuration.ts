// The decoded TLS part of the configuration: certificates, stores, option sets, and what routers, entry points and servers
// transports say of TLS. Key names are those of the configuration reference. Files are named here, not read.

/** A path, or the text of the PEM itself: what exists as a path is read as a file. */
export type FileOrContent = string;

export interface KeyPairConfiguration {
  /** Certificate chain, leaf first. */
  readonly certFile: FileOrContent;
  readonly keyFile: FileOrContent;
}

export interface CertificateConfiguration extends KeyPairConfiguration {
  /** Only `default` is served. */
  readonly stores: readonly string[];
}

export interface TlsStoreConfiguration {
  readonly defaultCertificate?: KeyPairConfiguration;
}

export type TlsVersionName = 'VersionTLS10' | 'VersionTLS11' | 'VersionTLS12' | 'VersionTLS13';

export type ClientAuthType =
  | 'NoClientCert'
  | 'RequestClientCert'
  | 'RequireAnyClientCert'
  | 'VerifyClientCertIfGiven'
  | 'RequireAndVerifyClientCert';

export interface ClientAuthConfiguration {
  readonly caFiles: readonly FileOrContent[];
  readonly clientAuthType: ClientAuthType;
}

/** One set of TLS options, with defaults applied. */
export interface TlsOptionsConfiguration {
  readonly minVersion: TlsVersionName;
  readonly maxVersion: TlsVersionName;
  /** Names of the reference for TLS 1.2 and below, those that are never offered left out; empty: `DEFAULT_CIPHER_SUITES`. */
  readonly cipherSuites: readonly string[];
  /** In one spelling (`X25519`, `CurveP256`); empty: all that are known. */
  readonly curvePreferences: readonly string[];
  readonly clientAuth: ClientAuthConfiguration;
  readonly sniStrict: boolean;
  /** The server's order decides. */
  readonly alpnProtocols: readonly string[];
  readonly disableSessionTickets: boolean;
}

export interface TlsConfiguration {
  readonly certificates: readonly CertificateConfiguration[];
  readonly options: Readonly<Record<string, TlsOptionsConfiguration>>;
  readonly stores: Readonly<Record<string, TlsStoreConfiguration>>;
}

export interface TlsDomainConfiguration {
  readonly main: string;
  readonly sans: readonly string[];
}

/** `tls` of a router, and `http.tls` of an entry point. */
export interface RouterTlsConfiguration {
  /** Empty: `default`. */
  readonly options: string;
  /** Empty: none. */
  readonly certResolver: string;
  readonly domains: readonly TlsDomainConfiguration[];
}

export interface PeerCertificateName {
  readonly type: 'DNSName' | 'URI';
  readonly value: string;
}

/** TLS towards servers; what is absent has the default of the reference. */
export interface TransportTlsConfiguration {
  /** Absent: the host of the server's URL. */
  readonly serverName?: string;
  readonly insecureSkipVerify?: boolean;
  /** Absent or empty: those of the system. */
  readonly rootCAs?: readonly FileOrContent[];
  readonly certificates?: readonly KeyPairConfiguration[];
  readonly cipherSuites?: readonly string[];
  readonly minVersion?: TlsVersionName;
  readonly maxVersion?: TlsVersionName;
  readonly peerCertSANs?: readonly PeerCertificateName[];
  /** Deprecated in the reference: one more `URI` of `peerCertSANs`. */
  readonly peerCertURI?: string;
}

/** Stapling of OCSP responses. */
export interface OcspConfiguration {
  /** URLs of responders by the URL that stands in the certificate. */
  readonly responderOverrides: Readonly<Record<string, string>>;
}
