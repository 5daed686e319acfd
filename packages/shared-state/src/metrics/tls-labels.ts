// The labels of a request over TLS in one word: version and cipher suite. Positions are part of the layout of rows: only ever added.

/** Index 0 stands for every other one. */
const VERSIONS: readonly (readonly [number, string])[] = [
  [0, 'unknown'],
  [0x0301, '1.0'],
  [0x0302, '1.1'],
  [0x0303, '1.2'],
  [0x0304, '1.3'],
];

/** By number and name of the IANA registry "TLS Cipher Suites". */
const SUITES: readonly (readonly [number, string])[] = [
  [0, 'unknown'],
  [0x1301, 'TLS_AES_128_GCM_SHA256'],
  [0x1302, 'TLS_AES_256_GCM_SHA384'],
  [0x1303, 'TLS_CHACHA20_POLY1305_SHA256'],
  [0xc02b, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
  [0xc02f, 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
  [0xc02c, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
  [0xc030, 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'],
  [0xcca9, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256'],
  [0xcca8, 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'],
  [0xc009, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA'],
  [0xc013, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA'],
  [0xc00a, 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA'],
  [0xc014, 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA'],
  [0xc023, 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256'],
  [0xc027, 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256'],
  [0x009c, 'TLS_RSA_WITH_AES_128_GCM_SHA256'],
  [0x009d, 'TLS_RSA_WITH_AES_256_GCM_SHA384'],
  [0x002f, 'TLS_RSA_WITH_AES_128_CBC_SHA'],
  [0x0035, 'TLS_RSA_WITH_AES_256_CBC_SHA'],
  [0x003c, 'TLS_RSA_WITH_AES_128_CBC_SHA256'],
];

const SUITE_BITS = 8;

export interface TlsLabels {
  readonly tls_version: string;
  readonly tls_cipher: string;
}

/** @param version, suite numbers as on the wire. */
export function tlsLabels(version: number, suite: number): number {
  return (positionOf(VERSIONS, version) << SUITE_BITS) | positionOf(SUITES, suite);
}

/** The labels as text, as they are shown. */
export function readTlsLabels(labels: number): TlsLabels {
  return {
    tls_version: (VERSIONS[labels >>> SUITE_BITS] ?? VERSIONS[0])[1],
    tls_cipher: (SUITES[labels & ((1 << SUITE_BITS) - 1)] ?? SUITES[0])[1],
  };
}

function positionOf(table: readonly (readonly [number, string])[], wanted: number): number {
  return Math.max(
    0,
    table.findIndex(([number]) => number === wanted),
  );
}
