// Contexts for TLS to servers by servers transport: one for equal settings, kept while nothing changes, none without settings.

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { TransportTls } from '@sluice/routing';
import { pino } from 'pino';
import { issue } from '../../../../test/support/issued-certificates.ts';
import { UpstreamTls } from './upstream-tls.ts';

const authority = issue({ authority: true, commonName: 'authority' });
const own = issue({ commonName: 'own', usage: 'client' });

const settings = (changes: Partial<TransportTls> = {}): TransportTls => ({
  serverName: '',
  insecureSkipVerify: false,
  authorities: '',
  certificates: [],
  minVersion: 0x0303,
  maxVersion: 0x0304,
  ciphers: [],
  peerNames: [],
  ...changes,
});

let lines: string[];
let tls: UpstreamTls;
const install = (transports: Record<string, TransportTls>, systemAuthorities = authority.chain): readonly string[] =>
  tls.install({ transports, systemAuthorities });

beforeEach(() => {
  lines = [];
  tls = new UpstreamTls(pino({ level: 'error' }, { write: (line) => lines.push(line) }));
});

describe('UpstreamTls', () => {
  it('has nothing before the first material, nor for transports that are missing in it', () => {
    assert.equal(tls.settingsFor('a'), undefined);
    install({ a: settings() });
    assert.notEqual(tls.settingsFor('a'), undefined);
    assert.equal(tls.settingsFor('b'), undefined);
    assert.equal(tls.settingsFor('constructor'), undefined);
    assert.deepEqual(lines, []);
  });

  it('shares one context among transports with equal settings, and only those', () => {
    install({ a: settings(), b: settings(), c: settings({ serverName: 'x.test' }) });
    assert.equal(tls.settingsFor('a'), tls.settingsFor('b'));
    assert.notEqual(tls.settingsFor('a'), tls.settingsFor('c'));
  });

  it('keeps what has not changed, and says what has', () => {
    install({ a: settings(), b: settings({ certificates: [own] }), c: settings() });
    const before = ['a', 'b', 'c'].map((name) => tls.settingsFor(name));
    const renewed = issue({ commonName: 'own', usage: 'client' });
    assert.deepEqual(install({ a: settings(), b: settings({ certificates: [renewed] }) }), ['b', 'c']);
    assert.equal(tls.settingsFor('a'), before[0]);
    assert.notEqual(tls.settingsFor('b'), before[1]);
    assert.equal(tls.settingsFor('c'), undefined);
    // What the system trusts concerns those that trust the system.
    install({ a: settings(), d: settings({ authorities: authority.chain }) });
    const [a, d] = ['a', 'd'].map((name) => tls.settingsFor(name));
    assert.deepEqual(install({ a: settings(), d: settings({ authorities: authority.chain }) }, own.chain), ['a']);
    assert.notEqual(tls.settingsFor('a'), a);
    assert.equal(tls.settingsFor('d'), d);
  });

  it('says once what cannot be used, without any of a key, and tries again with new material', () => {
    const broken = { chain: own.chain, key: authority.key };
    install({ a: settings({ certificates: [broken] }) });
    assert.equal(tls.settingsFor('a'), undefined);
    assert.equal(tls.settingsFor('a'), undefined);
    assert.equal(lines.length, 1);
    const line = JSON.parse(lines[0]);
    assert.equal(line.code, 'UPSTREAM_TLS_SETTINGS');
    assert.equal(line.serversTransport, 'a');
    assert.ok(!lines[0].includes('BEGIN') && !lines[0].includes(authority.key.slice(40, 80)));
    install({ a: settings({ certificates: [own] }) });
    assert.notEqual(tls.settingsFor('a'), undefined);
  });
});
