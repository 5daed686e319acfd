// The alternative names of a certificate (RFC 5280 §4.2.1.6), by kind. Other kinds of names are passed over.

import { DerReader, DerTag } from './der-reader.ts';

export interface AlternativeNames {
  readonly dnsNames: string[];
  readonly emails: string[];
  /** 4 or 16 bytes each; others are left out. */
  readonly addresses: Buffer[];
  readonly uris: string[];
}

const EMAIL = 0x81;
const DNS_NAME = 0x82;
const URI = 0x86;
const ADDRESS = 0x87;

/** @param extension the value of the extension. @throws DerError */
export function parseAlternativeNames(extension: Buffer): AlternativeNames {
  const names: AlternativeNames = { dnsNames: [], emails: [], addresses: [], uris: [] };
  const list = new DerReader(extension).enter(DerTag.SEQUENCE);
  while (!list.isAtEnd) {
    const { tag } = list;
    const content = list.read(tag);
    if (tag === DNS_NAME) names.dnsNames.push(content.toString('latin1'));
    else if (tag === EMAIL) names.emails.push(content.toString('latin1'));
    else if (tag === URI) names.uris.push(content.toString('latin1'));
    else if (tag === ADDRESS && (content.length === 4 || content.length === 16)) names.addresses.push(content);
  }
  return names;
}
