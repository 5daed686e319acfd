// What X-Forwarded-Tls-Client-Cert-Info says of a chain of certificates: the form that servers take apart, so every separator
// counts. Pure. A certificate that cannot be read leaves its place empty.

import {
  type CertificateFields,
  DerError,
  type NameAttribute,
  ObjectId,
  parseAlternativeNames,
  parseCertificateFields,
} from '@sluice/protocols';
import ipaddr from 'ipaddr.js';
import type { CertificateInfoOptions, NameOptions } from './pass-tls-client-cert-options.ts';

const CERTIFICATE_SEPARATOR = ',';
const FIELD_SEPARATOR = ';';
const PART_SEPARATOR = ',';

interface NamePart {
  readonly option: keyof NameOptions;
  readonly key: string;
  readonly type: string;
  /** Only the last attribute of this type counts. */
  readonly isSingle: boolean;
}

/** In the order they are told. */
const NAME_PARTS: readonly NamePart[] = [
  { option: 'domainComponent', key: 'DC', type: ObjectId.DOMAIN_COMPONENT, isSingle: false },
  { option: 'country', key: 'C', type: ObjectId.COUNTRY, isSingle: false },
  { option: 'province', key: 'ST', type: ObjectId.PROVINCE, isSingle: false },
  { option: 'locality', key: 'L', type: ObjectId.LOCALITY, isSingle: false },
  { option: 'organization', key: 'O', type: ObjectId.ORGANIZATION, isSingle: false },
  { option: 'organizationalUnit', key: 'OU', type: ObjectId.ORGANIZATIONAL_UNIT, isSingle: false },
  { option: 'serialNumber', key: 'SN', type: ObjectId.SERIAL_NUMBER, isSingle: true },
  { option: 'commonName', key: 'CN', type: ObjectId.COMMON_NAME, isSingle: true },
];

/** The value of the field, query-escaped: plain ASCII. */
export function certificateInfo(certificates: readonly Buffer[], options: CertificateInfoOptions): string {
  const texts = certificates.map((der) => describe(der, options));
  return queryEscape(texts.join(CERTIFICATE_SEPARATOR));
}

function describe(der: Buffer, options: CertificateInfoOptions): string {
  try {
    const fields = parseCertificateFields(der);
    return infoFields(fields, options).join(FIELD_SEPARATOR);
  } catch (error) {
    if (error instanceof DerError) return '';
    throw error;
  }
}

function infoFields(fields: CertificateFields, options: CertificateInfoOptions): string[] {
  const told: string[] = [];
  const tell = (key: string, value: string): void => {
    if (value !== '') told.push(`${key}="${withoutQuotes(value)}"`);
  };
  tell('Subject', nameText(fields.subject, options.subject));
  tell('Issuer', nameText(fields.issuer, options.issuer));
  if (options.serialNumber) tell('SerialNumber', String(fields.serialNumber));
  if (options.notBefore) tell('NB', String(fields.notBeforeMs / 1_000));
  if (options.notAfter) tell('NA', String(fields.notAfterMs / 1_000));
  if (options.sans) tell('SAN', alternativeNames(fields).join(PART_SEPARATOR));
  return told;
}

function nameText(attributes: readonly NameAttribute[], options: NameOptions | undefined): string {
  if (options === undefined) return '';
  const parts: string[] = [];
  for (const { option, key, type, isSingle } of NAME_PARTS) {
    if (options[option] !== true) continue;
    const values = attributes.filter((each) => each.type === type).map(({ value }) => value);
    const told = isSingle ? values.slice(-1) : values;
    for (const value of told) if (value !== '') parts.push(`${key}=${value}`);
  }
  return parts.join(PART_SEPARATOR);
}

function alternativeNames({ extensions }: CertificateFields): string[] {
  const extension = extensions.get(ObjectId.ALTERNATIVE_NAMES);
  if (extension === undefined) return [];
  const { dnsNames, emails, addresses, uris } = parseAlternativeNames(extension);
  return [...dnsNames, ...emails, ...addresses.map(addressText), ...uris];
}

function addressText(bytes: Buffer): string {
  const address = ipaddr.fromByteArray([...bytes]);
  if (address instanceof ipaddr.IPv4) return address.toString();
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/** A quote inside a value would end it early, and what follows could pose as fields that nobody has certified. */
function withoutQuotes(value: string): string {
  return value.replaceAll('"', '%22');
}

/** As Go's `url.QueryEscape`: a space becomes a plus, only letters, digits and `-_.~` stay. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
