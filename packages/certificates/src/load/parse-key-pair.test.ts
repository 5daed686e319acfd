import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { KeyKind } from '@sluice/protocols';
import { openssl } from '../../../../test/support/openssl.ts';
import { MadeCertificates, type MadePair, RSA_KEY } from '../../test/support/made-certificates.ts';
import { canonicalAddress } from './certificate-names.ts';
import { parseKeyPair } from './parse-key-pair.ts';

const textOf = (path: string) => readFileSync(path, 'latin1');
const parse = ({ certFile, keyFile }: MadePair) => parseKeyPair(textOf(certFile), textOf(keyFile));

/** The message of the error; that nothing of the key is in it is checked on the way. */
function complaint(certificate: string, key: string): string {
  try {
    parseKeyPair(certificate, key);
  } catch (error) {
    const shown = inspect(error);
    for (const line of key.split('\n')) if (/^[A-Za-z0-9+/=]{20,}$/.test(line)) assert.ok(!shown.includes(line), shown);
    return (error as Error).message;
  }
  return assert.fail('it was accepted');
}

test('names: common name, DNS names and addresses, each once and in one form', (context) => {
  const made = new MadeCertificates(context);
  const pair = parse(
    made.make({
      commonName: 'Main.Example.COM',
      names: [
        'DNS:main.example.com',
        'DNS:*.Example.com',
        'IP:192.0.2.7',
        'IP:2001:DB8:0:0::1',
        'email:a@b',
        'URI:spiffe://x/y',
      ],
    }),
  );
  assert.deepEqual(pair.names, ['main.example.com', '*.example.com', '192.0.2.7', '2001:db8::1']);
  assert.equal(pair.nameKey, '*.example.com,192.0.2.7,2001:db8::1,main.example.com');
  assert.equal(pair.commonName, 'Main.Example.COM');
  assert.deepEqual(pair.dnsNames, ['main.example.com', '*.Example.com']);
  assert.match(pair.serialNumber, /^[1-9]\d{10,}$/);
  assert.equal(Math.round((pair.notAfter - pair.notBefore) / 86_400_000), 30);
});

test('names: a common name that is none counts, a certificate without any has none', (context) => {
  const made = new MadeCertificates(context);
  assert.deepEqual(parse(made.make({ commonName: 'Some Service' })).names, ['some service']);
  assert.deepEqual(parse(made.make({})).names, []);
});

test('addresses have one form', () => {
  const cases = { '192.0.2.1': '192.0.2.1', '::FFFF:192.0.2.1': '192.0.2.1', '2001:DB8:0:0:0:0:0:1': '2001:db8::1' };
  for (const [text, expected] of Object.entries(cases)) assert.equal(canonicalAddress(text), expected);
  for (const text of ['a.example', '10.1', '1.2.3.256', 'fe80::g', ''])
    assert.equal(canonicalAddress(text), undefined, text);
});

test('kinds of keys', (context) => {
  const made = new MadeCertificates(context);
  const curve = (name: string) => ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`];
  const kindOf = (key: readonly string[]) => parse(made.make({ commonName: 'a', key })).keyKind;
  assert.equal(kindOf(RSA_KEY), KeyKind.RSA);
  assert.equal(kindOf(curve('P-256')), KeyKind.P256);
  assert.equal(kindOf(curve('P-384')), KeyKind.P384);
  assert.equal(kindOf(curve('P-521')), KeyKind.P521);
  assert.equal(kindOf(['ed25519']), KeyKind.ED25519);
  const odd = made.make({ commonName: 'a', key: curve('secp256k1') });
  assert.match(
    complaint(textOf(odd.certFile), textOf(odd.keyFile)),
    /the key is on the curve secp256k1; accepted: RSA/,
  );
});

test('keys in their older forms', (context) => {
  const made = new MadeCertificates(context);
  const rsa = made.make({ commonName: 'a', key: RSA_KEY });
  const ec = made.make({ commonName: 'b' });
  const traditional = openssl('pkey', '-in', rsa.keyFile, '-traditional');
  assert.match(traditional, /BEGIN RSA PRIVATE KEY/);
  assert.equal(parseKeyPair(textOf(rsa.certFile), traditional).keyKind, KeyKind.RSA);
  const withParameters = `${openssl('ecparam', '-name', 'prime256v1')}${openssl('pkey', '-in', ec.keyFile, '-traditional')}`;
  assert.match(withParameters, /BEGIN EC PARAMETERS[\s\S]*BEGIN EC PRIVATE KEY/);
  assert.equal(parseKeyPair(`some text\n${textOf(ec.certFile)}`, withParameters).keyKind, KeyKind.P256);
});

test('chains: the leaf comes first, everything else is dropped from the text', (context) => {
  const made = new MadeCertificates(context);
  const leaf = made.make({ commonName: 'leaf' });
  const other = made.make({ commonName: 'other' });
  const chain = `# comment\n${textOf(leaf.certFile)}\n${textOf(leaf.keyFile)}\n${textOf(other.certFile)}`;
  const pair = parseKeyPair(chain, textOf(leaf.keyFile));
  assert.equal(pair.chainPem.match(/BEGIN CERTIFICATE/g)!.length, 2);
  assert.ok(!pair.chainPem.includes('KEY') && !pair.chainPem.includes('comment'));
  assert.notEqual(pair.id, parse(leaf).id);
  assert.equal(parse(leaf).id, parse(leaf).id);
  assert.match(
    complaint(textOf(other.certFile) + textOf(leaf.certFile), textOf(leaf.keyFile)),
    /belongs to certificate number 2/,
  );
});

test('responders for stapling', (context) => {
  const made = new MadeCertificates(context);
  const extensions = ['authorityInfoAccess=OCSP;URI:http://ocsp.example/x,caIssuers;URI:http://ca.example/'];
  assert.deepEqual(parse(made.make({ commonName: 'a', extensions })).ocspUrls, ['http://ocsp.example/x']);
  assert.deepEqual(parse(made.make({ commonName: 'a' })).ocspUrls, []);
});

test('what is wrong is said without showing anything of the key', (context) => {
  const made = new MadeCertificates(context);
  const [one, two] = [made.make({ commonName: 'one' }), made.make({ commonName: 'two' })];
  const [certificate, key] = [textOf(one.certFile), textOf(one.keyFile)];
  const encrypted = openssl('pkey', '-in', one.keyFile, '-aes128', '-passout', 'pass:secret');
  const encryptedBefore = openssl('pkey', '-in', one.keyFile, '-traditional', '-aes128', '-passout', 'pass:secret');
  assert.match(encryptedBefore, /Proc-Type: 4,ENCRYPTED/);
  const weak = made.make({ commonName: 'w', key: ['rsa:512'] });
  const damaged = key.replace(/\n(.)/, (_, first) => `\n${first === 'N' ? 'O' : 'N'}`);
  const cases: readonly (readonly [string, string, RegExp])[] = [
    [certificate, textOf(two.keyFile), /^the key does not belong to the certificate$/],
    ['', key, /^the certificate holds no certificate in PEM$/],
    [key, key, /^the certificate holds no certificate in PEM$/],
    [certificate.replace('MII', 'MIJ'), key, /^the certificate holds a certificate \(number 1\) that cannot be read$/],
    [certificate, certificate, /^the key is no private key in PEM$/],
    [certificate, damaged, /^the key cannot be read as a private key$/],
    [certificate, encrypted, /^the key is encrypted; keys must be stored without a passphrase$/],
    [certificate, encryptedBefore, /^the key is encrypted; keys must be stored without a passphrase$/],
    [certificate, key.replace('-----END', '----END'), /^the key is no private key in PEM$/],
    [textOf(weak.certFile), textOf(weak.keyFile), /^the key has 512 bits; RSA keys need at least 1024$/],
    [certificate.repeat(21), key, /^the certificate holds 21 certificates; at most 20/],
  ];
  for (const [certificateText, keyText, expected] of cases) assert.match(complaint(certificateText, keyText), expected);
});

test('a pair that is printed or serialised shows no key', (context) => {
  const made = new MadeCertificates(context).make({ commonName: 'a' });
  const pair = parse(made);
  const body = textOf(made.keyFile).split('\n')[1]!;
  assert.ok(pair.keyPem.reveal().includes('PRIVATE KEY'));
  for (const shown of [inspect(pair, { depth: 9, showHidden: true }), JSON.stringify(pair), `${pair.keyPem}`]) {
    assert.ok(!shown.includes(body) && !shown.includes('PRIVATE KEY'), shown);
  }
});
