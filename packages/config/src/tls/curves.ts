// Groups for the key exchange by the names of the reference, each in two spellings, with the names OpenSSL has for them.

interface Curve {
  /** The spelling that the decoded configuration has. */
  readonly name: string;
  /** OpenSSL's name; whether a TLS library has it is found out by whoever uses it. */
  readonly openssl: string;
}

/** Best first. */
const CURVES: readonly (Curve & { readonly also: string })[] = [
  { name: 'X25519MLKEM768', also: 'x25519mlkem768', openssl: 'X25519MLKEM768' },
  { name: 'SecP256r1MLKEM768', also: 'secp256r1mlkem768', openssl: 'SecP256r1MLKEM768' },
  { name: 'SecP384r1MLKEM1024', also: 'secp384r1mlkem1024', openssl: 'SecP384r1MLKEM1024' },
  { name: 'X25519', also: 'x25519', openssl: 'X25519' },
  { name: 'CurveP256', also: 'secp256r1', openssl: 'P-256' },
  { name: 'CurveP384', also: 'secp384r1', openssl: 'P-384' },
  { name: 'CurveP521', also: 'secp521r1', openssl: 'P-521' },
];

const BY_SPELLING: ReadonlyMap<string, Curve> = new Map(
  CURVES.flatMap((curve) => [[curve.name, curve] as const, [curve.also, curve] as const]),
);

/** All accepted spellings, for messages. */
export const CURVE_NAMES: readonly string[] = CURVES.map(({ name }) => name);

export function findCurve(spelling: string): Curve | undefined {
  return BY_SPELLING.get(spelling);
}
