// A set of TLS options in the words of the TLS library. What the library does not have is left out here, as it would ignore or
// refuse it; a set of which nothing is left cannot be used. Cold: once for each context.

import { getCiphers } from 'node:tls';
import { type ClientCertificates, createTlsServerContext, type TlsServerOptions, TlsVersion } from '@sluice/native';
import { ClientAuth, type OptionSet } from '@sluice/routing/tls';

const H2 = 'h2';
const HTTP1 = 'http/1.1';
/** Challenges of certificate authorities are not answered here: a client that offers only this must not get HTTP. */
export const ACME_TLS = 'acme-tls/1';
/** Below TLS 1.2 signatures are made with SHA-1, which OpenSSL does at this level only. */
const LEVEL_OF_OLD_VERSIONS = 0;
/** Of TLS 1.3, always all of them (tls-acme.md section 3); OpenSSL would begin with the one that costs more. */
const SUITES = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';

export interface ServerContextOptions extends TlsServerOptions {
  readonly protocols: readonly string[];
}

/** @param anyProtocol the client's own is agreed to, in place of the set's. @throws Error saying what of the options cannot be used. */
export function serverContextOptions(set: OptionSet, scope: string, anyProtocol: boolean): ServerContextOptions {
  const { minVersion, maxVersion, clientAuth, clientAuthorities } = set;
  const ciphers = usableCiphers(set.ciphers);
  if (ciphers.length === 0 && maxVersion < TlsVersion.TLS1_3) {
    throw new Error('none of the cipher suites is known to the TLS library');
  }
  return {
    // An empty list would mean the default ciphers: without any of its own, the set has TLS 1.3 only.
    minVersion: ciphers.length === 0 ? TlsVersion.TLS1_3 : minVersion,
    maxVersion,
    ciphers: ciphers.join(':'),
    suites: SUITES,
    groups: usableGroups(set.groups).join(':'),
    ...(minVersion < TlsVersion.TLS1_2 ? { securityLevel: LEVEL_OF_OLD_VERSIONS } : {}),
    clientCertificates: clientAuth as ClientCertificates,
    authorities: clientAuth === ClientAuth.NONE || clientAuthorities === '' ? [] : [clientAuthorities],
    protocols: anyProtocol ? [] : set.alpnProtocols.filter((name) => name !== ACME_TLS),
    anyProtocol,
    toleratedProtocols: set.alpnProtocols.includes(H2) && !set.alpnProtocols.includes(HTTP1) ? [HTTP1] : [],
    tickets: set.sessionTickets,
    sessionScope: scope,
  };
}

let known: ReadonlySet<string> | undefined;

/** OpenSSL ignores names that it does not know, and Node tells which it does. */
function usableCiphers(names: readonly string[]): readonly string[] {
  known ??= new Set(getCiphers());
  return names.filter((name) => known!.has(name.toLowerCase()));
}

const groups = new Map<string, boolean>();

/** OpenSSL refuses a whole list for one name that it does not know. @throws Error when nothing of a list is left. */
function usableGroups(names: readonly string[]): readonly string[] {
  const usable = names.filter(hasGroup);
  if (usable.length === 0 && names.length > 0) throw new Error('none of the curves is known to the TLS library');
  return usable;
}

function hasGroup(name: string): boolean {
  let has = groups.get(name);
  if (has === undefined) {
    has = canMake(name);
    groups.set(name, has);
  }
  return has;
}

function canMake(group: string): boolean {
  try {
    createTlsServerContext({ groups: group, tickets: false });
    return true;
  } catch {
    return false;
  }
}
