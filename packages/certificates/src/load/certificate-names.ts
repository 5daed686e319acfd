// The names of a certificate: its common name, DNS names and IP addresses, in the form that server names are compared with.
// Reads Node's text of the alternative names, which quotes whatever could be mistaken for several.

import type { X509Certificate } from 'node:crypto';
import ipaddr from 'ipaddr.js';

/** A certificate with more is refused by most clients; it bounds the tables. */
const NAMES_MAX = 10_000;

/** Lower case, without dots at the end, each once; the common name first, although it need not be a host name. */
export function certificateNames(certificate: X509Certificate): string[] {
  const names = new Set<string>();
  for (const name of commonNames(certificate)) names.add(normalName(name));
  for (const { kind, value } of alternativeNames(certificate.subjectAltName ?? '')) {
    if (kind === 'DNS') names.add(normalName(value));
    else if (kind === 'IP Address') names.add(canonicalAddress(value) ?? value.toLowerCase());
    if (names.size >= NAMES_MAX) break;
  }
  names.delete('');
  return [...names];
}

/** Of the alternative names only, as they are written. */
export function dnsNames(certificate: X509Certificate): string[] {
  const names = alternativeNames(certificate.subjectAltName ?? '').filter(({ kind }) => kind === 'DNS');
  return names.slice(0, NAMES_MAX).map(({ value }) => value);
}

/** Addresses of one value have one text: IPv6 compressed and in lower case, IPv4 in IPv6 as IPv4. */
export function canonicalAddress(text: string): string | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text;
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

function normalName(name: string): string {
  return canonicalAddress(name) ?? name.trim().toLowerCase().replace(/\.+$/, '');
}

/** The text of the subject has one attribute on each line; several common names are possible. */
function commonNames(certificate: X509Certificate): string[] {
  return certificate.subject
    .split('\n')
    .filter((line) => line.startsWith('CN='))
    .map((line) => line.slice(3).replace(/\\(.)/g, '$1'));
}

/** `DNS:a.example, IP Address:192.0.2.1, DNS:"with, comma"`. */
function alternativeNames(text: string): { kind: string; value: string }[] {
  const found: { kind: string; value: string }[] = [];
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(
    /([A-Za-z ]+?):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/g,
  )) {
    found.push({ kind: kind.trim(), value: quoted === undefined ? plain : unquoted(quoted) });
  }
  return found;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return '';
  }
}
