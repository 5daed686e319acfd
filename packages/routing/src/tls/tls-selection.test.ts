import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClientHello, KeyKind, TlsVersion } from '@sluice/protocols';
import { EntryPointHosts } from './entry-point-tls.ts';
import { isMisdirected, suiteKeyKinds, TlsSelection, usableKeyKinds } from './tls-selection.ts';
import { ClientAuth, NO_CERTIFICATE, type OptionSet, type TlsTables } from './tls-tables.ts';

const OPTIONS: OptionSet = {
  name: 'default',
  minVersion: 0x0303,
  maxVersion: 0x0304,
  ciphers: ['ECDHE-RSA-AES128-GCM-SHA256'],
  cipherKeyKinds: KeyKind.RSA,
  groups: [],
  clientAuth: ClientAuth.NONE,
  clientAuthorities: '',
  sniStrict: false,
  alpnProtocols: ['h2', 'http/1.1'],
  anyProtocolInTcp: false,
  sessionTickets: true,
};

const [DEFAULT, EXACT_EC, EXACT_RSA, WILD_RSA, WILD_EC, ADDRESS] = [0, 1, 2, 3, 4, 5];

const TABLES: TlsTables = {
  certificates: [KeyKind.RSA, KeyKind.P256, KeyKind.RSA, KeyKind.RSA, KeyKind.P384, KeyKind.RSA].map(
    (keyKind, index) => ({
      id: `c${index}`,
      keyKind,
    }),
  ),
  exact: {
    'a.example.com': [EXACT_EC, EXACT_RSA],
    'ec.example.com': [EXACT_EC],
    '192.0.2.1': [ADDRESS],
    '2001:db8::1': [ADDRESS],
  },
  wildcard: { '*.example.com': [WILD_EC, WILD_RSA] },
  defaultCertificate: DEFAULT,
  optionSets: [OPTIONS, { ...OPTIONS, name: 'strict@file', sniStrict: true }],
};

const BOTH = KeyKind.RSA | KeyKind.P256 | KeyKind.P384;

test('certificates: exact names first, then what the client can verify', () => {
  const selection = new TlsSelection(JSON.parse(JSON.stringify(TABLES)));
  const choose = (name: string, kinds: number) => selection.certificate(name, kinds, false);
  assert.equal(choose('a.example.com', BOTH), EXACT_EC);
  assert.equal(choose('a.example.com', KeyKind.RSA), EXACT_RSA);
  assert.equal(choose('ec.example.com', KeyKind.RSA), WILD_RSA);
  assert.equal(choose('ec.example.com', 0), EXACT_EC);
  assert.equal(choose('b.example.com', BOTH), WILD_EC);
  assert.equal(choose('b.example.com', KeyKind.RSA | KeyKind.P256), WILD_RSA);
  assert.equal(choose('192.0.2.1', BOTH), ADDRESS);
  assert.equal(choose('2001:db8::1', BOTH), ADDRESS);
});

test('certificates: one label at a time, and what is left gets the default one or nothing', () => {
  const selection = new TlsSelection(TABLES);
  for (const name of ['example.com', 'x.b.example.com', 'localhost', '', 'b.example.org', 'constructor', '__proto__']) {
    assert.equal(selection.certificate(name, BOTH, false), DEFAULT, name);
    assert.equal(selection.certificate(name, BOTH, true), NO_CERTIFICATE, name);
  }
  assert.equal(selection.certificate('b.example.com', BOTH, true), WILD_EC);
  assert.equal(
    new TlsSelection({ ...TABLES, defaultCertificate: NO_CERTIFICATE }).certificate('x', BOTH, false),
    NO_CERTIFICATE,
  );
});

test('options: exact, wildcard, then those of the entry point', () => {
  const hosts = { 'a.example.com': 'strict@file', '*.example.com': 'default', 'closed.example.com': null };
  const web = new EntryPointHosts({ hosts, fallback: 'default' });
  assert.equal(web.optionsFor('a.example.com'), 'strict@file');
  assert.equal(web.optionsFor('b.example.com'), 'default');
  assert.equal(web.optionsFor('closed.example.com'), null);
  assert.equal(web.optionsFor(''), 'default');
  assert.equal(web.optionsFor('x.b.example.com'), 'default');
  const broken = new EntryPointHosts({ hosts: { 'a.example.com': 'strict@file' }, fallback: null });
  assert.equal(broken.optionsFor('a.example.com'), 'strict@file');
  assert.equal(broken.optionsFor('other'), null);
  assert.equal(broken.optionsFor(''), null);
  assert.equal(broken.optionsFor('constructor'), null);
  const selection = new TlsSelection(TABLES);
  assert.equal(selection.optionSet('strict@file')?.sniStrict, true);
  assert.equal(selection.optionSet('gone@file'), undefined);
  assert.ok(isMisdirected('strict@file', 'default'));
  assert.ok(!isMisdirected('default', 'default'));
});

test('usable keys: by version, and in TLS 1.2 by the suites of the options', () => {
  const hello = new ClientHello();
  hello.reset();
  hello.versions = TlsVersion.TLS12 | TlsVersion.TLS13;
  hello.schemeKinds13 = KeyKind.P256;
  hello.suiteFamilies = 7;
  assert.equal(usableKeyKinds(hello, OPTIONS), KeyKind.P256);
  assert.equal(usableKeyKinds(hello, { ...OPTIONS, maxVersion: 0x0303 }), KeyKind.RSA);
  hello.versions = TlsVersion.TLS12;
  assert.equal(usableKeyKinds(hello, OPTIONS), KeyKind.RSA);
  const kinds = suiteKeyKinds('ECDHE-ECDSA-AES128-SHA') | suiteKeyKinds('ECDHE-RSA-AES128-SHA');
  assert.notEqual(usableKeyKinds(hello, { ...OPTIONS, cipherKeyKinds: kinds }) & KeyKind.P256, 0);
  assert.equal(suiteKeyKinds('AES128-SHA'), KeyKind.RSA);
});
