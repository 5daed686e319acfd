// What is asked of an OCSP responder about one certificate, worked out once: the request (RFC 6960 §4.1) and what the answer has
// to be about. SHA-1 only names certificates here, and is what every responder knows (RFC 5019 §2.1.1); nothing trusts it.

import { createHash, type X509Certificate } from 'node:crypto';
import { type CertificateFields, DerError, parseCertificateFields } from '@sluice/protocols';
import { encode, integer, objectIdentifier, sequence, Tag } from '../default-certificate/der-writer.ts';
import { CertificateError } from '../load/certificate-error.ts';
import { parseCertificates } from '../load/parse-key-pair.ts';

export interface OcspTarget {
  readonly leaf: CertificateFields;
  readonly issuer: X509Certificate;
  readonly issuerFields: CertificateFields;
  readonly issuerNameHash: Buffer;
  readonly issuerKeyHash: Buffer;
  /** DER. */
  readonly request: Buffer;
}

const SHA1 = '1.3.14.3.2.26';
const CHAIN_MAX = 20;

/**
 * @param chainPem leaf first; its issuer is the next one, or the leaf itself when there is no other.
 * @throws CertificateError
 */
export function ocspTarget(chainPem: string): OcspTarget {
  const [leaf, second] = parseCertificates(chainPem, CHAIN_MAX);
  const issuer = second ?? leaf!;
  if (!isIssuedBy(leaf!, issuer)) {
    throw new CertificateError(
      second === undefined ? 'comes without that of its issuer' : 'is not signed by the next one in its chain',
    );
  }
  const leafFields = fieldsOf(leaf!);
  const issuerFields = fieldsOf(issuer);
  const issuerNameHash = sha1(issuerFields.subjectDer);
  const issuerKeyHash = sha1(issuerFields.publicKey);
  const { serialNumber } = leafFields;
  if (serialNumber < 0n) throw new CertificateError('has a negative serial number');
  const digits = serialNumber.toString(16);
  const serial = Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex');
  const certificateId = sequence(
    sequence(objectIdentifier(SHA1), encode(Tag.NULL)),
    encode(Tag.OCTET_STRING, issuerNameHash),
    encode(Tag.OCTET_STRING, issuerKeyHash),
    integer(serial),
  );
  const request = sequence(sequence(sequence(sequence(certificateId))));
  return { leaf: leafFields, issuer, issuerFields, issuerNameHash, issuerKeyHash, request };
}

export function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest();
}

/** By name and by signature. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function fieldsOf(certificate: X509Certificate): CertificateFields {
  try {
    return parseCertificateFields(certificate.raw);
  } catch (error) {
    throw error instanceof DerError ? new CertificateError(`cannot be taken apart: ${error.message}`) : error;
  }
}
