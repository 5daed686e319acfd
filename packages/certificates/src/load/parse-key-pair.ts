// Certificate chain and private key, both PEM, checked against each other and described. Nothing of the key gets into a
// message. Judges neither validity in time nor who signed it: certificates that have expired are served like any others.

import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { KeyKind } from '@sluice/protocols';
import { CertificateError } from './certificate-error.ts';
import { certificateNames, dnsNames } from './certificate-names.ts';
import { SecretText } from './secret-text.ts';

export interface KeyPair {
  /** Of the whole chain; 32 hexadecimal digits. */
  readonly id: string;
  /** PEM, leaf first, nothing else. */
  readonly chainPem: string;
  readonly keyPem: SecretText;
  /** One bit of `KeyKind`. */
  readonly keyKind: number;
  /** Lower case; see `certificateNames`. */
  readonly names: readonly string[];
  /** The reference's index: names sorted and joined; certificates with the same key are for the same names. */
  readonly nameKey: string;
  readonly commonName: string;
  /** Of the alternative names, as they are written there. */
  readonly dnsNames: readonly string[];
  /** Decimal. */
  readonly serialNumber: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Responders for stapling, of the leaf. */
  readonly ocspUrls: readonly string[];
}

/** No chain has more; bounds what a handshake sends. */
const CHAIN_MAX = 20;

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[A-Za-z0-9+/=\s]+-----END \1-----/g;

/** The certificates of a text, in their order. @throws CertificateError */
export function parseCertificates(pem: string, max: number): X509Certificate[] {
  const blocks = blocksOf(pem).filter(({ label }) => label === 'CERTIFICATE' || label === 'X509 CERTIFICATE');
  if (blocks.length === 0) throw new CertificateError('holds no certificate in PEM');
  if (blocks.length > max)
    throw new CertificateError(`holds ${blocks.length} certificates; at most ${max} are accepted`);
  return blocks.map(({ text }, index) => {
    try {
      return new X509Certificate(text);
    } catch {
      throw new CertificateError(`holds a certificate (number ${index + 1}) that cannot be read`);
    }
  });
}

/** @throws CertificateError whose sentence has `certificate` or `key` as its subject */
export function parseKeyPair(certificatePem: string, keyPem: string): KeyPair {
  const chain = withSubject('the certificate', () => parseCertificates(certificatePem, CHAIN_MAX));
  const key = withSubject('the key', () => parseKey(keyPem));
  const leaf = chain[0]!;
  if (!leaf.checkPrivateKey(key)) {
    const other = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
    throw new CertificateError(
      other === -1
        ? 'the key does not belong to the certificate'
        : `the key belongs to certificate number ${other + 1} of the chain; that one must come first`,
    );
  }
  const names = certificateNames(leaf);
  return {
    id: chainId(chain),
    chainPem: chain.map((certificate) => certificate.toString()).join(''),
    keyPem: new SecretText(String(key.export({ type: 'pkcs8', format: 'pem' }))),
    keyKind: keyKindOf(key),
    names,
    nameKey: names.toSorted().join(','),
    commonName: /^CN=(.*)$/m.exec(leaf.subject)?.[1] ?? '',
    dnsNames: dnsNames(leaf),
    serialNumber: BigInt(`0x${leaf.serialNumber}`).toString(),
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
    ocspUrls: ocspUrls(leaf),
  };
}

function parseKey(pem: string): KeyObject {
  const block = blocksOf(pem).find(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) {
    const isEncrypted = pem.includes('Proc-Type: 4,ENCRYPTED');
    throw new CertificateError(isEncrypted ? ENCRYPTED : 'is no private key in PEM');
  }
  if (block.label === 'ENCRYPTED PRIVATE KEY') throw new CertificateError(ENCRYPTED);
  try {
    return createPrivateKey(block.text);
  } catch {
    // The library's own words are left out: they can quote what they could not read.
    throw new CertificateError('cannot be read as a private key');
  }
}

const ENCRYPTED = 'is encrypted; keys must be stored without a passphrase';

function keyKindOf(key: KeyObject): number {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    if (bits < 1_024) throw new CertificateError(`the key has ${bits} bits; RSA keys need at least 1024`);
    return KeyKind.RSA;
  }
  if (type === 'ed25519') return KeyKind.ED25519;
  const curve = type === 'ec' ? details?.namedCurve : undefined;
  if (curve === 'prime256v1') return KeyKind.P256;
  if (curve === 'secp384r1') return KeyKind.P384;
  if (curve === 'secp521r1') return KeyKind.P521;
  const kind = curve === undefined ? `of the kind ${type}` : `on the curve ${curve}`;
  throw new CertificateError(`the key is ${kind}; accepted: RSA, ECDSA on P-256, P-384 or P-521, Ed25519`);
}

function chainId(chain: readonly X509Certificate[]): string {
  const hash = createHash('sha256');
  for (const certificate of chain) hash.update(certificate.raw);
  return hash.digest('hex').slice(0, 32);
}

function ocspUrls(leaf: X509Certificate): string[] {
  const lines = (leaf.infoAccess ?? '').split('\n');
  return lines.filter((line) => line.startsWith('OCSP - URI:')).map((line) => line.slice(11).replace(/^"|"$/g, ''));
}

function blocksOf(pem: string): { label: string; text: string }[] {
  return [...pem.matchAll(BLOCK)].map(([text, label = '']) => ({ label, text }));
}

function withSubject<Value>(subject: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw error instanceof CertificateError ? new CertificateError(`${subject} ${error.message}`) : error;
  }
}
