// TLS as a whole configuration gives it: which hosts are connected with which options, and which routers have them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryPointConfiguration, RouterConfiguration } from '@sluice/config';
import { compilationInput, entryPoint, router as plainRouter } from '../../test/support/test-configuration.ts';
import { requestView } from '../../test/support/test-request.ts';
import { compileConfiguration } from '../compile/compile-configuration.ts';
import { parseRule } from '../rule/parse-rule.ts';
import { SnapshotMatcher } from '../snapshot/snapshot-matcher.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import type { CompilationTls } from './compilation-input.ts';
import { ruleHosts } from './rule-hosts.ts';

const tls = (options: string) => ({ options, certResolver: '', domains: [] });
const ENTRY_POINTS = { web: entryPoint(), tls: entryPoint({}, true), all: entryPoint({ tls: tls('own@file') }) };

function router(rule: string, options?: string, entryPoints: readonly string[] = []): RouterConfiguration {
  return plainRouter(rule, options === undefined ? { entryPoints } : { entryPoints, tls: tls(options) });
}

function resolve(
  routers: Readonly<Record<string, RouterConfiguration>>,
  unusable: Partial<CompilationTls['unusable']> = {},
  entryPoints: Readonly<Record<string, EntryPointConfiguration>> = ENTRY_POINTS,
) {
  const input = compilationInput({ routers }, { entryPoints });
  const none = { routers: new Set<string>(), entryPoints: new Set<string>() };
  const { bytes, diagnostics, counts } = compileConfiguration({
    ...input,
    tls: { unusable: { ...none, ...unusable } },
  });
  const reader = SnapshotReader.open(bytes);
  const matcher = new SnapshotMatcher(reader);
  const indexOf = (name: string) => reader.entryPointIndex(name);
  /** Options of every router that is served over TLS there, found by a request for one of its hosts. */
  const optionsFor = (name: string, host: string) => {
    const found = matcher.match(reader.securedIndex(indexOf(name)), requestView({ host }));
    return found === -1 ? undefined : reader.router(found).tlsOptions;
  };
  const plain = (name: string, host: string) => {
    const found = matcher.match(indexOf(name), requestView({ host }));
    return found === -1 ? undefined : reader.router(found);
  };
  const tlsOf = (name: string) => {
    const { hosts, fallback } = reader.entryPointTls(indexOf(name));
    return { ...hosts, '(others)': fallback };
  };
  return {
    reader,
    diagnostics,
    counts,
    optionsFor,
    plain,
    tlsOf,
    secured: (name: string) => reader.securedIndex(indexOf(name)),
  };
}

test('hosts of rules', () => {
  const hosts = (rule: string) => ruleHosts(parseRule(rule));
  assert.deepEqual(hosts('Host(`A.example.`) || (!Host(`b`) && HostRegexp(`c.*`)) || PathPrefix(`/d`)'), [
    'a.example',
    'b',
  ]);
  assert.deepEqual(hosts('Host(`a`) || Host(`A`) || Host(`*.x`) || Host(`*`)'), ['a', '*.x', '*']);
  assert.deepEqual(hosts('Path(`/a`)'), []);
});

test('requests over TLS see the routers that take it, plain ones the others, on every entry point', () => {
  const { optionsFor, plain, secured, reader } = resolve({
    'both@file': router('PathPrefix(`/`)', undefined, ['web', 'all']),
    'safe@file': router('Host(`a`)', '', ['web', 'all']),
  });
  assert.equal(optionsFor('web', 'a'), 'default');
  assert.equal(optionsFor('web', 'b'), undefined);
  assert.deepEqual([plain('web', 'a')?.name, plain('web', 'a')?.tlsOptions], ['both@file', '']);
  assert.equal(optionsFor('all', 'b'), 'default', 'no host, so not the options of the entry point');
  assert.equal(plain('all', 'a'), undefined);
  assert.equal(secured('tls'), -1);
  assert.notEqual(secured('web'), -1);
  const names = Array.from({ length: reader.routerCount }, (_, index) => reader.router(index).name);
  assert.deepEqual(names, ['both@file', 'safe@file', 'all-both@file', 'all-safe@file']);
});

test('hosts get the options of their routers, others the default; what follows from that is not said', () => {
  const { tlsOf, optionsFor, diagnostics } = resolve({
    'a@file': router('Host(`a`)', 'strict@file'),
    'b@file': router('Host(`b`) && PathPrefix(`/`)', 'default'),
    'c@file': router('Host(`*.b`)', ''),
    'd@file': router('Host(`*.d`)', 'strict@file'),
    'e@file': router('Host(`eee.d`)', 'default'),
    'f@file': router('Host(`f.d`)', 'strict@file'),
    'plain@file': router('Host(`p`)'),
    'web@file': router('Host(`w`)', 'strict@file', ['web']),
  });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(tlsOf('tls'), { a: 'strict@file', '*.d': 'strict@file', 'eee.d': 'default', '(others)': 'default' });
  const options = ['a', 'b', 'x.b', 'y.d', 'eee.d', 'f.d'].map((host) => optionsFor('tls', host));
  assert.deepEqual(options, ['strict@file', 'default', 'default', 'strict@file', 'default', 'strict@file']);
  assert.deepEqual(tlsOf('web'), { w: 'strict@file', '(others)': 'default' });
  assert.deepEqual(tlsOf('all'), { '(others)': 'default' });
});

test('the section of an entry point is for routers that have none, as a whole', () => {
  const { optionsFor, plain } = resolve({
    'plain@file': router('Host(`a`)', undefined, ['all', 'web']),
    'own@file': router('Host(`b`)', '', ['all']),
  });
  assert.deepEqual([optionsFor('all', 'a'), optionsFor('all', 'b')], ['own@file', 'default']);
  assert.equal(optionsFor('web', 'a'), undefined);
  assert.equal(plain('web', 'a')?.name, 'plain@file');
});

test('routers of one host with different options all get the default ones, on that entry point alone', () => {
  const { tlsOf, optionsFor, reader, diagnostics } = resolve({
    'a@file': router('Host(`h`)', 'x@file', ['tls', 'web']),
    'b@file': router('Host(`h`) && PathPrefix(`/b`)', 'y@file', ['tls']),
    'c@file': router('Host(`x.h`)', 'y@file', ['tls']),
    'd@file': router('Host(`*.h`)', 'x@file', ['tls']),
  });
  assert.deepEqual(tlsOf('tls'), { 'x.h': 'y@file', '*.h': 'x@file', '(others)': 'default' });
  assert.deepEqual([optionsFor('tls', 'h'), optionsFor('web', 'h')], ['default', 'x@file']);
  const names = Array.from({ length: reader.routerCount }, (_, index) => reader.router(index).name);
  assert.equal(names.filter((name) => name === 'a@file').length, 2, 'it keeps its name');
  const objects = diagnostics.map(({ object, severity, code }) => [object, severity, code]);
  assert.deepEqual(objects.sort(), [
    ['http.routers.a@file', 'warning', 'CONFIG_CONFLICT'],
    ['http.routers.b@file', 'warning', 'CONFIG_CONFLICT'],
  ]);
  assert.match(
    diagnostics[0]!.message,
    /host "h" have different TLS options on the entry point "tls" \(y@file, x@file\)/,
  );
});

test('a router that changes its options pulls the others of its hosts along', () => {
  const { tlsOf, optionsFor } = resolve({
    'a@file': router('Host(`one`)', 'x@file'),
    'b@file': router('Host(`one`) || Host(`two`)', 'y@file'),
    'c@file': router('Host(`two`) || Host(`three`)', 'y@file'),
    'd@file': router('Host(`three`)', 'y@file'),
    'e@file': router('Host(`four`)', 'y@file'),
  });
  assert.deepEqual(tlsOf('tls'), { four: 'y@file', '(others)': 'default' });
  // What a host is connected with is what its routers ask for: otherwise every request would be misdirected.
  for (const host of ['one', 'two', 'three']) assert.equal(optionsFor('tls', host), 'default', host);
  assert.equal(optionsFor('tls', 'four'), 'y@file');
});

test('a router without a host has the default options; Host(`*`) may have its own', () => {
  const alone = resolve({ 'path@file': router('PathPrefix(`/x`)', 'x@file') });
  assert.equal(alone.reader.router(0).tlsOptions, 'default');
  assert.match(alone.diagnostics[0]!.message, /names no host.*gets "default" instead of "x@file"/);
  const any = resolve({ 'any@file': router('Host(`*`)', 'x@file') });
  assert.deepEqual(any.tlsOf('tls'), { '(others)': 'x@file' });
  const both = resolve({ 'any@file': router('Host(`*`)', 'x@file'), 'path@file': router('Path(`/x`)', '') });
  assert.deepEqual(both.tlsOf('tls'), { '(others)': 'default' });
  assert.equal(both.optionsFor('tls', 'a'), 'default');
  assert.match(both.diagnostics[0]!.message, /routers for any host have different TLS options/);
  const narrower = resolve({ 'any@file': router('Host(`*`)', 'x@file'), 'b@file': router('Host(`b`)', '') });
  assert.deepEqual(narrower.tlsOf('tls'), { b: 'default', '(others)': 'x@file' });
});

test('hosts of unusable routers are closed, unless another one is for them', () => {
  const routers = {
    'bad@file': router('Host(`a`) || Host(`b`) || Host(`*.w`)', 'gone@file'),
    'good@file': router('Host(`b`)', 'x@file'),
    'w@file': router('Host(`x.w`)', ''),
    'on-all@file': router('Host(`c`)', undefined, ['all']),
    'bad-path@file': router('PathPrefix(`/`)', 'gone@file'),
  };
  const unusable = { routers: new Set(['bad@file', 'bad-path@file']), entryPoints: new Set(['all']) };
  const { tlsOf, optionsFor, diagnostics, counts, secured } = resolve(routers, unusable);
  assert.deepEqual(tlsOf('tls'), { a: null, '*.w': null, b: 'x@file', 'x.w': 'default', '(others)': 'default' });
  assert.deepEqual(
    ['a', 'b', 'y'].map((host) => optionsFor('tls', host)),
    [undefined, 'x@file', undefined],
  );
  assert.deepEqual([tlsOf('all'), secured('all')], [{ c: null, '(others)': 'default' }, -1]);
  assert.deepEqual(
    [diagnostics, counts.routers, counts.routersRefused],
    [[], 2, 3],
    'whoever found it has reported it',
  );
});

test('a router that cannot be used on one entry point serves on the others', () => {
  const entryPoints = { ...ENTRY_POINTS, other: entryPoint({ tls: tls('') }) };
  const routers = { 'r@file': router('Host(`a`)', undefined, ['all', 'other', 'web']) };
  const { tlsOf, optionsFor, plain, counts } = resolve(routers, { entryPoints: new Set(['all']) }, entryPoints);
  assert.deepEqual(tlsOf('all'), { a: null, '(others)': 'default' });
  assert.deepEqual([optionsFor('all', 'a'), optionsFor('other', 'a')], [undefined, 'default']);
  assert.equal(plain('web', 'a')?.name, 'r@file');
  assert.equal(counts.routers, 1);
});

test('hosts with names of properties are hosts', () => {
  const { reader, optionsFor } = resolve({ 'p@file': router('Host(`__proto__`)', 'x@file') });
  const { hosts } = reader.entryPointTls(reader.entryPointIndex('tls'));
  assert.deepEqual(Object.entries(hosts), [['__proto__', 'x@file']]);
  assert.equal(optionsFor('tls', '__proto__'), 'x@file');
});
