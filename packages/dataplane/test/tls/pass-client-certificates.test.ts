// Certificates of clients on their way to a server, through the whole data path: what it is told is what the handshake has shown,
// never what a request says of itself.

import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import { ClientAuth } from '@sluice/routing';
import { issue } from '../../../../test/support/issued-certificates.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads } from '../../src/testing/raw-server.ts';
import { material, NAME, optionSet } from '../support/made-tls.ts';
import { ask, closeClients, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const authority = issue({ authority: true, commonName: 'clients' });
const known = issue({ commonName: 'known client', usage: 'client', issuer: authority });
const FORGED = 'X-Forwarded-Tls-Client-Cert: forged\r\nX-Forwarded-Tls-Client-Cert-Info: Subject%3D%22CN%3Droot%22\r\n';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n${FORGED}\r\n`;

for (const insecure of [false, true]) {
  it(`a forged field never stands beside the true one${insecure ? ', even where every peer is trusted' : ''}`, async () => {
    const asking = optionSet('default', {
      clientAuth: ClientAuth.VERIFY_IF_GIVEN,
      clientAuthorities: authority.chain,
    });
    proxy = await startProxy(answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), {
      tls: material({ optionSets: [asking] }),
      routerTls: '{}',
      forwardedHeaders: { insecure },
      middlewares: { pass: 'passTLSClientCert: { pem: true, info: { subject: { commonName: true } } }' },
    });
    const socket = await secured(proxy.port, { cert: known.chain, key: known.key });
    for (let i = 0; i < 2; i++) await ask(socket, GET, 'ok');
    const lines = proxy.server.received.split('\r\n').filter((line) => /^x-forwarded-tls/i.test(line));
    const expected = [
      `X-Forwarded-Tls-Client-Cert: ${known.der.toString('base64')}`,
      'X-Forwarded-Tls-Client-Cert-Info: Subject%3D%22CN%3Dknown+client%22',
    ];
    assert.deepEqual(lines, [...expected, ...expected]);
    const before = proxy.server.received.length;
    await ask(await secured(proxy.port), GET, 'ok');
    assert.equal(proxy.server.received.slice(before).includes('forged'), insecure);
  });
}
