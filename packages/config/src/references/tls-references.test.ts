import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpConfiguration } from '../model/dynamic-configuration.ts';
import type { RouterTlsConfiguration, TlsConfiguration } from '../model/tls-configuration.ts';
import { BUILT_IN_TLS_OPTIONS } from '../tls/tls-options-schema.ts';
import { checkTlsReferences } from './check-tls-references.ts';
import { mergeTls } from './merge-tls.ts';
import { qualifyNames, qualifyTlsOptions } from './qualify-names.ts';

const tls = (options = '', certResolver = ''): RouterTlsConfiguration => ({ options, certResolver, domains: [] });

function routers(parts: Readonly<Record<string, RouterTlsConfiguration | undefined>>): HttpConfiguration {
  const entries = Object.entries(parts).map(([name, each]) => {
    const router = { entryPoints: [], rule: 'Host(`a`)', priority: 0n, middlewares: [], service: 's' };
    return [name, each === undefined ? router : { ...router, tls: each }];
  });
  return { routers: Object.fromEntries(entries), services: {}, middlewares: {}, serversTransports: {} };
}

test('options of routers are qualified, but for the one set without a provider', () => {
  const http = qualifyNames(
    'file',
    routers({ a: tls('strict'), b: tls('x@kv'), c: tls(), d: tls('default'), e: undefined }),
  );
  const names = Object.values(http.routers).map((router) => router.tls?.options);
  assert.deepEqual(names, ['strict@file', 'x@kv', 'default', 'default', undefined]);
  assert.equal(qualifyTlsOptions('file', 'default'), 'default');
});

test('a router with missing options is unusable, one with a missing resolver is not', () => {
  const { diagnostics, unusable } = checkTlsReferences({
    http: routers({
      'good@file': tls('strict@file', 'le'),
      'plain@file': undefined,
      'default@file': tls('default'),
      'lost@file': tls('strikt@file'),
      'unresolved@file': tls('', 'lee'),
    }),
    entryPoints: { web: tls('gone@file'), other: undefined, secure: tls('strict@file') },
    options: ['strict@file'],
    resolvers: ['le'],
  });
  assert.deepEqual([...unusable.routers], ['lost@file']);
  assert.deepEqual([...unusable.entryPoints], ['web']);
  assert.deepEqual(
    diagnostics.map(({ severity, object, hint }) => [severity, object, hint]),
    [
      ['error', 'entryPoints.web', undefined],
      ['error', 'http.routers.lost@file', 'did you mean "strict@file"?'],
      ['warning', 'http.routers.unresolved@file', 'did you mean "le"?'],
    ],
  );
});

test('without any resolver the message says so', () => {
  const { diagnostics } = checkTlsReferences({
    http: routers({ r: tls('', 'le') }),
    entryPoints: {},
    options: [],
    resolvers: [],
  });
  assert.match(
    diagnostics[0]!.message,
    /"tls.certResolver" is le, but there are no certificate resolvers; certificates of/,
  );
});

test('several providers: the default set and store belong to the first in precedence', () => {
  const part = (sniStrict: boolean, file: string): TlsConfiguration => ({
    certificates: [{ certFile: file, keyFile: file, stores: ['default'] }],
    options: { default: { ...BUILT_IN_TLS_OPTIONS, sniStrict }, own: BUILT_IN_TLS_OPTIONS },
    stores: { default: { defaultCertificate: { certFile: file, keyFile: file } } },
  });
  const provided = new Map([
    ['etcd', part(false, 'etcd')],
    ['File', part(true, 'file')],
  ]);
  const merged = mergeTls(provided, ['docker', 'file']);
  assert.deepEqual(
    merged.certificates.map(({ provider, certFile }) => [provider, certFile]),
    [
      ['File', 'file'],
      ['etcd', 'etcd'],
    ],
  );
  assert.deepEqual(Object.keys(merged.options).sort(), ['default', 'own@File', 'own@etcd']);
  assert.equal(merged.options.default!.sniStrict, true);
  assert.equal(merged.stores.default!.defaultCertificate!.certFile, 'file');
  assert.deepEqual(
    merged.diagnostics.map(({ severity, object }) => [severity, object]),
    [
      ['error', 'tls.options.default'],
      ['error', 'tls.stores.default'],
    ],
  );
  assert.match(merged.diagnostics[0]!.message, /of the provider etcd is not used: the one of File comes first/);
  assert.deepEqual(mergeTls(provided, ['etcd']).stores.default!.defaultCertificate!.certFile, 'etcd');
});
