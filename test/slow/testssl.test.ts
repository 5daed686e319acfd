// What testssl.sh thinks of the defaults: of a certificate of either key kind, signed by an authority that it is told to trust.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EchoOrigin } from '../support/echo-origin.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { requireTestssl, testssl } from '../support/testssl.ts';

const NAME = 'www.example.test';
const BAD = ['HIGH', 'CRITICAL', 'FATAL'];

/** A certificate without any word on revocation is a finding. Nobody listens there; nobody asks. */
const REVOCATION = 'authorityInfoAccess = OCSP;URI:http://127.0.0.1:1/';

test('testssl.sh finds nothing bad', { timeout: 900_000 }, async (context) => {
  requireTestssl(context);
  const secure = await SecureSite.create(context);
  const { authority, site, securePort } = secure;
  const origin = await EchoOrigin.start(context);
  const certificates = (['rsa', 'ecdsa'] as const).map((key) =>
    secure.issueWith({ names: [NAME], key, extensions: [REVOCATION] }),
  );
  site.writeDynamic(securedTo({ servers: [origin.url], certificates }));
  const node = await site.serve();
  const findings = await testssl(authority, NAME, securePort);
  const bad = findings.filter(({ severity }) => BAD.includes(severity));
  assert.deepEqual(bad, []);
  // It did look, and saw what is there.
  const found = (id: string) => findings.find((each) => each.id === id)?.finding ?? 'nothing';
  for (const id of ['SSLv2', 'SSLv3', 'TLS1', 'TLS1_1']) assert.match(found(id), /not offered/, id);
  for (const id of ['TLS1_2', 'TLS1_3']) assert.match(found(id), /^offered/, id);
  assert.match(found('ALPN_HTTP2'), /h2/);
  assert.match(found('heartbleed'), /not vulnerable/);
  assert.match(found('secure_client_renego'), /not vulnerable/);
  assert.ok(node.workerPids.length === 2, 'the workers that began are there');
  for (const each of findings.filter(({ severity }) => ['LOW', 'MEDIUM', 'WARN'].includes(severity))) {
    context.diagnostic(`${each.severity} ${each.id}: ${each.finding}`);
  }
});
