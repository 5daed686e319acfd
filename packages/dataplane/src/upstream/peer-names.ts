// Has a server's certificate one of the names that its servers transport asks for? The certificate has been verified before;
// only its alternative names count (RFC 6125 §6.4.4: never the common name). Allocates: once for each connection.

import { X509Certificate } from 'node:crypto';
import type { TransportTls } from '@sluice/routing';

/** One entry of `X509Certificate.subjectAltName`: quoted as JSON where its value has characters with a meaning there. */
const ALTERNATIVE_NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

/** @param leaf DER; undefined: the server has shown none. */
export function hasPeerName(leaf: Buffer | undefined, names: TransportTls['peerNames']): boolean {
  if (leaf === undefined) return false;
  const certificate = new X509Certificate(leaf);
  const uris = alternativeUris(certificate.subjectAltName ?? '');
  return names.some(({ type, value }) =>
    type === 'URI'
      ? uris.includes(value.toLowerCase())
      : certificate.checkHost(value, { subject: 'never' }) !== undefined,
  );
}

/** In lower case. */
function alternativeUris(alternativeNames: string): readonly string[] {
  const uris: string[] = [];
  for (const [, type, text] of alternativeNames.matchAll(ALTERNATIVE_NAME)) {
    if (type !== 'URI') continue;
    const value = text.startsWith('"') ? (JSON.parse(text) as string) : text;
    uris.push(value.toLowerCase());
  }
  return uris;
}
