import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDiagnostic } from '@sluice/errors';
import { type DecodedDynamic, decodeDynamic } from '../dynamic/decode-dynamic.ts';
import { CURVE_NAMES, findCurve } from './curves.ts';
import { BUILT_IN_TLS_OPTIONS } from './tls-options-schema.ts';

function decode(text: string): DecodedDynamic {
  return decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map(), positions: true });
}

function messages({ diagnostics }: DecodedDynamic): string[] {
  return diagnostics.map(formatDiagnostic);
}

/** One set of options, as it is decoded. */
function options(text: string): DecodedDynamic['tls']['options'][string] | undefined {
  return decode(`tls: {options: {o: ${text}}}`).tls.options.o;
}

function complaint(text: string): string {
  const decoded = decode(`tls: {options: {o: ${text}}}`);
  assert.deepEqual([decoded.tls.options, decoded.refused], [{}, ['tls.options.o']], text);
  return messages(decoded).join('\n');
}

test('nothing that asks for TLS is left out in silence: it is accepted, or its object is refused', () => {
  const routers = decode('http: {routers: {r: {rule: x, service: s, tls: {}}}}');
  assert.deepEqual([Object.keys(routers.http.routers), routers.diagnostics], [['r'], []]);
  const section = decode('tls: {certificates: [{certFile: a, keyFile: b}], options: {o: {}}}');
  assert.deepEqual([section.tls.certificates.length, Object.keys(section.tls.options)], [1, ['o']]);
  assert.deepEqual(section.diagnostics, []);
  for (const key of ['serverName: a', 'rootCAs: a', 'insecureSkipVerify: true', 'peerCertURI: "a:b"']) {
    const { http, diagnostics } = decode(`http: {serversTransports: {t: {${key}}}}`);
    assert.deepEqual([Object.keys(http.serversTransports), diagnostics], [['t'], []], key);
  }
  const { refused, diagnostics } = decode('http: {serversTransports: {t: {spiffe: {ids: a}}}}');
  assert.deepEqual([refused, diagnostics[0]!.code], [['http.serversTransports.t'], 'CONFIG_UNSUPPORTED']);
});

test('options: defaults are those that are built in', () => {
  assert.deepEqual(options('{}'), BUILT_IN_TLS_OPTIONS);
  assert.deepEqual(BUILT_IN_TLS_OPTIONS, {
    minVersion: 'VersionTLS12',
    maxVersion: 'VersionTLS13',
    cipherSuites: [],
    curvePreferences: [],
    clientAuth: { caFiles: [], clientAuthType: 'NoClientCert' },
    sniStrict: false,
    alpnProtocols: ['h2', 'http/1.1', 'acme-tls/1'],
    disableSessionTickets: false,
  });
  assert.deepEqual(options('{minVersion: "", maxVersion: "", clientAuth: {clientAuthType: ""}}'), BUILT_IN_TLS_OPTIONS);
});

test('options: every key', () => {
  assert.deepEqual(
    options(`{
      minVersion: VersionTLS11, maxVersion: VersionTLS12, curvePreferences: [secp256r1, X25519, CurveP256],
      cipherSuites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256, TLS_FALLBACK_SCSV],
      clientAuth: {caFiles: [/ca.crt]}, sniStrict: true, alpnProtocols: [http/1.1, h2, http/1.1], disableSessionTickets: true }`),
    {
      minVersion: 'VersionTLS11',
      maxVersion: 'VersionTLS12',
      cipherSuites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'],
      curvePreferences: ['CurveP256', 'X25519'],
      clientAuth: { caFiles: ['/ca.crt'], clientAuthType: 'RequireAndVerifyClientCert' },
      sniStrict: true,
      alpnProtocols: ['http/1.1', 'h2'],
      disableSessionTickets: true,
    },
  );
  assert.deepEqual(options('{alpnProtocols: "h2, x"}')?.alpnProtocols, ['h2', 'x']);
});

test('options: what is wrong refuses the set, and says what is accepted', () => {
  assert.match(complaint('{minVersion: VersionTLS9}'), /minVersion" must be one of VersionTLS10, VersionTLS11/);
  assert.match(complaint('{maxVersion: tls13}'), /maxVersion" must be one of/);
  assert.match(
    complaint('{minVersion: VersionTLS13, maxVersion: VersionTLS12}'),
    /"minVersion" is VersionTLS13, which is above/,
  );
  assert.match(complaint('{cipherSuites: [AES]}'), /"cipherSuites" has no cipher suite "AES"; known: TLS_/);
  assert.match(
    complaint('{curvePreferences: [P-256]}'),
    /"curvePreferences" has no curve "P-256"; known: X25519MLKEM768/,
  );
  assert.match(
    complaint('{clientAuth: {clientAuthType: Maybe}}'),
    /clientAuthType" must be one of NoClientCert, Request/,
  );
  for (const type of ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert']) {
    assert.match(complaint(`{clientAuth: {clientAuthType: ${type}}}`), new RegExp(`is ${type}, which needs caFiles`));
  }
  assert.match(complaint('{clientAuth: {caFiles: [""]}}'), /caFiles\[0\]" must not be empty/);
  assert.match(complaint('{alpnProtocols: [""]}'), /must be names of 1 to 255/);
  assert.match(complaint(`{alpnProtocols: [${'a'.repeat(256)}]}`), /must be names of 1 to 255/);
  assert.match(complaint('{sniStrict: maybe}'), /"sniStrict" must be true or false/);
  assert.match(complaint('{sniStrikt: true}'), /unknown key "sniStrikt".*\(did you mean "sniStrict"\?\)/);
  assert.match(complaint('{cipherSuites: [TLS_RSA_WITH_RC4_128_SHA], maxVersion: VersionTLS12}'), /leaves no suite/);
});

test('options: what has no effect is a warning', () => {
  const old = decode('tls: {options: {o: {preferServerCipherSuites: true}}}');
  assert.deepEqual(old.tls.options.o, BUILT_IN_TLS_OPTIONS);
  assert.match(messages(old).join(), /^f:1:\d+: warning: "preferServerCipherSuites" is deprecated/);
  const broken = decode('tls: {options: {o: {cipherSuites: [TLS_RSA_WITH_3DES_EDE_CBC_SHA]}}}');
  assert.equal(broken.tls.options.o!.minVersion, 'VersionTLS13');
  assert.match(messages(broken).join(), /warning: .* TLS_RSA_WITH_3DES_EDE_CBC_SHA, which this program never offers/);
});

test('curves: both spellings are one', () => {
  for (const name of CURVE_NAMES) {
    const other = name
      .replace('CurveP256', 'secp256r1')
      .replace('CurveP384', 'secp384r1')
      .replace('CurveP521', 'secp521r1');
    assert.equal(findCurve(other === name ? name.toLowerCase() : other), findCurve(name));
  }
});

test('certificates: each alone', () => {
  const decoded = decode(`tls:
  certificates:
    - {certFile: /a.crt, keyFile: /a.key}
    - {certFile: /b.crt}
    - {certFile: /c.crt, keyFile: /c.key, stores: [other]}
    - {certFile: /d.crt, keyFile: /d.key, stores: [default, acme-tls/1]}
    - {certFile: /e.crt, keyFile: /e.key, stores: []}
    - 7
`);
  assert.deepEqual(decoded.tls.certificates, [
    { certFile: '/a.crt', keyFile: '/a.key', stores: ['default'] },
    { certFile: '/c.crt', keyFile: '/c.key', stores: ['other'] },
    { certFile: '/e.crt', keyFile: '/e.key', stores: ['default'] },
  ]);
  assert.deepEqual(decoded.refused, ['tls.certificates[1]', 'tls.certificates[3]', 'tls.certificates[5]']);
  assert.deepEqual(messages(decoded), [
    'f:4:7: error: "keyFile" is required [tls.certificates[1]]',
    'f:5:7: warning: it is in no store that is served; only "default" is [tls.certificates[2]]',
    'f:6:43: error: "stores" must not have "acme-tls/1", which is reserved [tls.certificates[3]]',
    'f:8:7: error: this object must be a section with keys of its own [tls.certificates[5]]',
  ]);
  assert.deepEqual(decoded.positions?.get('tls.certificates[1]'), { line: 4, column: 7 });
});

test('a private key in the configuration never gets into a message', () => {
  const secret = 'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49';
  const key = `"-----BEGIN PRIVATE KEY-----\\n${secret}\\0"`;
  for (const text of [
    `tls: {certificates: [{certFile: a, keyFile: ${key}}]}`,
    `tls: {stores: {default: {defaultCertificate: {certFile: ${key}, keyFile: [${key}]}}}}`,
    `http: {serversTransports: {t: {certificates: [{certFile: a, keyFile: ${key}}], rootCAs: [${key}]}}}`,
  ]) {
    const decoded = decode(text);
    assert.ok(decoded.diagnostics.length > 0);
    assert.ok(!JSON.stringify(decoded.diagnostics).includes(secret), text);
  }
});

test('stores', () => {
  const decoded = decode(`tls: {stores: {
    default: {defaultCertificate: {certFile: a, keyFile: b}, defaultGeneratedCert: {resolver: le}}, other: {}, bad: {defaultCertificate: {certFile: a}} }}`);
  assert.deepEqual(decoded.tls.stores, { default: { defaultCertificate: { certFile: 'a', keyFile: 'b' } }, other: {} });
  assert.deepEqual(decoded.refused, ['tls.stores.bad']);
  const [generated, unused] = messages(decoded);
  assert.match(
    generated!,
    /warning: "defaultGeneratedCert" is known, but not supported by this version yet; it is ignored/,
  );
  assert.match(unused!, /warning: the store is not served; only "default" is \[tls.stores.other\]/);
});

test('sections of the wrong kind, unknown keys, names', () => {
  assert.deepEqual(decode('tls: 3').refused, ['tls']);
  assert.deepEqual(decode('tls: {options: []}').refused, ['tls.options']);
  assert.deepEqual(decode('tls: {certificates: {}}').refused, ['tls.certificates']);
  assert.deepEqual(decode('tls: {option: {}}').refused, ['tls']);
  assert.deepEqual(decode('{').refused, ['http', 'tcp', 'udp', 'tls']);
  assert.deepEqual(decode('htp: {}').refused, ['http', 'tcp', 'udp', 'tls']);
  assert.deepEqual(decode('tls: {options: {a@b: {}, __proto__: {}}}').refused, [
    'tls.options.a@b',
    'tls.options.__proto__',
  ]);
  const twice = decode('tls: {options: {a: {}, b: {}, a: {sniStrict: true}}}');
  assert.deepEqual([Object.keys(twice.tls.options), twice.refused], [['b'], ['tls.options.a']]);
  for (const text of ['tls:', 'tls: {}', 'tls: {certificates: }', 'tls: {options: {}, stores: {x: }}']) {
    const { tls, diagnostics } = decode(text);
    assert.deepEqual([tls, diagnostics], [{ certificates: [], options: {}, stores: {} }, []], text);
  }
});
