import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { openssl } from '../../../../test/support/openssl.ts';
import { MadeCertificates } from '../../test/support/made-certificates.ts';
import { encode, integer, objectIdentifier, sequence, time } from './der-writer.ts';
import { DEFAULT_CERTIFICATE_FILE, keptDefaultCertificate } from './kept-default-certificate.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY = 86_400_000;

test('DER: lengths, integers, identifiers, times', () => {
  assert.equal(encode(4, Buffer.alloc(127)).subarray(0, 2).toString('hex'), '047f');
  assert.equal(encode(4, Buffer.alloc(128)).subarray(0, 3).toString('hex'), '048180');
  assert.equal(encode(4, Buffer.alloc(65_536)).subarray(0, 5).toString('hex'), '0483010000');
  assert.equal(integer(Buffer.of(0, 0, 5)).toString('hex'), '020105');
  assert.equal(integer(Buffer.of(0x80)).toString('hex'), '02020080');
  assert.equal(integer(Buffer.of(0)).toString('hex'), '020100');
  assert.equal(objectIdentifier('1.2.840.113549.1.1.11').toString('hex'), '06092a864886f70d01010b');
  assert.equal(sequence().toString('hex'), '3000');
  assert.equal(
    time(new Date(Date.UTC(2049, 11, 31, 23, 59, 59, 999)))
      .subarray(2)
      .toString(),
    '491231235959Z',
  );
  assert.equal(
    time(new Date(Date.UTC(2050, 0, 1)))
      .subarray(2)
      .toString(),
    '20500101000000Z',
  );
});

test('openssl reads the certificate as it is described', async (context) => {
  const made = new MadeCertificates(context);
  const { certificatePem, keyPem } = await createSelfSignedCertificate(NOW);
  const path = made.write('default.crt', certificatePem);
  const text = openssl('x509', '-in', path, '-noout', '-text', '-certopt', 'no_pubkey,no_sigdump');
  for (const expected of [
    /Version: 3 \(0x2\)/,
    /Signature Algorithm: sha256WithRSAEncryption/,
    /Issuer: CN ?= ?SLUICE DEFAULT CERT/,
    /Subject: CN ?= ?SLUICE DEFAULT CERT/,
    /Not Before: Nov 21 12:00:00 2026 GMT/,
    /Not After : Nov 21 12:00:00 2027 GMT/,
    /Key Usage: critical\s+Digital Signature, Key Encipherment, Data Encipherment, Key Agreement\n/,
    /Extended Key Usage: \s+TLS Web Server Authentication\n/,
    /Basic Constraints: critical\s+CA:FALSE\n/,
    /Subject Alternative Name: \s+DNS:[0-9a-f]{32}\.[0-9a-f]{32}\.sluice\.default\n/,
  ]) {
    assert.match(text, expected);
  }
  assert.match(
    openssl('verify', '-check_ss_sig', '-CAfile', path, '-attime', `${NOW / 1000 + 60}`, '-partial_chain', path),
    /: OK/,
  );
  assert.equal(new X509Certificate(certificatePem).verify(new X509Certificate(certificatePem).publicKey), true);
  const modulus = (args: string[]) => openssl(...args, '-noout', '-modulus');
  assert.equal(modulus(['x509', '-in', path]), modulus(['rsa', '-in', made.write('default.key', keyPem.reveal())]));
});

test('it is made once and kept, readable by the owner alone', async (context) => {
  const made = new MadeCertificates(context);
  const folder = made.path('state/tls');
  const first = await keptDefaultCertificate(folder, NOW);
  assert.equal(first.problem, undefined);
  const file = `${folder}/${DEFAULT_CERTIFICATE_FILE}`;
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  const again = await keptDefaultCertificate(folder, NOW + 300 * DAY);
  assert.equal(again.pair.id, first.pair.id);
  assert.equal(again.pair.keyPem.reveal(), first.pair.keyPem.reveal());
  assert.deepEqual(readdirSync(folder), [DEFAULT_CERTIFICATE_FILE]);
  const renewed = await keptDefaultCertificate(folder, NOW + 340 * DAY);
  assert.notEqual(renewed.pair.id, first.pair.id);
  assert.equal((await keptDefaultCertificate(folder, NOW + 341 * DAY)).pair.id, renewed.pair.id);
});

test('a file that is broken, or that others may read, is replaced', async (context) => {
  const made = new MadeCertificates(context);
  const file = made.path(DEFAULT_CERTIFICATE_FILE);
  writeFileSync(file, 'rubbish', { mode: 0o600 });
  const first = await keptDefaultCertificate(made.folder, NOW);
  assert.ok(readFileSync(file, 'latin1').includes('BEGIN CERTIFICATE'));
  assert.equal((await keptDefaultCertificate(made.folder, NOW)).pair.id, first.pair.id);
  chmodSync(file, 0o644);
  const second = await keptDefaultCertificate(made.folder, NOW);
  assert.notEqual(second.pair.id, first.pair.id);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(made.folder), [DEFAULT_CERTIFICATE_FILE]);
});

test('several at the same time agree on one', async (context) => {
  const { folder } = new MadeCertificates(context);
  const all = await Promise.all(Array.from({ length: 4 }, () => keptDefaultCertificate(folder, NOW)));
  assert.equal(new Set(all.map(({ pair }) => pair.id)).size, 1);
  assert.deepEqual(readdirSync(folder), [DEFAULT_CERTIFICATE_FILE]);
});

test('a folder that cannot be written costs only the keeping', async (context) => {
  const made = new MadeCertificates(context);
  const inTheWay = made.write('file', '');
  const { pair, problem } = await keptDefaultCertificate(`${inTheWay}/folder`, NOW);
  assert.deepEqual(pair.names.length, 2);
  assert.match(problem!, /^the generated default certificate cannot be kept in .*\/file\/folder \((ENOTDIR|EEXIST)\)$/);
  assert.ok(!existsSync(`${inTheWay}/folder`));
});
