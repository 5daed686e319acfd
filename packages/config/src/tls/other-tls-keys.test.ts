// TLS keys outside the section `tls`: of routers, entry points and servers transports.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigurationError, formatDiagnostic } from '@sluice/errors';
import { decodeDynamic } from '../dynamic/decode-dynamic.ts';
import { referenceFiles } from '../reference/reference-pages.ts';
import { decodeStaticText } from '../static/load-static.ts';

function router(tls: string) {
  const text = `http: {routers: {r: {rule: x, service: s, tls: ${tls}}}}`;
  const { http, diagnostics } = decodeDynamic({
    text,
    format: 'yaml',
    file: 'f',
    middlewareTypes: new Map(),
  });
  return { tls: http.routers.r?.tls, messages: diagnostics.map(formatDiagnostic).join('\n') };
}

function transport(keys: string) {
  const text = `http: {serversTransports: {t: ${keys}}}`;
  const { http, diagnostics } = decodeDynamic({
    text,
    format: 'yaml',
    file: 'f',
    middlewareTypes: new Map(),
  });
  return { transport: http.serversTransports.t, messages: diagnostics.map(formatDiagnostic).join('\n') };
}

function entryPointTls(tls: string): unknown {
  const text = `entryPoints: {web: {address: ":443", http: {tls: ${tls}}}}`;
  try {
    return decodeStaticText(text, 'yaml', 'f').configuration.entryPoints.web!.http.tls;
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.diagnostics.map(formatDiagnostic).join('\n');
  }
}

const EMPTY = { options: '', certResolver: '', domains: [] };

test('routers: present is enough, absent is none', () => {
  for (const text of ['{}', 'true', '"true"', '{options: ""}']) assert.deepEqual(router(text).tls, EMPTY, text);
  for (const text of ['', 'false']) assert.equal(router(text).tls, undefined, text);
});

test('routers: options, resolver, domains', () => {
  const { tls, messages } = router(
    '{options: strict@file, certResolver: le, domains: [{main: " Example.com. ", sans: "*.example.com, b.example.com"}, {sans: [only.example]}, {}, {main: ""}]}',
  );
  assert.equal(messages, '');
  assert.deepEqual(tls, {
    options: 'strict@file',
    certResolver: 'le',
    domains: [
      { main: 'example.com', sans: ['*.example.com', 'b.example.com'] },
      { main: 'only.example', sans: [] },
    ],
  });
  assert.match(router('{options: default@file}').messages, /"tls.options" must be "default" without a provider/);
  for (const name of ['*.*.a.com', '*', 'a b', 'a*.com', 'x..y']) {
    assert.match(
      router(`{domains: [{main: "${name}"}]}`).messages,
      /"tls.domains\[0\].main" must be host names such as/,
      name,
    );
  }
  assert.match(router('{passthrough: true}').messages, /unknown key "tls.passthrough"/);
});

test('entry points', () => {
  assert.deepEqual(entryPointTls('{}'), EMPTY);
  assert.deepEqual(entryPointTls('{options: default}'), { ...EMPTY, options: 'default' });
  assert.deepEqual(entryPointTls('{options: strict@file}'), { ...EMPTY, options: 'strict@file' });
  assert.match(
    String(entryPointTls('{options: strict}')),
    /must be a qualified name such as "strict@file", or "default"/,
  );
});

test('transports: every key', () => {
  const { transport: decoded, messages } = transport(`{
    serverName: a.example, insecureSkipVerify: true, rootCAs: [/ca.crt], certificates: [{certFile: /c, keyFile: /k}],
    cipherSuites: [TLS_RSA_WITH_AES_128_CBC_SHA], minVersion: VersionTLS12, maxVersion: VersionTLS13,
    peerCertSANs: [{type: DNSName, value: b.example}, {type: URI, value: "spiffe://c/d"}], peerCertURI: "spiffe://e",
    disableHTTP2: true }`);
  assert.equal(messages, '');
  const { maxIdleConnsPerHost, maxConnsPerServer, maxQueuedPerServer, forwardingTimeouts, ...tls } = decoded!;
  assert.equal(maxIdleConnsPerHost, 2);
  assert.deepEqual(tls, {
    serverName: 'a.example',
    insecureSkipVerify: true,
    rootCAs: ['/ca.crt'],
    certificates: [{ certFile: '/c', keyFile: '/k' }],
    cipherSuites: ['TLS_RSA_WITH_AES_128_CBC_SHA'],
    minVersion: 'VersionTLS12',
    maxVersion: 'VersionTLS13',
    peerCertSANs: [
      { type: 'DNSName', value: 'b.example' },
      { type: 'URI', value: 'spiffe://c/d' },
    ],
    peerCertURI: 'spiffe://e',
    disableHTTP2: true,
  });
});

test('transports: a wrong TLS key refuses the transport, instead of leaving TLS settings out', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{minVersion: TLS12}', /"minVersion" must be one of VersionTLS10/],
    ['{minVersion: VersionTLS13, maxVersion: VersionTLS12}', /"minVersion" is VersionTLS13, which is above maxVersion/],
    ['{cipherSuites: [X]}', /"cipherSuites" has no cipher suite "X"/],
    ['{serverName: "a b"}', /"serverName" must be a host name/],
    ['{rootCAs: [" "]}', /"rootCAs\[0\]" must not be empty/],
    ['{certificates: [{certFile: a}]}', /"certificates\[0\].keyFile" is required/],
    ['{peerCertSANs: [{type: IP, value: 1.2.3.4}]}', /"peerCertSANs\[0\].type" must be one of DNSName, URI/],
    ['{peerCertSANs: [{type: URI, value: x}]}', /"peerCertSANs\[0\].value" must be a URI/],
    ['{peerCertURI: x}', /"peerCertURI" must be a URI/],
    ['{spiffe: {}}', /"spiffe" is known, but not supported/],
  ];
  for (const [text, expected] of cases) {
    const { transport: decoded, messages } = transport(text);
    assert.equal(decoded, undefined, text);
    assert.match(messages, expected);
  }
  assert.ok(transport('{minVersion: VersionTLS13}').transport, 'a missing maxVersion is no bound');
  assert.equal(transport('{}').transport?.disableHTTP2, false);
});

test('the static transport has the two keys of the reference', () => {
  const text = 'serversTransport: {insecureSkipVerify: true, rootCAs: [/ca.crt]}';
  const { configuration } = decodeStaticText(text, 'yaml', 'f');
  assert.equal(configuration.serversTransport.insecureSkipVerify, true);
  assert.deepEqual(configuration.serversTransport.rootCAs, ['/ca.crt']);
  assert.equal(configuration.serversTransport.maxIdleConnsPerHost, 200);
  for (const key of ['serverName: a', 'disableHTTP2: true']) {
    assert.throws(() => decodeStaticText(`serversTransport: {${key}}`, 'yaml', 'f'), /unknown key/);
  }
});

test('reference pages have the keys', () => {
  const pages = new Map(referenceFiles(new Map()).map(({ name, content }) => [name, content]));
  const keys = {
    'dynamic-configuration.md': [
      'http.routers.<name>.tls.options',
      'tls.options.<name>.clientAuth.caFiles',
      'tls.certificates[].certFile',
      'http.serversTransports.<name>.peerCertSANs[].value',
    ],
    'static-configuration.md': ['entryPoints.<name>.http.tls.certResolver', 'serversTransport.rootCAs'],
    'dynamic.schema.json': ['"sniStrict"', '"defaultCertificate"', '"certResolver"', '"peerCertURI"'],
    'static.schema.json': ['"certResolver"', '"insecureSkipVerify"'],
  };
  for (const [page, expected] of Object.entries(keys)) {
    for (const key of expected) {
      const shown = key.startsWith('"') ? key : `\`${key}\``;
      assert.ok(pages.get(page)!.includes(shown), `${page}: ${key}`);
    }
  }
});
