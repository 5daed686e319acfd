// Names in certificates as OpenSSL makes them, with the forms that need care: wildcards, URIs, quotes and commas, common names.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { issue } from '../../../../test/support/issued-certificates.ts';
import { openssl, requireOpenssl } from '../../../../test/support/openssl.ts';
import { hasPeerName } from './peer-names.ts';

let folder = '';

before(() => {
  requireOpenssl();
  folder = mkdtempSync(join(tmpdir(), 'sluice-names-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function certificate(alternativeNames: string, commonName = 'common.test'): Buffer {
  const out = join(folder, 'certificate.pem');
  const names = alternativeNames === '' ? [] : ['-addext', `subjectAltName=${alternativeNames}`];
  const subject = ['-subj', `/CN=${commonName}`, '-days', '2', '-nodes'];
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-keyout', join(folder, 'key.pem'), '-out', out, ...subject, ...names);
  return new X509Certificate(readFileSync(out)).raw;
}

const dns = (value: string) => [{ type: 'DNSName', value }] as const;
const uri = (value: string) => [{ type: 'URI', value }] as const;

describe('hasPeerName', () => {
  it('finds DNS names and URIs, and nothing else', () => {
    const leaf = certificate('DNS:a.test,DNS:*.wild.test,URI:spiffe://x.test/Service,IP:127.0.0.1');
    assert.ok(hasPeerName(leaf, dns('a.test')));
    assert.ok(hasPeerName(leaf, dns('A.TEST')));
    assert.ok(hasPeerName(leaf, dns('b.wild.test')));
    assert.ok(hasPeerName(leaf, uri('SPIFFE://x.test/service')));
    assert.ok(hasPeerName(leaf, [...dns('no.test'), ...uri('spiffe://x.test/service')]));
    for (const name of ['b.test', 'wild.test', 'a.b.wild.test', 'common.test', '127.0.0.1']) {
      assert.ok(!hasPeerName(leaf, dns(name)), name);
    }
    for (const name of ['spiffe://x.test/serv', 'a.test', 'DNS:a.test']) assert.ok(!hasPeerName(leaf, uri(name)), name);
    assert.ok(!hasPeerName(leaf, []));
  });

  it('is not taken in by a name that looks like several', () => {
    for (const name of ['a.test, URI:spiffe://x.test/service', '"a.test", URI:spiffe://x.test/service']) {
      assert.ok(!hasPeerName(issue({ names: [name] }).der, uri('spiffe://x.test/service')), name);
    }
  });

  it('never takes a common name, nor a certificate that is not there', () => {
    assert.ok(!hasPeerName(certificate(''), dns('common.test')));
    assert.ok(!hasPeerName(undefined, dns('common.test')));
  });
});
