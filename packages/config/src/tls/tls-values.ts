// Values that several TLS schemas share: files or contents, versions, cipher suites. Each says what is accepted.

import { z } from 'zod';
import type { TlsVersionName } from '../model/tls-configuration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { stringListSchema } from '../schema/lists.ts';
import { typeNamed } from '../schema/section.ts';
import { CIPHER_SUITES, SUITES_WITHOUT_EFFECT } from './cipher-suites.ts';

export const TLS_VERSIONS = ['VersionTLS10', 'VersionTLS11', 'VersionTLS12', 'VersionTLS13'] as const;

/** PEM of a long chain has a few KiB; a whole bundle of authorities some hundred. */
const CONTENT_MAX_CHARACTERS = 4 * 1024 * 1024;

/** Never shown in messages: it may be a private key. */
export function fileOrContentSchema() {
  const schema = z
    .string()
    .max(CONTENT_MAX_CHARACTERS, { error: 'is longer than 4 MiB' })
    .superRefine((value, context) => {
      if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
      else if (value.includes('\0')) context.addIssue({ code: 'custom', message: 'must not contain NUL' });
    });
  return typeNamed('path or PEM', schema);
}

/** Where a source only has text, items are separated by commas, which PEM does not contain. */
export function fileOrContentListSchema() {
  return typeNamed('list of paths or PEM', z.array(fileOrContentSchema(), { error: 'must be a list of paths or PEM' }));
}

export function keyPairShape() {
  return {
    certFile: fileOrContentSchema().describe('Certificate chain, leaf first: a path, or the PEM itself.'),
    keyFile: fileOrContentSchema().describe('Its private key: a path, or the PEM itself.'),
  };
}

/** Empty text counts as absent. */
export function versionSchema() {
  return z.enum(TLS_VERSIONS, { error: `must be one of ${TLS_VERSIONS.join(', ')}` });
}

export function isVersionOrder(minVersion: TlsVersionName, maxVersion: TlsVersionName): boolean {
  return TLS_VERSIONS.indexOf(minVersion) <= TLS_VERSIONS.indexOf(maxVersion);
}

/** Names of the reference; those with an effect remain, each once. */
export function cipherSuitesSchema() {
  const schema = stringListSchema().transform((names, context): string[] => {
    for (const name of names) {
      if (CIPHER_SUITES.has(name) || SUITES_WITHOUT_EFFECT.has(name)) continue;
      const accepted = [...CIPHER_SUITES.keys()].join(', ');
      context.addIssue({ code: 'custom', message: `has no cipher suite "${name.slice(0, 60)}"; known: ${accepted}` });
    }
    return [...new Set(names)];
  });
  return typeNamed('list of strings', schema);
}
