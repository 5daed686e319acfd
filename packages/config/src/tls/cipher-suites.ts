// Cipher suites of TLS 1.2 and below by the names of the reference, with the names OpenSSL has for them. Facts only.
// Suites of TLS 1.3 are accepted in lists and have no effect: all three are always offered.

interface CipherSuite {
  /** Undefined: accepted, as in the reference, but never offered: the cipher is broken and not part of the TLS library. */
  readonly openssl: string | undefined;
}

const suite = (openssl: string | undefined): CipherSuite => ({ openssl });

export const CIPHER_SUITES: ReadonlyMap<string, CipherSuite> = new Map(
  Object.entries({
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: suite('ECDHE-ECDSA-AES128-GCM-SHA256'),
    TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: suite('ECDHE-RSA-AES128-GCM-SHA256'),
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: suite('ECDHE-ECDSA-AES256-GCM-SHA384'),
    TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: suite('ECDHE-RSA-AES256-GCM-SHA384'),
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: suite('ECDHE-ECDSA-CHACHA20-POLY1305'),
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: suite('ECDHE-RSA-CHACHA20-POLY1305'),
    TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: suite('ECDHE-ECDSA-CHACHA20-POLY1305'),
    TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: suite('ECDHE-RSA-CHACHA20-POLY1305'),
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: suite('ECDHE-ECDSA-AES128-SHA'),
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: suite('ECDHE-RSA-AES128-SHA'),
    TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: suite('ECDHE-ECDSA-AES256-SHA'),
    TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: suite('ECDHE-RSA-AES256-SHA'),
    TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: suite('ECDHE-ECDSA-AES128-SHA256'),
    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: suite('ECDHE-RSA-AES128-SHA256'),
    TLS_RSA_WITH_AES_128_GCM_SHA256: suite('AES128-GCM-SHA256'),
    TLS_RSA_WITH_AES_256_GCM_SHA384: suite('AES256-GCM-SHA384'),
    TLS_RSA_WITH_AES_128_CBC_SHA: suite('AES128-SHA'),
    TLS_RSA_WITH_AES_256_CBC_SHA: suite('AES256-SHA'),
    TLS_RSA_WITH_AES_128_CBC_SHA256: suite('AES128-SHA256'),
    TLS_RSA_WITH_RC4_128_SHA: suite(undefined),
    TLS_RSA_WITH_3DES_EDE_CBC_SHA: suite(undefined),
    TLS_ECDHE_ECDSA_WITH_RC4_128_SHA: suite(undefined),
    TLS_ECDHE_RSA_WITH_RC4_128_SHA: suite(undefined),
    TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA: suite(undefined),
  }),
);

/** Named in lists without any effect: always on, or a signal of clients. */
export const SUITES_WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_FALLBACK_SCSV',
]);

/** Without `cipherSuites`, best first. */
export const DEFAULT_CIPHER_SUITES: readonly string[] = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
];

/** The OpenSSL name; undefined for suites without effect and those that are never offered. */
export function opensslSuite(name: string): string | undefined {
  return CIPHER_SUITES.get(name)?.openssl;
}
