// A self-signed certificate (RFC 5280) as the reference describes its default one: for clients whose server name no certificate
// has. Node signs bytes but makes no certificates, so the structure is written here. Trusted by nobody, and not meant to be.

import { generateKeyPair, type KeyObject, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { SecretText } from '../load/secret-text.ts';
import {
  bitString,
  encode,
  explicit,
  integer,
  objectIdentifier,
  sequence,
  Tag,
  time,
  utf8String,
} from './der-writer.ts';

export const DEFAULT_CERTIFICATE_NAME = 'SLUICE DEFAULT CERT';

const RSA_BITS = 2_048;
const VALID_DAYS = 365;
const DAY_MS = 86_400_000;

const Oid = {
  COMMON_NAME: '2.5.4.3',
  SHA256_WITH_RSA: '1.2.840.113549.1.1.11',
  KEY_USAGE: '2.5.29.15',
  SUBJECT_ALTERNATIVE_NAME: '2.5.29.17',
  BASIC_CONSTRAINTS: '2.5.29.19',
  EXTENDED_KEY_USAGE: '2.5.29.37',
  SERVER_AUTHENTICATION: '1.3.6.1.5.5.7.3.1',
} as const;

/** Bits 0, 2, 3 and 4: digitalSignature, keyEncipherment, dataEncipherment, keyAgreement. */
const KEY_USAGE = bitString(Buffer.of(0b1011_1000), 3);
/** `[2]` IMPLICIT IA5String. */
const DNS_NAME = 0x82;

export interface SelfSignedCertificate {
  readonly certificatePem: string;
  readonly keyPem: SecretText;
}

/** Takes some hundred milliseconds of another thread. */
export async function createSelfSignedCertificate(nowMs: number): Promise<SelfSignedCertificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: RSA_BITS });
  const algorithm = sequence(objectIdentifier(Oid.SHA256_WITH_RSA), encode(Tag.NULL));
  const certified = toBeSigned(publicKey, algorithm, nowMs);
  const signature = sign('sha256', certified, privateKey);
  const certificate = sequence(certified, algorithm, bitString(signature));
  return {
    certificatePem: pemOf(certificate),
    keyPem: new SecretText(String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
  };
}

function toBeSigned(publicKey: KeyObject, algorithm: Uint8Array, nowMs: number): Buffer {
  const name = sequence(
    encode(Tag.SET, sequence(objectIdentifier(Oid.COMMON_NAME), utf8String(DEFAULT_CERTIFICATE_NAME))),
  );
  const random = randomBytes(32).toString('hex');
  const host = `${random.slice(0, 32)}.${random.slice(32)}.sluice.default`;
  return sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(serialNumber()),
    algorithm,
    name,
    sequence(time(new Date(nowMs)), time(new Date(nowMs + VALID_DAYS * DAY_MS))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(
      3,
      sequence(
        extension(Oid.KEY_USAGE, true, KEY_USAGE),
        extension(Oid.EXTENDED_KEY_USAGE, false, sequence(objectIdentifier(Oid.SERVER_AUTHENTICATION))),
        extension(Oid.BASIC_CONSTRAINTS, true, sequence()),
        extension(Oid.SUBJECT_ALTERNATIVE_NAME, false, sequence(encode(DNS_NAME, Buffer.from(host, 'latin1')))),
      ),
    ),
  );
}

/** Below 2^128 and not 0 (RFC 5280 §4.1.2.2). */
function serialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[15]! |= 1;
  return serial;
}

function extension(identifier: string, isCritical: boolean, value: Uint8Array): Buffer {
  const critical = isCritical ? [encode(Tag.BOOLEAN, Buffer.of(0xff))] : [];
  return sequence(objectIdentifier(identifier), ...critical, encode(Tag.OCTET_STRING, value));
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
