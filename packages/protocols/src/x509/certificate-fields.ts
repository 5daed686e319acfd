// The fields of a certificate (RFC 5280 §4.1) that Node's own class gives only as text, which cannot be taken apart safely:
// names attribute by attribute, serial number, times, extensions as bytes. Verifies nothing. Off the path of most requests.

import { DerReader, DerTag } from './der-reader.ts';
import { derInteger, derText, readDerTime } from './der-values.ts';

/** Types of attributes and extensions as they are told apart here: the bytes of their object identifier, hexadecimal. */
export const ObjectId = {
  COMMON_NAME: '550403',
  SERIAL_NUMBER: '550405',
  COUNTRY: '550406',
  LOCALITY: '550407',
  PROVINCE: '550408',
  ORGANIZATION: '55040a',
  ORGANIZATIONAL_UNIT: '55040b',
  /** 0.9.2342.19200300.100.1.25, RFC 2247. */
  DOMAIN_COMPONENT: '0992268993f22c640119',
  ALTERNATIVE_NAMES: '551d11',
  EXTENDED_KEY_USAGE: '551d25',
} as const;

export interface NameAttribute {
  /** See `ObjectId`. */
  readonly type: string;
  readonly value: string;
}

export interface CertificateFields {
  readonly serialNumber: bigint;
  readonly issuer: readonly NameAttribute[];
  readonly subject: readonly NameAttribute[];
  /** The names as they are encoded. */
  readonly issuerDer: Buffer;
  readonly subjectDer: Buffer;
  /** Milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The key's bits, without its algorithm. */
  readonly publicKey: Buffer;
  /** Values by type. */
  readonly extensions: ReadonlyMap<string, Buffer>;
}

const VERSION = 0xa0;
const ISSUER_UNIQUE_ID = 0x81;
const SUBJECT_UNIQUE_ID = 0x82;
const EXTENSIONS = 0xa3;

/** Buffers in the result are views of `der`. @throws DerError */
export function parseCertificateFields(der: Buffer): CertificateFields {
  const fields = new DerReader(der).enter(DerTag.SEQUENCE).enter(DerTag.SEQUENCE);
  fields.skip(VERSION);
  const serialNumber = derInteger(fields.read(DerTag.INTEGER));
  fields.read(DerTag.SEQUENCE);
  const issuerDer = fields.readWhole();
  const validity = fields.enter(DerTag.SEQUENCE);
  const notBeforeMs = readDerTime(validity);
  const notAfterMs = readDerTime(validity);
  const subjectDer = fields.readWhole();
  const keyInformation = fields.enter(DerTag.SEQUENCE);
  keyInformation.read(DerTag.SEQUENCE);
  const publicKey = keyInformation.read(DerTag.BIT_STRING).subarray(1);
  fields.skip(ISSUER_UNIQUE_ID);
  fields.skip(SUBJECT_UNIQUE_ID);
  return {
    serialNumber,
    issuer: nameAttributes(issuerDer),
    subject: nameAttributes(subjectDer),
    issuerDer,
    subjectDer,
    notBeforeMs,
    notAfterMs,
    publicKey,
    extensions: fields.tag === EXTENSIONS ? readExtensions(fields.enter(EXTENSIONS)) : new Map(),
  };
}

/** In the order they are encoded in. Values that are no text are left out. */
function nameAttributes(nameDer: Buffer): NameAttribute[] {
  const attributes: NameAttribute[] = [];
  const name = new DerReader(nameDer).enter(DerTag.SEQUENCE);
  while (!name.isAtEnd) {
    const set = name.enter(DerTag.SET);
    while (!set.isAtEnd) {
      const pair = set.enter(DerTag.SEQUENCE);
      const type = pair.read(DerTag.OBJECT_IDENTIFIER).toString('hex');
      const { tag } = pair;
      const value = derText(tag, pair.read(tag));
      if (value !== undefined) attributes.push({ type, value });
    }
  }
  return attributes;
}

function readExtensions(outer: DerReader): Map<string, Buffer> {
  const extensions = new Map<string, Buffer>();
  const list = outer.enter(DerTag.SEQUENCE);
  while (!list.isAtEnd) {
    const extension = list.enter(DerTag.SEQUENCE);
    const type = extension.read(DerTag.OBJECT_IDENTIFIER).toString('hex');
    extension.skip(DerTag.BOOLEAN);
    extensions.set(type, extension.read(DerTag.OCTET_STRING));
  }
  return extensions;
}
