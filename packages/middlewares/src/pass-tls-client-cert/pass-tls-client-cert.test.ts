import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openssl, requireOpenssl } from '../../../../test/support/openssl.ts';
import { Verdict } from '../interface/middleware.ts';
import { passTlsClientCert } from '../registry.ts';
import { makeMiddleware, problemsOf, TestExchange } from '../testing/index.ts';

const ALL_PARTS = {
  country: true,
  province: true,
  locality: true,
  organization: true,
  commonName: true,
  serialNumber: true,
  domainComponent: true,
};
const PEM = 'x-forwarded-tls-client-cert';
const INFO = 'x-forwarded-tls-client-cert-info';

let folder: string;
let authority: Buffer;
let client: Buffer;

before(() => {
  requireOpenssl();
  folder = mkdtempSync(join(tmpdir(), 'sluice-client-cert-'));
  authority = make('authority', '/C=FR/C=US/ST=Region/L=Town/O=Authority/OU=Hidden/serialNumber=77/CN=Root & Co');
  const names =
    'URI:https://u.example/a?b,IP:2001:DB8:0::1,email:a@b.example,DNS:*.z.example,IP:192.0.2.7,DNS:a.example';
  const subject =
    '/DC=org/CN=first/DC=example/C=DE/ST=Hessen/L=Köln+O=Ä, Söhne/O=Two/OU=One/OU=Other/serialNumber=0815/CN=client "x"';
  client = make('client', subject, [
    ...['-CA', path('authority.crt'), '-CAkey', path('authority.key'), '-set_serial', '0x81020304050607080910111213'],
    ...['-days', '20000', '-addext', `subjectAltName=${names}`],
  ]);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function path(name: string): string {
  return join(folder, name);
}

function make(name: string, subject: string, more: readonly string[] = []): Buffer {
  const files = ['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`)];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, ...files, '-utf8', '-multivalue-rdn', '-subj', subject, ...more);
  return new X509Certificate(readFileSync(path(`${name}.crt`))).raw;
}

function run(options: object, certificates: readonly Buffer[], fields: readonly (readonly [string, string])[] = []) {
  const exchange = new TestExchange({ secure: certificates.length > 0, clientCertificates: certificates, fields });
  assert.equal(makeMiddleware(passTlsClientCert, options).onRequest!(exchange), Verdict.NEXT);
  return exchange.request;
}

/** The value as a server reads it, after having checked that it is escaped. */
function info(options: object, certificates: readonly Buffer[]): string {
  const values = run({ info: options }, certificates).getAll(INFO);
  assert.equal(values.length, 1);
  assert.match(values[0]!, /^[A-Za-z0-9\-_.~+%]*$/);
  return decodeURIComponent(values[0]!.replaceAll('+', ' '));
}

test('all certificates go as base64, joined by commas, not escaped', () => {
  const request = run({ pem: true }, [client, authority]);
  const lines = ['client.crt', 'authority.crt'].map((name) =>
    readFileSync(path(name), 'latin1').replace(/-----[A-Z ]+-----|\n/g, ''),
  );
  assert.deepEqual(request.getAll(PEM), [lines.join(',')]);
  assert.equal(request.has(INFO), false);
});

test('names of subject and issuer in the order that servers expect', () => {
  assert.equal(
    info({ subject: { ...ALL_PARTS, organizationalUnit: true }, issuer: ALL_PARTS }, [client]),
    'Subject="DC=org,DC=example,C=DE,ST=Hessen,L=Köln,O=Ä, Söhne,O=Two,OU=One,OU=Other,SN=0815,CN=client %22x%22";' +
      'Issuer="C=FR,C=US,ST=Region,L=Town,O=Authority,SN=77,CN=Root & Co"',
  );
});

test('only what is asked for is told, and nothing empty', () => {
  assert.equal(info({ subject: { locality: true }, issuer: { domainComponent: true } }, [client]), 'Subject="L=Köln"');
  assert.equal(info({ issuer: {}, subject: {}, sans: true }, [authority]), '');
});

test('serial number, validity and alternative names', () => {
  const serialNumber = BigInt('0x81020304050607080910111213');
  const { validFrom, validTo } = new X509Certificate(client);
  const [from, until] = [Date.parse(validFrom) / 1000, Date.parse(validTo) / 1000];
  const names = '*.z.example,a.example,a@b.example,2001:db8::1,192.0.2.7,https://u.example/a?b';
  assert.equal(
    info({ sans: true, notAfter: true, notBefore: true, serialNumber: true }, [client]),
    `SerialNumber="${serialNumber}";NB="${from}";NA="${until}";SAN="${names}"`,
  );
});

test('escaped as Go escapes a query', () => {
  const value = run({ info: { subject: { organization: true }, sans: true } }, [client]).get(INFO)!;
  assert.ok(value.startsWith('Subject%3D%22O%3D%C3%84%2C+S%C3%B6hne%2CO%3DTwo%22%3BSAN%3D%22%2A.z.example%2C'), value);
});

test('several certificates are joined by commas; one that cannot be read leaves its place empty', () => {
  const asked = { subject: { country: true } };
  assert.equal(info(asked, [client, authority]), 'Subject="C=DE",Subject="C=FR,C=US"');
  assert.equal(info(asked, [client.subarray(0, 100), authority]), ',Subject="C=FR,C=US"');
  for (let cut = 0; cut < client.length; cut += 7) assert.equal(info(asked, [client.subarray(0, cut)]), '', `${cut}`);
});

test('what was there is replaced when there is a certificate, and left alone when there is none', () => {
  const forged = [
    ['X-FORWARDED-TLS-CLIENT-CERT', 'forged'],
    ['x-forwarded-tls-client-cert-info', 'forged'],
    ['X-Forwarded-Tls-Client-Cert', 'again'],
  ] as const;
  const options = { pem: true, info: { subject: { country: true } } };
  const request = run(options, [client], forged);
  assert.deepEqual(request.getAll(PEM), [client.toString('base64')]);
  assert.deepEqual(request.getAll(INFO), ['Subject%3D%22C%3DDE%22']);
  assert.deepEqual(run(options, [], forged).getAll(PEM), ['forged', 'again']);
});

test('values are remembered by what the certificates are, not by where they lie', () => {
  const middleware = makeMiddleware(passTlsClientCert, { info: { subject: { country: true } } });
  const ask = (certificates: readonly Buffer[]): string | undefined => {
    const exchange = new TestExchange({ secure: true, clientCertificates: certificates });
    middleware.onRequest!(exchange);
    return exchange.request.get(INFO);
  };
  const bytes = Buffer.from(client);
  const expected = 'Subject%3D%22C%3DDE%22';
  assert.equal(ask([bytes]), expected);
  // The same memory, as a transport uses it again: another certificate with the same last bytes.
  bytes.write('FI', bytes.indexOf('DE', bytes.indexOf('example'), 'latin1'), 'latin1');
  assert.equal(ask([bytes]), expected.replace('DE', 'FI'));
  assert.equal(ask([client]), expected);
  assert.equal(ask([client, authority]), `${expected}%2CSubject%3D%22C%3DFR%2CC%3DUS%22`);
  for (let i = 0; i < 200; i++) {
    const other = Buffer.from(client);
    other.writeUInt32BE(i, other.length - 4);
    assert.equal(ask([other]), expected);
  }
  assert.equal(ask([client]), expected);
});

test('options: all are off, sections may be left out, unknown kinds are refused', () => {
  assert.deepEqual(passTlsClientCert.schema.parse({}), { pem: false });
  const { info: decoded } = passTlsClientCert.schema.parse({ info: { issuer: {} } });
  assert.deepEqual([decoded?.issuer?.country, decoded?.subject, decoded?.sans], [false, undefined, false]);
  assert.match(problemsOf(passTlsClientCert, { info: { notAfter: 'soon' } }), /notAfter/);
  const exchange = new TestExchange({ secure: true, clientCertificates: [client] });
  makeMiddleware(passTlsClientCert, {}).onRequest!(exchange);
  assert.equal(exchange.request.has(PEM) || exchange.request.has(INFO), false);
});
