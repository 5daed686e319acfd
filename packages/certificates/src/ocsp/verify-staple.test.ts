import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { OcspAuthority } from '../../test/support/ocsp-authority.ts';
import { CertificateError } from '../load/certificate-error.ts';
import { ocspTarget } from './ocsp-target.ts';
import { verifyStaple } from './verify-staple.ts';

const DAY_MS = 86_400_000;

function made(context: TestContext, key?: readonly string[]) {
  const authority = new OcspAuthority(context, key);
  const pair = authority.issue('a.example');
  authority.set(pair, 'good');
  const target = ocspTarget(pair.chainPem);
  const respond = (options: readonly string[] = []): Buffer => authority.respond(target.request, options);
  return { authority, pair, target, respond };
}

test('a good response of the issuer verifies, whatever its key', (context) => {
  for (const key of [undefined, ['rsa:2048'], ['ed25519']]) {
    const { respond, target } = made(context, key);
    const der = respond();
    const staple = verifyStaple(der, target, Date.now());
    assert.equal(staple.isRevoked, false);
    assert.equal(staple.der, der);
    assert.equal(staple.nextUpdateMs! - staple.thisUpdateMs, 4 * DAY_MS);
    assert.ok(Math.abs(staple.thisUpdateMs - Date.now()) < 60_000);
  }
});

test('the responder may be named by its key, sign with another hash, and leave the end open', (context) => {
  const { authority, respond, target } = made(context);
  assert.equal(verifyStaple(respond(['-resp_key_id', '-rmd', 'sha512']), target, Date.now()).isRevoked, false);
  const open = verifyStaple(authority.respond(target.request, [], 0), target, Date.now());
  assert.equal(open.nextUpdateMs, undefined);
});

test('revoked is said, unknown is refused', (context) => {
  const { authority, respond, target } = made(context);
  const other = authority.issue('b.example');
  const otherTarget = ocspTarget(other.chainPem);
  assert.throws(() => verifyStaple(authority.respond(otherTarget.request), otherTarget, Date.now()), /is unknown/);
  authority.set(other, 'revoked');
  assert.equal(verifyStaple(authority.respond(otherTarget.request), otherTarget, Date.now()).isRevoked, true);
  assert.equal(verifyStaple(respond(), target, Date.now()).isRevoked, false);
});

test('a response about another certificate, or by another authority, is refused', (context) => {
  const { authority, target } = made(context);
  const other = authority.issue('b.example');
  authority.set(other, 'good');
  const about = authority.respond(ocspTarget(other.chainPem).request);
  assert.throws(() => verifyStaple(about, target, Date.now()), /not about this certificate/);
  // The same names and serial numbers, another key.
  const impostor = made(context);
  assert.throws(() => verifyStaple(impostor.respond(), target, Date.now()), /not about this certificate/);
});

test('somebody else may answer only if the issuer has appointed him for it', (context) => {
  const { authority, respond, target } = made(context);
  const appointed = respond(authority.delegate('OCSPSigning'));
  assert.equal(verifyStaple(appointed, target, Date.now()).isRevoked, false);
  assert.equal(
    verifyStaple(respond([...authority.delegate('OCSPSigning'), '-resp_key_id']), target, Date.now()).isRevoked,
    false,
  );
  const refused = /not signed by the issuer/;
  for (const usage of ['serverAuth', 'clientAuth,emailProtection']) {
    assert.throws(() => verifyStaple(respond(authority.delegate(usage)), target, Date.now()), refused, usage);
  }
  const foreign = new OcspAuthority(context).delegate('OCSPSigning');
  assert.throws(() => verifyStaple(respond(foreign), target, Date.now()), refused);
  const withoutCertificate = respond([...authority.delegate('OCSPSigning'), '-resp_no_certs']);
  assert.throws(() => verifyStaple(withoutCertificate, target, Date.now()), refused);
  const ended = Date.now() + 3 * DAY_MS;
  assert.equal(verifyStaple(appointed, target, ended).isRevoked, false);
});

test('only what is current is good', (context) => {
  const { respond, target } = made(context);
  const der = respond();
  assert.throws(() => verifyStaple(der, target, Date.now() - 3_600_000), /from the future/);
  assert.equal(verifyStaple(der, target, Date.now() - 60_000).isRevoked, false, 'clocks differ a little');
  assert.throws(() => verifyStaple(der, target, Date.now() + 4 * DAY_MS), /out of date/);
});

test('a signature with SHA-1 is refused', (context) => {
  const { respond, target } = made(context);
  assert.throws(() => verifyStaple(respond(['-rmd', 'sha1']), target, Date.now()), /not supported/);
});

test('no byte can be changed without being noticed, and no rubbish is more than an error', (context) => {
  const { authority, respond, target } = made(context);
  const der = respond(authority.delegate('OCSPSigning'));
  const accepted = verifyStaple(der, target, Date.now());
  const signed = [accepted.isRevoked, accepted.thisUpdateMs, accepted.nextUpdateMs];
  for (let at = 0; at < der.length; at++) {
    const changed = Buffer.from(der);
    changed[at]! ^= 1 << (at % 8);
    try {
      const { isRevoked, thisUpdateMs, nextUpdateMs } = verifyStaple(changed, target, Date.now());
      // Bits that nothing hangs on, such as those of the outer certificate's encoding.
      assert.deepEqual([isRevoked, thisUpdateMs, nextUpdateMs], signed);
    } catch (error) {
      assert.ok(error instanceof CertificateError, String(error));
    }
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(der.length), (bytes, at) => {
      const spliced = Buffer.concat([der.subarray(0, at), bytes]);
      fc.pre(!spliced.equals(der));
      assert.throws(() => verifyStaple(spliced, target, Date.now()), CertificateError);
    }),
  );
  for (const status of [1, 2, 3, 5, 6, 9]) {
    assert.throws(() => verifyStaple(Buffer.of(0x30, 3, 0x0a, 1, status), target, Date.now()), /the responder says/);
  }
});

test('certificates that cannot be asked about say why', (context) => {
  const { pair } = made(context);
  const [leaf] = pair.chainPem.split(/(?<=-----END CERTIFICATE-----\n)/);
  assert.throws(() => ocspTarget(leaf!), /comes without that of its issuer/);
  assert.throws(() => ocspTarget(leaf! + made(context).pair.chainPem), /is not signed by the next one/);
  assert.throws(() => ocspTarget(leaf! + leaf!), /is not signed by the next one/);
});
