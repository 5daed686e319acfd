// Kinds of certificate keys, as bits: what a client can verify (from its ClientHello) and what a certificate has are compared
// by one AND. Numbers of suites, groups and signature schemes are those of the IANA registry "TLS Parameters".

/** One bit each. A certificate has exactly one, or none when its key is of a kind that nothing here knows. */
export const KeyKind = {
  RSA: 1,
  P256: 2,
  P384: 4,
  P521: 8,
  ED25519: 16,
} as const;

export const ECDSA_KINDS = KeyKind.P256 | KeyKind.P384 | KeyKind.P521;

/** Bits of `suiteFamilies`. */
export const SuiteFamily = { ECDSA: 1, RSA: 2, TLS13: 4 } as const;

const ECDSA_SUITES: ReadonlySet<number> = new Set([
  0xc007, 0xc008, 0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcca9,
]);
/** Authenticated by an RSA certificate: plain RSA, DHE_RSA, ECDHE_RSA. */
const RSA_SUITES: ReadonlySet<number> = new Set([
  0x0004, 0x0005, 0x000a, 0x002f, 0x0033, 0x0035, 0x0039, 0x003c, 0x003d, 0x0067, 0x006b, 0x009c, 0x009d, 0x009e,
  0x009f, 0xc011, 0xc012, 0xc013, 0xc014, 0xc027, 0xc028, 0xc02f, 0xc030, 0xcca8, 0xccaa,
]);

/** The families that a cipher suite belongs to; 0 for those that tell nothing (GREASE, signalling values). */
export function suiteFamily(suite: number): number {
  if (suite >= 0x1301 && suite <= 0x1305) return SuiteFamily.TLS13;
  if (ECDSA_SUITES.has(suite)) return SuiteFamily.ECDSA;
  return RSA_SUITES.has(suite) ? SuiteFamily.RSA : 0;
}

/** Key kinds that a group makes possible in TLS 1.2, where it restricts the curve of certificates (RFC 8422 §5.1). */
export function groupKind(group: number): number {
  if (group === 23) return KeyKind.P256;
  if (group === 24) return KeyKind.P384;
  return group === 25 ? KeyKind.P521 : 0;
}

/** Key kinds that a signature scheme stands for in TLS 1.3, where it names the curve too (RFC 8446 §4.2.3). */
export function schemeKind13(scheme: number): number {
  switch (scheme) {
    case 0x0403:
      return KeyKind.P256;
    case 0x0503:
      return KeyKind.P384;
    case 0x0603:
      return KeyKind.P521;
    case 0x0807:
      return KeyKind.ED25519;
    case 0x0804:
    case 0x0805:
    case 0x0806:
      return KeyKind.RSA;
    default:
      return 0;
  }
}

/** The same in TLS 1.2 and below: the low byte is the kind of key, any hash will do (RFC 5246 §7.4.1.4.1). */
export function schemeKind12(scheme: number): number {
  if (scheme === 0x0807) return KeyKind.ED25519;
  if (scheme >= 0x0804 && scheme <= 0x0806) return KeyKind.RSA;
  const hash = scheme >> 8;
  if (hash < 2 || hash > 6) return 0;
  if ((scheme & 0xff) === 3) return ECDSA_KINDS;
  return (scheme & 0xff) === 1 ? KeyKind.RSA : 0;
}
