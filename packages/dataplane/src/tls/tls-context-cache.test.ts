// Contexts by options and certificate: made once, kept as long as what they are made of is, bounded in number.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OptionSet } from '@sluice/routing/tls';
import { type Logger, pino } from 'pino';
import { certificate, material, optionSet } from '../../test/support/made-tls.ts';
import { TlsContextCache } from './tls-context-cache.ts';

const one = certificate(['one.test']);
const two = certificate(['two.test']);
const lines: string[] = [];
const log: Logger = pino({ level: 'warn' }, { write: (line) => lines.push(line) });

/** As material arrives: read anew each time. */
const copy = (set: OptionSet): OptionSet => JSON.parse(JSON.stringify(set));
const install = (cache: TlsContextCache, sets: readonly OptionSet[], certificates = [one, two]) =>
  cache.install(material({ certificates, optionSets: sets.map(copy) }));

test('the same options and certificate have the same context, over new material too', () => {
  const cache = new TlsContextCache(log);
  const set = optionSet('default');
  install(cache, [set]);
  const first = cache.contextFor(set, one.id)!;
  assert.equal(cache.contextFor(copy(set), one.id), first);
  assert.notEqual(cache.contextFor(set, two.id), first);
  assert.notEqual(cache.contextFor(optionSet('other@file'), one.id), first, 'their tickets must not mix');
  install(cache, [set, optionSet('new@file')]);
  assert.equal(cache.contextFor(set, one.id), first);
  assert.equal(cache.size, 2, 'the options that are gone are gone');
  install(cache, [optionSet('default', { minVersion: 0x0304 })]);
  assert.equal(cache.size, 0);
  assert.deepEqual(lines, []);
});

test('a certificate that is gone takes its contexts with it', () => {
  const cache = new TlsContextCache(log);
  const set = optionSet('default');
  install(cache, [set]);
  cache.contextFor(set, one.id);
  cache.contextFor(set, two.id);
  install(cache, [set], [two]);
  assert.equal(cache.size, 1);
  assert.equal(cache.contextFor(set, one.id), undefined);
  assert.match(lines.pop()!, /missing/);
  assert.equal(cache.contextFor(set, one.id), undefined);
  assert.equal(lines.length, 0, 'said once');
});

test('the one not used for longest gives way', () => {
  const cache = new TlsContextCache(log, 2);
  const sets = ['a', 'b', 'c'].map((name) => optionSet(`${name}@file`));
  install(cache, sets);
  const [a, b] = sets.map((set) => cache.contextFor(set, one.id));
  assert.equal(cache.size, 2);
  assert.equal(cache.contextFor(sets[2], one.id) !== undefined && cache.size, 2);
  const again = cache.contextFor(sets[1], one.id);
  assert.notEqual(again, a);
  assert.notEqual(b, undefined);
  assert.equal(cache.size, 2);
});

test('protocols are those of the set, but for challenges of authorities', () => {
  const protocols = (...alpnProtocols: string[]) => {
    const cache = new TlsContextCache(log);
    const set = optionSet('default', { alpnProtocols });
    install(cache, [set]);
    return cache.contextFor(set, one.id)!.protocols;
  };
  assert.deepEqual(protocols('h2', 'http/1.1', 'acme-tls/1'), ['h2', 'http/1.1']);
  assert.deepEqual(protocols('http/1.1', 'h2'), ['http/1.1', 'h2']);
  assert.deepEqual(protocols('http/1.1'), ['http/1.1']);
});

test('an OCSP response that cannot be used is left out, and said', () => {
  const cache = new TlsContextCache(log);
  const set = optionSet('default');
  cache.install(material({ certificates: [one], staples: { [one.id]: Buffer.alloc(70_000).toString('base64') } }));
  assert.notEqual(cache.contextFor(set, one.id), undefined);
  assert.match(lines.pop()!, /TLS_CONTEXT_FAILED/);
});
