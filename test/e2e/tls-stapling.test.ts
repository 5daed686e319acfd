// Answers of an OCSP responder come with the handshake: openssl is the authority, the responder and the client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EchoOrigin } from '../support/echo-origin.ts';
import { eventually } from '../support/eventually.ts';
import { OcspResponder } from '../support/ocsp-responder.ts';
import { sClient } from '../support/s-client.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'stapled.example.test';

test('a staple is fetched and shown to who asks', { timeout: 150_000 }, async (context) => {
  const secure = await SecureSite.create(context, {}, { ocsp: {} });
  const { authority, securePort: port } = secure;
  const responder = await OcspResponder.start(context, authority);
  const extensions = [`authorityInfoAccess = OCSP;URI:${responder.url}`];
  const { certFile, keyFile } = secure.issueWith({ names: [NAME], extensions });
  const chain = authority.write(
    'chain.crt',
    `${readFileSync(certFile, 'utf8')}${readFileSync(authority.certFile, 'utf8')}`,
  );
  const origin = await EchoOrigin.start(context);
  secure.site.writeDynamic(securedTo({ servers: [origin.url], certificates: [{ certFile: chain, keyFile }] }));
  await secure.site.serve();
  const shake = (...words: readonly string[]) =>
    sClient({ port, name: NAME, authorityFile: authority.certFile, words });
  let output = '';
  await eventually(
    () => `a staple: ${output}`,
    async () => {
      ({ output } = await shake('-status', '-tls1_3'));
      return /OCSP Response Status: successful/.test(output);
    },
  );
  assert.match(output, /Cert Status: good/);
  assert.match((await shake('-status', '-tls1_2')).output, /Cert Status: good/);
  assert.doesNotMatch((await shake()).output, /OCSP Response Status/);
  assert.ok(responder.asked >= 1 && responder.asked < 10, `asked ${responder.asked} times`);
});
