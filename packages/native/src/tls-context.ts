// TLS contexts: certificates, versions, protocols, whom to trust, from PEM in memory. A context serves any number of connections of
// any transport of the same thread. Must not know configuration, stores or policy; reads no files. Cold: for each (re)load.

import { randomBytes } from 'node:crypto';
import { loadAddon } from './addon.ts';

/** Versions as on the wire. */
export const TlsVersion = { TLS1_0: 0x0301, TLS1_1: 0x0302, TLS1_2: 0x0303, TLS1_3: 0x0304 } as const;

/** What is asked of clients. `request` and `requireAny` accept any certificate, unverified. */
export const ClientCertificates = {
  NONE: 0,
  REQUEST: 1,
  REQUIRE_ANY: 2,
  VERIFY_IF_GIVEN: 3,
  REQUIRE_AND_VERIFY: 4,
} as const;
export type ClientCertificates = (typeof ClientCertificates)[keyof typeof ClientCertificates];

/** Name (16 bytes), AES-256 key (32), HMAC-SHA-256 key (32). */
export const TICKET_KEY_BYTES = 80;
export const TICKET_KEYS_MAX = 16;

export interface TlsCertificate {
  /** PEM, leaf first. */
  readonly chain: string | Buffer;
  /** PEM (PKCS#1, PKCS#8 or EC), not encrypted. Stays out of every message. */
  readonly key: string | Buffer;
}

export interface TlsCommonOptions {
  /** Of different key types (RSA, ECDSA) they stand side by side, and what the peer can verify is used; of the same the last one. */
  readonly certificates?: readonly TlsCertificate[];
  /** PEM, each with one or more certificates. For servers: of clients' certificates, and their names are sent. */
  readonly authorities?: readonly (string | Buffer)[];
  /** Default: TLS 1.2. */
  readonly minVersion?: number;
  /** Default: TLS 1.3. */
  readonly maxVersion?: number;
  /** Up to TLS 1.2, OpenSSL's names joined by `:`. Default: OpenSSL's. Unknown names are ignored if one is known. */
  readonly ciphers?: string;
  /** TLS 1.3, likewise. */
  readonly suites?: string;
  /** Key exchange, in order: `X25519:P-256`. Default: OpenSSL's. */
  readonly groups?: string;
  /** OpenSSL's security level, 0 … 5: 0 is needed for TLS 1.0 and 1.1. Default: OpenSSL's. */
  readonly securityLevel?: number;
  /** ALPN, in order of preference. Default: none, which ignores what a client offers. */
  readonly protocols?: readonly string[];
}

export interface TlsServerOptions extends TlsCommonOptions {
  /** A client that offers one of these and nothing of `protocols` is served without a protocol. Others are refused. */
  readonly toleratedProtocols?: readonly string[];
  /** A client that offers nothing of either gets what it offers first, TLS_READY says -1 of it. Default: false, it is refused. */
  readonly anyProtocol?: boolean;
  readonly clientCertificates?: ClientCertificates;
  /** Session tickets. Default: true. Without, every handshake is a full one. */
  readonly tickets?: boolean;
  /** See `setTicketKeys`. Default: one of random bytes, so that tickets are good for this context only. */
  readonly ticketKeys?: readonly Buffer[];
  /**
   * Contexts that share ticket keys honour each other's tickets only within one scope. What is asked of clients, and the
   * authorities, belong to the scope anyway. Default: ''.
   */
  readonly sessionScope?: string;
}

export interface TlsClientOptions extends TlsCommonOptions {
  /** Accepts any certificate of the server. Default: false. */
  readonly insecure?: boolean;
  /**
   * Accepts certificates for any name, as long as they can be verified: whoever asks for this has to look at their names. Default:
   * false.
   */
  readonly anyName?: boolean;
  /** Sessions kept for resumption, of all servers together, 0 … 65,536. Default: 256. */
  readonly sessionsMax?: number;
}

interface NativeTlsContext {
  setTicketKeys(keys: Buffer): void;
  setOcspResponse(certificate: number, response: Buffer): void;
  sessionCount(): number;
}

interface TlsAddon {
  readonly NativeTlsContext: new (options: Record<string, unknown>) => NativeTlsContext;
}

/**
 * For servers or for clients; see the two functions below. Lives as long as somebody refers to it or a connection uses it: a context
 * that is replaced goes with its last connection.
 */
export class TlsContext {
  /** For `StreamTransport` only. */
  readonly native: NativeTlsContext;
  readonly server: boolean;

  /** Use `createTlsServerContext` or `createTlsClientContext`. */
  constructor(native: NativeTlsContext, server: boolean) {
    this.native = native;
    this.server = server;
  }

  /**
   * Replaces the keys of session tickets, TICKET_KEY_BYTES each: the first encrypts, all decrypt; tickets under any but the first are
   * renewed. Takes effect at once. @throws Error with `code` EINVAL for a wrong number or length.
   */
  setTicketKeys(keys: readonly Buffer[]): void {
    const joined = Buffer.concat(keys.map(checkedKey));
    try {
      this.native.setTicketKeys(joined);
    } finally {
      joined.fill(0);
    }
  }

  /**
   * The OCSP response (DER, at most 65,535 bytes) that is sent with the certificate at that position in the options to clients that ask;
   * empty: none any more. Takes effect at once. @throws Error with `code` EINVAL.
   */
  setOcspResponse(certificate: number, response: Buffer): void {
    this.native.setOcspResponse(certificate, response);
  }

  /** Sessions of servers kept for resumption. */
  get sessionCount(): number {
    return this.native.sessionCount();
  }
}

/** @throws Error with `code` EINVAL and a sentence that says which part is wrong and why; never with any of a key. */
export function createTlsServerContext(options: TlsServerOptions): TlsContext {
  const tickets = options.tickets ?? true;
  const context = make({
    ...common(options),
    server: true,
    toleratedProtocols: (options.toleratedProtocols ?? []).map(bytes),
    anyProtocol: options.anyProtocol ?? false,
    clientCertificates: options.clientCertificates ?? ClientCertificates.NONE,
    insecure: false,
    anyName: false,
    tickets,
    sessionScope: bytes(options.sessionScope ?? ''),
    sessionsMax: 0,
  });
  if (tickets) context.setTicketKeys(options.ticketKeys ?? [randomBytes(TICKET_KEY_BYTES)]);
  return context;
}

/** @throws as `createTlsServerContext`. */
export function createTlsClientContext(options: TlsClientOptions): TlsContext {
  return make({
    ...common(options),
    server: false,
    toleratedProtocols: [],
    anyProtocol: false,
    clientCertificates: ClientCertificates.NONE,
    insecure: options.insecure ?? false,
    anyName: options.anyName ?? false,
    tickets: true,
    sessionScope: bytes(''),
    sessionsMax: options.sessionsMax ?? 256,
  });
}

function make(options: Record<string, unknown>): TlsContext {
  const { NativeTlsContext } = loadAddon<TlsAddon>();
  return new TlsContext(new NativeTlsContext(options), options.server === true);
}

function common(options: TlsCommonOptions): Record<string, unknown> {
  return {
    certificates: (options.certificates ?? []).map(({ chain, key }) => ({ chain: bytes(chain), key: bytes(key) })),
    authorities: (options.authorities ?? []).map(bytes),
    minVersion: options.minVersion ?? TlsVersion.TLS1_2,
    maxVersion: options.maxVersion ?? TlsVersion.TLS1_3,
    ciphers: bytes(options.ciphers ?? ''),
    suites: bytes(options.suites ?? ''),
    groups: bytes(options.groups ?? ''),
    securityLevel: options.securityLevel ?? -1,
    protocols: (options.protocols ?? []).map(bytes),
  };
}

function checkedKey(key: Buffer): Buffer {
  if (key.length === TICKET_KEY_BYTES) return key;
  const error: NodeJS.ErrnoException = new Error(`a ticket key has ${TICKET_KEY_BYTES} bytes, not ${key.length}`);
  error.code = 'EINVAL';
  throw error;
}

function bytes(text: string | Buffer): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : text;
}
