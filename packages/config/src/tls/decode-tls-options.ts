// One set of TLS options: decoded by its schema; then what is accepted but does nothing is reported, and suites that cannot be
// offered are taken out. A list that would leave a version without any suite is refused.

import type { Diagnostic } from '@sluice/errors';
import { DecodeContext, type DecodeOptions } from '../decode/decode-context.ts';
import { type DecodedObject, decodeObject, type ObjectLocation } from '../decode/decode-object.ts';
import type { TlsOptionsConfiguration } from '../model/tls-configuration.ts';
import { findEntry, type SourceDocument, type SourceNode } from '../source/source-node.ts';
import { opensslSuite, SUITES_WITHOUT_EFFECT } from './cipher-suites.ts';
import { tlsOptionsSchema } from './tls-options-schema.ts';

export function decodeTlsOptions(
  node: SourceNode,
  document: SourceDocument,
  location: ObjectLocation,
  options: DecodeOptions,
): DecodedObject<TlsOptionsConfiguration> {
  const decoded = decodeObject<TlsOptionsConfiguration>(tlsOptionsSchema, node, document, location, options);
  if (decoded.value === undefined) return decoded;
  const context = new DecodeContext(document, options, location.object);
  const at = (key: string) => findEntry(node, key)?.offset ?? node.offset;
  if (findEntry(node, 'preferServerCipherSuites') !== undefined) {
    const message = '"preferServerCipherSuites" is deprecated and has no effect: the server always decides';
    context.report('warning', 'CONFIG_VALUE', message, at('preferServerCipherSuites'));
  }
  const value = withUsableSuites(decoded.value, context, at('cipherSuites'));
  const diagnostics: Diagnostic[] = [...decoded.diagnostics, ...context.diagnostics];
  return { value: context.hasErrors ? undefined : value, diagnostics };
}

function withUsableSuites(
  options: TlsOptionsConfiguration,
  context: DecodeContext,
  offset: number,
): TlsOptionsConfiguration {
  if (options.cipherSuites.length === 0) return options;
  const cipherSuites = options.cipherSuites.filter((name) => opensslSuite(name) !== undefined);
  const broken = options.cipherSuites.filter(
    (name) => opensslSuite(name) === undefined && !SUITES_WITHOUT_EFFECT.has(name),
  );
  if (broken.length > 0) {
    const message = `"cipherSuites" names ${broken.join(', ')}, which this program never offers: the cipher is broken`;
    context.report('warning', 'CONFIG_VALUE', message, offset);
  }
  if (cipherSuites.length > 0) return { ...options, cipherSuites };
  if (options.maxVersion !== 'VersionTLS13') {
    const message = `"cipherSuites" leaves no suite for versions up to ${options.maxVersion}`;
    context.report('error', 'CONFIG_VALUE', message, offset);
  }
  // An empty list would mean the default suites.
  return { ...options, cipherSuites, minVersion: 'VersionTLS13' };
}
