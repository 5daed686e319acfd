// Whether an OCSP response may be handed to clients: it is about this certificate, signed by who may speak of it, and current
// (RFC 6960 §3.2). A response that does not verify would make strict clients leave, so none is better. Own code over Node's
// crypto: the library for it wants the signer's certificate in every response, and does not look at what that one is for.

import { type KeyObject, verify, X509Certificate } from 'node:crypto';
import { DerError, DerReader, DerTag, ObjectId, parseCertificateFields } from '@sluice/protocols';
import { CertificateError } from '../load/certificate-error.ts';
import { type OcspResponse, parseOcspResponse, type SingleResponse } from './ocsp-response.ts';
import { isIssuedBy, type OcspTarget, sha1 } from './ocsp-target.ts';

export interface Staple {
  readonly der: Buffer;
  readonly isRevoked: boolean;
  /** Milliseconds since the epoch. */
  readonly thisUpdateMs: number;
  readonly nextUpdateMs: number | undefined;
}

interface SignatureKind {
  /** Null: the key's kind says it. */
  readonly hash: string | null;
  readonly keyType: string;
}

/** 1.3.14.3.2.26, see `ocspTarget`. */
const SHA1 = '2b0e03021a';
/** 1.3.6.1.5.5.7.3.9 */
const OCSP_SIGNING = '2b06010505070309';
const CLOCK_SKEW_MS = 5 * 60_000;

/** By object identifier. SHA-1 is missing on purpose. */
const SIGNATURES: ReadonlyMap<string, SignatureKind> = new Map([
  ['2a864886f70d01010b', { hash: 'sha256', keyType: 'rsa' }],
  ['2a864886f70d01010c', { hash: 'sha384', keyType: 'rsa' }],
  ['2a864886f70d01010d', { hash: 'sha512', keyType: 'rsa' }],
  ['2a8648ce3d040302', { hash: 'sha256', keyType: 'ec' }],
  ['2a8648ce3d040303', { hash: 'sha384', keyType: 'ec' }],
  ['2a8648ce3d040304', { hash: 'sha512', keyType: 'ec' }],
  ['2b6570', { hash: null, keyType: 'ed25519' }],
]);

/** @throws CertificateError with a sentence about the response */
export function verifyStaple(der: Buffer, target: OcspTarget, nowMs: number): Staple {
  try {
    const response = parseOcspResponse(der);
    const single = response.responses.find((each) => isAbout(each, target));
    if (single === undefined) throw new CertificateError('is not about this certificate');
    checkTimes(single, nowMs);
    checkSigner(response, target, nowMs);
    if (single.status === 'unknown') throw new CertificateError('says that the certificate is unknown');
    const { thisUpdateMs, nextUpdateMs } = single;
    return { der, isRevoked: single.status === 'revoked', thisUpdateMs, nextUpdateMs };
  } catch (error) {
    throw error instanceof DerError ? new CertificateError(`cannot be read: ${error.message}`) : error;
  }
}

function isAbout(single: SingleResponse, target: OcspTarget): boolean {
  return (
    single.hashAlgorithm === SHA1 &&
    single.serialNumber === target.leaf.serialNumber &&
    single.issuerNameHash.equals(target.issuerNameHash) &&
    single.issuerKeyHash.equals(target.issuerKeyHash)
  );
}

function checkTimes({ thisUpdateMs, nextUpdateMs }: SingleResponse, nowMs: number): void {
  if (thisUpdateMs > nowMs + CLOCK_SKEW_MS) throw new CertificateError('is from the future');
  if (nextUpdateMs !== undefined && (nextUpdateMs <= nowMs || nextUpdateMs < thisUpdateMs))
    throw new CertificateError('is out of date');
}

/** The issuer itself, or who has a certificate of the issuer for this very purpose (RFC 6960 §4.2.2.2). */
function checkSigner(response: OcspResponse, target: OcspTarget, nowMs: number): void {
  const { issuer, issuerFields } = target;
  if (isResponder(response, issuerFields.subjectDer, issuerFields.publicKey)) {
    if (isSignedBy(response, issuer.publicKey)) return;
  }
  for (const der of response.certificates) {
    const delegate = delegateKey(der, response, issuer, nowMs);
    if (delegate !== undefined && isSignedBy(response, delegate)) return;
  }
  throw new CertificateError('is not signed by the issuer, nor by somebody that the issuer has appointed');
}

function isResponder({ responderName, responderKeyHash }: OcspResponse, name: Buffer, publicKey: Buffer): boolean {
  return responderName === undefined ? sha1(publicKey).equals(responderKeyHash!) : responderName.equals(name);
}

function delegateKey(
  der: Buffer,
  response: OcspResponse,
  issuer: X509Certificate,
  nowMs: number,
): KeyObject | undefined {
  const fields = parseCertificateFields(der);
  if (!isResponder(response, fields.subjectDer, fields.publicKey)) return undefined;
  if (nowMs < fields.notBeforeMs - CLOCK_SKEW_MS || nowMs > fields.notAfterMs) return undefined;
  if (!hasPurpose(fields.extensions.get(ObjectId.EXTENDED_KEY_USAGE))) return undefined;
  const certificate = certificateOf(der);
  return certificate !== undefined && isIssuedBy(certificate, issuer) ? certificate.publicKey : undefined;
}

function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function hasPurpose(extension: Buffer | undefined): boolean {
  if (extension === undefined) return false;
  const purposes = new DerReader(extension).enter(DerTag.SEQUENCE);
  while (!purposes.isAtEnd) if (purposes.read(DerTag.OBJECT_IDENTIFIER).toString('hex') === OCSP_SIGNING) return true;
  return false;
}

function isSignedBy({ signedDer, signatureAlgorithm, signature }: OcspResponse, key: KeyObject): boolean {
  const kind = SIGNATURES.get(signatureAlgorithm);
  if (kind === undefined) throw new CertificateError('is signed in a way that is not supported');
  if (key.asymmetricKeyType !== kind.keyType) return false;
  try {
    return verify(kind.hash, signedDer, key, signature);
  } catch {
    return false;
  }
}
