import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  BUILT_IN_TLS_OPTIONS,
  decodeStaticText,
  type HttpConfiguration,
  type RouterConfiguration,
} from '@sluice/config';
import { KeyKind } from '@sluice/protocols';
import { ClientAuth } from '@sluice/routing';
import { optionSet } from './option-set.ts';
import { resolveTlsOptions, type TlsOptionsInput } from './resolve-tls-options.ts';
import { ruleHosts } from './rule-hosts.ts';

const SERVED = { downstream: true, upstream: true };

const { entryPoints } = decodeStaticText(
  'entryPoints: {web: {address: ":80"}, tls: {address: ":443", asDefault: true}, all: {address: ":444", http: {tls: {options: own@file}}}}',
  'yaml',
  'f',
  SERVED,
).configuration;

function router(rule: string, options?: string, on: readonly string[] = []): RouterConfiguration {
  const plain = { entryPoints: on, rule, priority: 0n, middlewares: [], service: 's' };
  return options === undefined ? plain : { ...plain, tls: { options, certResolver: '', domains: [] } };
}

function resolve(routers: HttpConfiguration['routers'], unusable: Partial<TlsOptionsInput['unusable']> = {}) {
  const { entryPoints: resolved, diagnostics } = resolveTlsOptions({
    http: { routers, services: {}, middlewares: {}, serversTransports: {} },
    entryPoints,
    unusable: { routers: new Set(), entryPoints: new Set(), ...unusable },
  });
  const hosts = (name: string) => Object.fromEntries(resolved[name]!.hosts);
  const options = (name: string) => Object.fromEntries(resolved[name]!.routers);
  return { resolved, diagnostics, hosts, options };
}

test('hosts of rules', () => {
  assert.deepEqual(ruleHosts('Host(`A.example.`) || (!Host(`b`) && HostRegexp(`c.*`)) || PathPrefix(`/d`)'), [
    'a.example',
    'b',
  ]);
  assert.deepEqual(ruleHosts('Host(`a`) || Host(`A`) || Host(`*.x`) || Host(`*`)'), ['a', '*.x', '*']);
  assert.deepEqual(ruleHosts('Path(`/a`)'), []);
  assert.deepEqual(ruleHosts('Host('), []);
});

test('hosts get the options of their routers, others the default', () => {
  const { hosts, options, diagnostics } = resolve({
    'a@file': router('Host(`a`)', 'strict@file'),
    'b@file': router('Host(`b`) && Path(`/x`)', 'default'),
    'c@file': router('Host(`*.b`)', ''),
    'plain@file': router('Host(`p`)'),
    'web@file': router('Host(`w`)', 'strict@file', ['web']),
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(hosts('tls'), { a: 'strict@file', b: 'default', '*.b': 'default', '*': 'default' });
  assert.deepEqual(options('tls'), { 'a@file': 'strict@file', 'b@file': 'default', 'c@file': 'default' });
  assert.deepEqual(hosts('web'), { w: 'strict@file', '*': 'default' });
  assert.deepEqual(hosts('all'), { '*': 'default' });
});

test('the section of an entry point is for routers that have none', () => {
  const { options } = resolve({
    'plain@file': router('Host(`a`)', undefined, ['all', 'web']),
    'own@file': router('Host(`b`)', '', ['all']),
  });
  assert.deepEqual(options('all'), { 'plain@file': 'own@file', 'own@file': 'default' });
  assert.deepEqual(options('web'), {});
});

test('routers of one host with different options all get the default ones, on that entry point alone', () => {
  const { hosts, options, resolved, diagnostics } = resolve({
    'a@file': router('Host(`h`)', 'x@file', ['tls', 'web']),
    'b@file': router('Host(`h`) && Path(`/b`)', 'y@file', ['tls']),
    'c@file': router('Host(`x.h`)', 'y@file', ['tls']),
    'd@file': router('Host(`*.h`)', 'x@file', ['tls']),
  });
  assert.deepEqual(hosts('tls'), { h: 'default', 'x.h': 'y@file', '*.h': 'x@file', '*': 'default' });
  assert.deepEqual(options('web'), { 'a@file': 'x@file' });
  assert.deepEqual([...resolved.tls!.conflicted], ['a@file', 'b@file']);
  assert.deepEqual(
    diagnostics.map(({ object, severity }) => [object, severity]),
    [
      ['http.routers.a@file', 'warning'],
      ['http.routers.b@file', 'warning'],
    ],
  );
  assert.match(
    diagnostics[0]!.message,
    /host "h" have different TLS options on the entry point "tls" \(x@file, y@file\)/,
  );
});

test('a router that changes its options pulls the others of its hosts along', () => {
  const { hosts, options } = resolve({
    'a@file': router('Host(`one`)', 'x@file'),
    'b@file': router('Host(`one`) || Host(`two`)', 'y@file'),
    'c@file': router('Host(`two`) || Host(`three`)', 'y@file'),
    'd@file': router('Host(`three`)', 'y@file'),
    'e@file': router('Host(`four`)', 'y@file'),
  });
  assert.deepEqual(hosts('tls'), { one: 'default', two: 'default', three: 'default', four: 'y@file', '*': 'default' });
  // What a host is connected with is what its routers ask for: otherwise every request would be misdirected.
  for (const [name, set] of Object.entries(options('tls')))
    assert.equal(set, name === 'e@file' ? 'y@file' : 'default', name);
});

test('a router without a host has the default options; Host(`*`) may have its own', () => {
  const alone = resolve({ 'path@file': router('Path(`/x`)', 'x@file') });
  assert.equal(alone.options('tls')['path@file'], 'default');
  assert.match(alone.diagnostics[0]!.message, /names no host.*gets "default" instead of "x@file"/);
  const any = resolve({ 'any@file': router('Host(`*`)', 'x@file') });
  assert.deepEqual(any.hosts('tls'), { '*': 'x@file' });
  const both = resolve({ 'any@file': router('Host(`*`)', 'x@file'), 'path@file': router('Path(`/x`)', '') });
  assert.deepEqual(both.hosts('tls'), { '*': 'default' });
  assert.match(both.diagnostics[0]!.message, /routers for any host have different TLS options/);
});

test('hosts of unusable routers are closed, unless another one is for them', () => {
  const { hosts, options } = resolve(
    {
      'bad@file': router('Host(`a`) || Host(`b`)', 'gone@file'),
      'good@file': router('Host(`b`)', 'x@file'),
      'on-all@file': router('Host(`c`)', undefined, ['all']),
      'bad-path@file': router('Path(`/`)', 'gone@file'),
    },
    { routers: new Set(['bad@file', 'bad-path@file']), entryPoints: new Set(['all']) },
  );
  assert.deepEqual(hosts('tls'), { a: undefined, b: 'x@file', '*': 'default' });
  assert.deepEqual(options('tls'), { 'good@file': 'x@file' });
  assert.deepEqual(hosts('all'), { c: undefined, '*': 'default' });
});

test('an option set in the words of OpenSSL', () => {
  const standard = optionSet('default', BUILT_IN_TLS_OPTIONS, '');
  assert.equal(standard.ciphers[0], 'ECDHE-ECDSA-AES128-GCM-SHA256');
  assert.equal(standard.ciphers.length, 10);
  assert.deepEqual(standard.groups.slice(-3), ['P-256', 'P-384', 'P-521']);
  assert.deepEqual([standard.minVersion, standard.maxVersion, standard.clientAuth], [0x0303, 0x0304, ClientAuth.NONE]);
  const own = optionSet(
    'o@file',
    {
      ...BUILT_IN_TLS_OPTIONS,
      minVersion: 'VersionTLS10',
      cipherSuites: [
        'TLS_RSA_WITH_AES_128_CBC_SHA',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305',
        'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
      ],
      curvePreferences: ['CurveP384', 'X25519'],
      clientAuth: { caFiles: ['/ca'], clientAuthType: 'VerifyClientCertIfGiven' },
      disableSessionTickets: true,
    },
    'PEM',
  );
  assert.deepEqual(own.ciphers, ['ECDHE-RSA-CHACHA20-POLY1305', 'AES128-SHA']);
  assert.equal(own.cipherKeyKinds, KeyKind.RSA);
  assert.deepEqual(own.groups, ['X25519', 'P-384']);
  assert.deepEqual(
    [own.minVersion, own.clientAuth, own.clientAuthorities, own.sessionTickets],
    [0x0301, ClientAuth.VERIFY_IF_GIVEN, 'PEM', false],
  );
});
