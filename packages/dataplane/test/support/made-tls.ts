// TLS material for tests: certificates made while they run, sets of options, tables by names. What the supervisor makes of a
// configuration, made by hand.

import { randomBytes } from 'node:crypto';
import { TICKET_KEY_BYTES } from '@sluice/native';
import { KeyKind } from '@sluice/protocols';
import {
  ClientAuth,
  NO_CERTIFICATE,
  type OptionSet,
  suiteKeyKinds,
  type TlsMaterial,
  type TlsTables,
} from '@sluice/routing';
import { type Issued, issue, type Wish } from '../../../../test/support/issued-certificates.ts';

export const authority: Issued = issue({ authority: true, commonName: 'authority' });

const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
];

/** The defaults of a configuration, but for the ALPN of HTTP/2. */
export function optionSet(name: string, changes: Partial<OptionSet> = {}): OptionSet {
  const ciphers = changes.ciphers ?? CIPHERS;
  return {
    name,
    minVersion: 0x0303,
    maxVersion: 0x0304,
    ciphers,
    cipherKeyKinds: ciphers.reduce((kinds, cipher) => kinds | suiteKeyKinds(cipher), 0),
    groups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'],
    clientAuth: ClientAuth.NONE,
    clientAuthorities: '',
    sniStrict: false,
    alpnProtocols: ['h2', 'http/1.1', 'acme-tls/1'],
    anyProtocolInTcp: changes.alpnProtocols === undefined,
    sessionTickets: true,
    ...changes,
  };
}

export interface MadeCertificate {
  readonly id: string;
  readonly issued: Issued;
  readonly kind: number;
  readonly names: readonly string[];
}

let count = 0;

/** For servers, of the authority; each time another one. */
export function certificate(names: readonly string[], type: Wish['type'] = 'ec'): MadeCertificate {
  const issued = issue({ names, usage: 'server', issuer: authority, type, commonName: names[0] ?? 'none' });
  return { id: `made-${++count}`, issued, kind: type === 'rsa' ? KeyKind.RSA : KeyKind.P256, names };
}

export interface MadeMaterial {
  readonly certificates?: readonly MadeCertificate[];
  /** Default: the first certificate. */
  readonly fallback?: MadeCertificate | null;
  readonly optionSets?: readonly OptionSet[];
  readonly staples?: TlsMaterial['staples'];
  readonly ticketKeys?: readonly Buffer[];
}

/** Where every test's client goes. */
export const NAME = 'secure.test';
export const ticketKey = (): Buffer => randomBytes(TICKET_KEY_BYTES);

const usual = certificate([NAME, '*.wild.test', '127.0.0.1']);
let number = 0;

/** Default: one certificate for NAME, `*.wild.test` and the loopback address, and the options `default`. */
export function material(made: MadeMaterial = {}): TlsMaterial {
  const { certificates = [usual], fallback = certificates[0] ?? null, optionSets = [optionSet('default')] } = made;
  return {
    number: ++number,
    tables: {
      certificates: certificates.map(({ id, kind }) => ({ id, keyKind: kind })),
      ...namesOf(certificates),
      defaultCertificate: fallback === null ? NO_CERTIFICATE : certificates.indexOf(fallback),
      optionSets,
    },
    keyPairs: Object.fromEntries(certificates.map(({ id, issued: { chain, key } }) => [id, { chain, key }])),
    staples: made.staples ?? {},
    ticketKeys: (made.ticketKeys ?? [ticketKey()]).map((key) => key.toString('base64')),
    transports: {},
    systemAuthorities: '',
  };
}

function namesOf(certificates: readonly MadeCertificate[]): Pick<TlsTables, 'exact' | 'wildcard'> {
  const tables = { exact: {}, wildcard: {} } as Record<'exact' | 'wildcard', Record<string, number[]>>;
  certificates.forEach(({ names }, index) => {
    for (const name of names) {
      const table = tables[name.startsWith('*') ? 'wildcard' : 'exact'];
      table[name] = [...(table[name] ?? []), index];
    }
  });
  return tables;
}
