// `tls.options.<name>` (tls-acme.md section 3): what is accepted. What is accepted and has no effect is reported by
// decode-tls-options.ts. Files of certificate authorities are read later, by whoever uses the options.

import { z } from 'zod';
import type { ClientAuthConfiguration, ClientAuthType, TlsOptionsConfiguration } from '../model/tls-configuration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { CURVE_NAMES, findCurve } from './curves.ts';
import {
  cipherSuitesSchema,
  fileOrContentListSchema,
  isVersionOrder,
  TLS_VERSIONS,
  versionSchema,
} from './tls-values.ts';

/** The challenge of ACME over TLS needs the last one. */
export const DEFAULT_ALPN_PROTOCOLS: readonly string[] = ['h2', 'http/1.1', 'acme-tls/1'];

const CLIENT_AUTH_TYPES = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const satisfies readonly ClientAuthType[];

const unlessEmpty = (value: unknown) => (value === '' ? undefined : value);

const clientAuth = z
  .object({
    caFiles: fileOrContentListSchema()
      .prefault([])
      .describe('Certificate authorities of clients: paths or PEM, each with one certificate or more.'),
    clientAuthType: z
      .preprocess(unlessEmpty, z.enum(CLIENT_AUTH_TYPES).optional())
      .describe('What is asked of clients. Default: RequireAndVerifyClientCert with caFiles, NoClientCert without.'),
  })
  .transform(({ caFiles, clientAuthType }, context): ClientAuthConfiguration => {
    const type = clientAuthType ?? (caFiles.length > 0 ? 'RequireAndVerifyClientCert' : 'NoClientCert');
    if (caFiles.length === 0 && (type === 'VerifyClientCertIfGiven' || type === 'RequireAndVerifyClientCert')) {
      context.addIssue({ code: 'custom', path: ['clientAuthType'], message: `is ${type}, which needs caFiles` });
    }
    return { caFiles, clientAuthType: type };
  })
  .prefault({})
  .describe('Certificates of clients.');

const curvePreferences = stringListSchema()
  .transform((names, context): string[] => {
    const found = names.map((name) => {
      const curve = findCurve(name);
      if (curve === undefined) {
        const message = `has no curve "${name.slice(0, 60)}"; known: ${CURVE_NAMES.join(', ')}`;
        context.addIssue({ code: 'custom', message });
      }
      return curve?.name ?? name;
    });
    return [...new Set(found)];
  })
  .prefault([])
  .describe('Groups for the key exchange, in any order; empty: all that are known.');

/** RFC 7301 §3.1: one byte of length for each, two for all. */
const ALPN_NAME_BYTES_MAX = 255;
const ALPN_NAMES_MAX = 100;

const alpnProtocols = stringListSchema()
  .superRefine((names, context) => {
    if (names.length > ALPN_NAMES_MAX) {
      context.addIssue({ code: 'custom', message: `must be at most ${ALPN_NAMES_MAX} protocols` });
    }
    for (const name of names) {
      if (/^[\u0021-\u007e]+$/.test(name) && name.length <= ALPN_NAME_BYTES_MAX) continue;
      context.addIssue({ code: 'custom', message: 'must be names of 1 to 255 visible ASCII characters' });
    }
  })
  .transform((names) => [...new Set(names)])
  .prefault([...DEFAULT_ALPN_PROTOCOLS])
  .describe('Application protocols, best first.');

export const tlsOptionsSchema = z
  .object({
    minVersion: z
      .preprocess(unlessEmpty, versionSchema().default('VersionTLS12'))
      .prefault('VersionTLS12')
      .describe(`Least version: ${TLS_VERSIONS.join(', ')}.`),
    maxVersion: z
      .preprocess(unlessEmpty, versionSchema().default('VersionTLS13'))
      .prefault('VersionTLS13')
      .describe('Highest version.'),
    cipherSuites: cipherSuitesSchema()
      .prefault([])
      .describe(
        'Cipher suites of TLS 1.2 and below, in any order; empty: the default ones. Those of 1.3 are always on.',
      ),
    curvePreferences,
    clientAuth,
    sniStrict: z
      .boolean()
      .default(false)
      .describe(
        'Refuse clients whose server name no certificate has, instead of showing them the default certificate.',
      ),
    alpnProtocols,
    disableSessionTickets: z.boolean().default(false).describe('No resumption of sessions.'),
    preferServerCipherSuites: z.boolean().optional().describe('Has no effect; accepted for compatibility.'),
  })
  .transform(({ preferServerCipherSuites: _, ...options }, context): TlsOptionsConfiguration => {
    if (!isVersionOrder(options.minVersion, options.maxVersion)) {
      const message = `is ${options.minVersion}, which is above maxVersion, ${options.maxVersion}`;
      context.addIssue({ code: 'custom', path: ['minVersion'], message });
    }
    return options;
  });

/** What routers have without options of their own, when nobody defines the set `default`. */
export const BUILT_IN_TLS_OPTIONS: TlsOptionsConfiguration = tlsOptionsSchema.parse({});
