// How health checks speak TLS with servers: as requests do, by the settings of the service's servers transport (http-services.md
// section 8), in the words of Node. Reads no files.

import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { TransportTls } from '@sluice/routing';

/** What the supervisor knows of a servers transport. */
export interface CheckTls {
  /** Undefined: it cannot be used, and neither can its servers over TLS. */
  readonly transport: TransportTls | undefined;
  /** PEM; for a transport without authorities of its own. */
  readonly systemAuthorities: string;
  /** Servers are spoken to in HTTP/1 only. */
  readonly disableHttp2: boolean;
}

/** Options of `tls.connect`. */
export type SecureConnection = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'servername'
  | 'rejectUnauthorized'
  | 'minVersion'
  | 'maxVersion'
  | 'ciphers'
  | 'checkServerIdentity'
>;

const VERSIONS: Readonly<Record<number, 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'>> = {
  769: 'TLSv1',
  770: 'TLSv1.1',
  771: 'TLSv1.2',
  772: 'TLSv1.3',
};
const TLS12 = 0x0303;
/** Node has one list for all versions; those of TLS 1.3 are always offered. */
const SUITES13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
/** OpenSSL has none for TLS 1.0 and 1.1 above this level. */
const OLD_VERSIONS = '@SECLEVEL=0';

export function secureConnectionOf(transport: TransportTls, systemAuthorities: string): SecureConnection {
  const { serverName, insecureSkipVerify, peerNames, certificates, minVersion, maxVersion } = transport;
  const ciphers = ciphersOf(transport);
  return {
    ca: transport.authorities || systemAuthorities,
    ...(certificates.length === 0
      ? {}
      : { cert: certificates.map(({ chain }) => chain), key: certificates.map(({ key }) => key) }),
    ...(serverName === '' ? {} : { servername: serverName }),
    ...(ciphers === '' ? {} : { ciphers }),
    minVersion: VERSIONS[minVersion]!,
    maxVersion: VERSIONS[maxVersion]!,
    // Whose names are asked for must be vouched for as well.
    rejectUnauthorized: !insecureSkipVerify || peerNames.length > 0,
    checkServerIdentity: (host, certificate) => {
      const problem = insecureSkipVerify ? undefined : checkServerIdentity(host, certificate);
      return problem ?? missingPeerName(peerNames, certificate);
    },
  };
}

function ciphersOf({ ciphers, minVersion }: TransportTls): string {
  const list = ciphers.length === 0 ? [] : [SUITES13, ...ciphers];
  if (minVersion >= TLS12) return list.join(':');
  return [...(list.length === 0 ? ['DEFAULT'] : list), OLD_VERSIONS].join(':');
}

function missingPeerName(names: TransportTls['peerNames'], certificate: PeerCertificate): Error | undefined {
  if (names.length === 0 || names.some((name) => hasName(certificate, name))) return undefined;
  return new Error(`the certificate has none of the names ${names.map(({ value }) => value).join(', ')}`);
}

function hasName(certificate: PeerCertificate, { type, value }: TransportTls['peerNames'][number]): boolean {
  if (type === 'DNSName') return checkServerIdentity(value, certificate) === undefined;
  return urisOf(certificate.subjectaltname ?? '').some((uri) => uri.toLowerCase() === value.toLowerCase());
}

/** `DNS:a.example, URI:spiffe://a/b, DNS:"with, comma"`: what is in quotes is one value, whatever it looks like. */
function urisOf(text: string): string[] {
  const found: string[] = [];
  for (const [, kind, quoted, plain] of text.matchAll(/([A-Za-z ]+?):(?:("(?:[^"\\]|\\.)*")|([^,]*))(?:, |$)/gy)) {
    if (kind === 'URI') found.push(quoted === undefined ? plain! : unquoted(quoted));
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
