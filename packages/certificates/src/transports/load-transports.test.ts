import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { TransportTlsConfiguration } from '@sluice/config';
import { formatDiagnostic } from '@sluice/errors';
import { tcpTransportKey } from '@sluice/routing';
import { MadeCertificates } from '../../test/support/made-certificates.ts';
import { KeyPairLoader } from '../load/key-pair-loader.ts';
import { type LoadedTransports, loadTransports } from './load-transports.ts';
import { systemAuthorities } from './system-authorities.ts';

class Site {
  readonly made: MadeCertificates;
  readonly loader: KeyPairLoader;
  readonly environment: Record<string, string>;
  last: LoadedTransports | undefined;

  constructor(context: TestContext) {
    this.made = new MadeCertificates(context);
    this.loader = new KeyPairLoader(this.made.folder);
    const bundle = this.made.make({ commonName: 'system' }).certFile;
    this.environment = { SSL_CERT_FILE: bundle };
  }

  /** @param used its servers are spoken to in TLS */
  async load(transports: Readonly<Record<string, TransportTlsConfiguration>>, ...used: string[]) {
    const { loader, environment } = this;
    const previous = this.last?.transports;
    this.last = await loadTransports({ transports, used: new Set(used), loader, environment, previous });
    return { ...this.last, messages: this.last.diagnostics.map(formatDiagnostic) };
  }
}

const textOf = (path: string) => readFileSync(path, 'latin1');

test('everything has its default, and what is named is read', async (context) => {
  const site = new Site(context);
  const [ca, own] = [site.made.make({ commonName: 'ca' }), site.made.make({ commonName: 'own' })];
  const {
    transports,
    messages,
    paths,
    systemAuthorities: system,
  } = await site.load({
    'default@internal': {},
    'full@file': {
      serverName: 'a.example',
      insecureSkipVerify: true,
      rootCAs: [ca.certFile, textOf(own.certFile)],
      certificates: [own],
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_AES_128_GCM_SHA256'],
      minVersion: 'VersionTLS11',
      maxVersion: 'VersionTLS12',
      peerCertSANs: [{ type: 'DNSName', value: 'b.example' }],
      peerCertURI: 'spiffe://a/b',
    },
  });
  assert.deepEqual([messages, system], [[], '']);
  assert.deepEqual(transports['default@internal'], {
    serverName: '',
    insecureSkipVerify: false,
    authorities: '',
    certificates: [],
    minVersion: 0x0303,
    maxVersion: 0x0304,
    ciphers: [],
    peerNames: [],
  });
  const { authorities, certificates, ...rest } = transports['full@file']!;
  assert.equal(authorities.match(/BEGIN CERTIFICATE/g)!.length, 2);
  assert.deepEqual(
    certificates.map(({ chain, key }) => [chain.trim(), /PRIVATE KEY/.test(key)]),
    [[textOf(own.certFile).trim(), true]],
  );
  assert.deepEqual(rest, {
    serverName: 'a.example',
    insecureSkipVerify: true,
    minVersion: 0x0302,
    maxVersion: 0x0303,
    ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
    peerNames: [
      { type: 'DNSName', value: 'b.example' },
      { type: 'URI', value: 'spiffe://a/b' },
    ],
  });
  assert.deepEqual(paths, [ca.certFile, own.certFile, own.keyFile].sort());
});

test('files that cannot be used: the transport stays as it was, or is missing; the others are not touched', async (context) => {
  const site = new Site(context);
  const ca = site.made.make({ commonName: 'ca' });
  const missing = '/no/such/file.pem';
  const first = await site.load({
    'a@file': { rootCAs: [ca.certFile] },
    'b@file': { rootCAs: [missing] },
    'c@file': {},
  });
  assert.deepEqual(Object.keys(first.transports), ['a@file', 'c@file']);
  assert.deepEqual(first.messages, [
    `error: "rootCAs[0]" is neither PEM nor a file that exists: ${missing}; servers of this transport are not connected to over TLS [http.serversTransports.b@file]`,
  ]);
  // The file goes bad; then the configuration names another one, which is not there.
  writeFileSync(ca.certFile, 'rubbish');
  const second = await site.load({ 'a@file': { rootCAs: [ca.certFile], serverName: 'new.example' } });
  assert.match(second.messages[0]!, /holds no certificate in PEM .*previous version stays in use/);
  assert.equal(second.transports['a@file']!.authorities, first.transports['a@file']!.authorities);
  assert.equal(second.transports['a@file']!.serverName, 'new.example');
  const key = { certFile: ca.certFile, keyFile: missing };
  const third = await site.load({ 'a@file': { certificates: [key] } });
  assert.match(third.messages[0]!, /"certificates\[0\]" cannot be used: the key is neither PEM .*previous version/);
  assert.deepEqual(third.transports['a@file'], second.transports['a@file']);
  assert.deepEqual((await site.load({})).transports, {});
  assert.deepEqual((await site.load({ 'a@file': { rootCAs: [missing] } })).transports, {});
});

test('transports of TCP are called by their own names', async (context) => {
  const site = new Site(context);
  const { transports, messages } = await site.load({
    [tcpTransportKey('a@file')]: { rootCAs: ['/no/such'] },
    [tcpTransportKey('default@internal')]: { rootCAs: ['/no/such'] },
    'a@file': {},
  });
  assert.deepEqual(Object.keys(transports), ['a@file']);
  assert.deepEqual(
    messages.map((message) => /\[([^[]*)\]$/.exec(message)?.[1]),
    ['tcp.serversTransports.a@file', 'tcpServersTransport'],
  );
});

test('suites that are all for TLS 1.3 leave nothing below it', async (context) => {
  const site = new Site(context);
  const cipherSuites = ['TLS_AES_128_GCM_SHA256', 'TLS_RSA_WITH_RC4_128_SHA'];
  const { transports, messages } = await site.load({
    'a@file': { cipherSuites, minVersion: 'VersionTLS10' },
    'b@file': { cipherSuites, maxVersion: 'VersionTLS12' },
    'c@file': { maxVersion: 'VersionTLS11' },
  });
  const versions = Object.values(transports).map(({ minVersion, maxVersion }) => [minVersion, maxVersion]);
  assert.deepEqual(versions, [
    [0x0304, 0x0304],
    [0x0302, 0x0302],
  ]);
  assert.match(messages.join(), /"cipherSuites" leaves no suite for versions up to VersionTLS12; servers of .*b@file/);
});

test('authorities of the system are read for those who trust them, and for nobody else', async (context) => {
  const site = new Site(context);
  const ca = site.made.make({ commonName: 'ca' });
  const system = async (transport: TransportTlsConfiguration, ...used: string[]) =>
    (await site.load({ t: transport }, ...used)).systemAuthorities !== '';
  assert.equal(await system({}), false);
  assert.equal(await system({}, 't'), true);
  assert.ok(site.last!.paths.includes(site.environment.SSL_CERT_FILE!));
  assert.equal(await system({ rootCAs: [ca.certFile] }, 't'), false);
  assert.equal(await system({ insecureSkipVerify: true }, 't'), false);
  assert.equal(await system({ insecureSkipVerify: true, peerCertURI: 'spiffe://a' }, 't'), true);
});

test('where they come from: SSL_CERT_FILE and nothing in its place, else the bundle, else what Node brings', async (context) => {
  const site = new Site(context);
  const { loader, made } = site;
  const other = made.make({ commonName: 'bundle' }).certFile;
  const named = await systemAuthorities(loader, site.environment, other);
  assert.equal(named.pem.trim(), textOf(site.environment.SSL_CERT_FILE!).trim());
  assert.deepEqual((await systemAuthorities(loader, {}, other)).path, other);
  assert.equal((await systemAuthorities(loader, { SSL_CERT_FILE: '' }, other)).path, other);
  const brought = await systemAuthorities(loader, {}, made.path('none'));
  assert.deepEqual([brought.pem, brought.problem], [rootCertificates.join('\n'), undefined]);
  const broken = await systemAuthorities(loader, { SSL_CERT_FILE: made.path('none') }, other);
  assert.equal(broken.pem, '');
  assert.match(broken.problem!, /^SSL_CERT_FILE is neither PEM nor a file that exists: .*; no server is trusted/);
});
