// Every field of a set of TLS options, as clients meet it; which set a server name gets, and which certificate.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { KeyKind } from '@sluice/protocols';
import { ClientAuth, type OptionSet, type TlsMaterial } from '@sluice/routing';
import { type Issued, issue } from '../../../../test/support/issued-certificates.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads } from '../../src/testing/raw-server.ts';
import { certificate, type MadeMaterial, material, NAME, optionSet } from '../support/made-tls.ts';
import { ask, closeClients, rawSocket, refusal, secured, tlsSocket } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;

async function start(tls: TlsMaterial, options: ProxyOptions = {}): Promise<void> {
  proxy = await startProxy(answerHeads(OK), { tls, routerTls: '{}', ...options });
}

/** With these changes to the options `default`. */
function changed(changes: Partial<OptionSet>, more: MadeMaterial = {}): TlsMaterial {
  return material({ optionSets: [optionSet('default', changes)], ...more });
}

const alert = (name: string): RegExp => new RegExp(name.replaceAll('_', '.'), 'i');
const reasons = () => proxy.details.map(({ code, reason }) => `${code} ${reason ?? ''}`.trim());

describe('versions', () => {
  it('are those between the lowest and the highest', async () => {
    await start(changed({ maxVersion: 0x0303 }));
    assert.equal((await secured(proxy.port)).getProtocol(), 'TLSv1.2');
    assert.match((await refusal(proxy.port, { minVersion: 'TLSv1.3' }))!, alert('protocol_version'));
    proxy.dataplane.installTls(changed({ minVersion: 0x0304 }));
    assert.equal((await secured(proxy.port)).getProtocol(), 'TLSv1.3');
    assert.match((await refusal(proxy.port, { maxVersion: 'TLSv1.2' }))!, alert('protocol_version'));
    assert.match(reasons().join('\n'), /TLS_HANDSHAKE_FAILED unsupported protocol/);
  });

  it('are old ones too when asked for', async () => {
    await start(changed({ minVersion: 0x0301 }));
    const ciphers = 'DEFAULT@SECLEVEL=0';
    for (const version of ['TLSv1', 'TLSv1.1'] as const) {
      const socket = await secured(proxy.port, { minVersion: version, maxVersion: version, ciphers });
      assert.equal(socket.getProtocol(), version);
      assert.match(await ask(socket, GET, 'ok'), / 200 /);
    }
  });
});

describe('cipher suites', () => {
  it('are those of the set, in its order; TLS 1.3 has its own', async () => {
    await start(changed({ ciphers: ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-GCM-SHA256', 'NO-SUCH-SUITE'] }));
    const old = { maxVersion: 'TLSv1.2' } as const;
    assert.equal((await secured(proxy.port, old)).getCipher().name, 'ECDHE-ECDSA-AES128-SHA');
    const other = { ...old, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' };
    assert.match((await refusal(proxy.port, other))!, alert('handshake_failure'));
    assert.equal((await secured(proxy.port)).getProtocol(), 'TLSv1.3');
  });

  it('that nobody knows leave TLS 1.3, and without it no TLS at all', async () => {
    await start(changed({ ciphers: ['NO-SUCH-SUITE'] }), { faultsExpected: true });
    assert.equal((await secured(proxy.port)).getProtocol(), 'TLSv1.3');
    assert.match((await refusal(proxy.port, { maxVersion: 'TLSv1.2' }))!, alert('protocol_version'));
    assert.equal(proxy.faults.length, 0);
    proxy.dataplane.installTls(changed({ ciphers: ['NO-SUCH-SUITE'], maxVersion: 0x0303 }));
    for (let i = 0; i < 3; i++) assert.notEqual(await refusal(proxy.port), undefined);
    assert.equal(proxy.faults.length, 1, 'said once');
    assert.match(proxy.faults[0], /TLS_CONTEXT_FAILED.*default.*none of the cipher suites/);
  });
});

describe('groups', () => {
  it('are those of the set that the library has', async () => {
    await start(changed({ groups: ['no-such-group', 'P-384'] }));
    const socket = await secured(proxy.port);
    assert.equal((socket.getEphemeralKeyInfo() as tls.EphemeralKeyInfo).name, 'secp384r1');
    assert.match((await refusal(proxy.port, { ecdhCurve: 'P-256' }))!, alert('handshake_failure'));
  });

  it('of which none is known make a set that cannot be used', async () => {
    await start(changed({ groups: ['no-such-group'] }), { faultsExpected: true });
    await refusal(proxy.port);
    assert.match(proxy.faults.join(), /none of the curves/);
  });
});

describe('client certificates', () => {
  const authority = issue({ authority: true, commonName: 'clients' });
  const known = issue({ commonName: 'known', usage: 'client', issuer: authority });
  const stranger = issue({ commonName: 'stranger', usage: 'client' });
  const shown = (client: Issued | undefined) => (client === undefined ? {} : { cert: client.chain, key: client.key });
  const accepted: readonly (readonly [keyof typeof ClientAuth, readonly (Issued | undefined)[]])[] = [
    ['NONE', [undefined, known, stranger]],
    ['REQUEST', [undefined, known, stranger]],
    ['REQUIRE_ANY', [known, stranger]],
    ['VERIFY_IF_GIVEN', [undefined, known]],
    ['REQUIRE_AND_VERIFY', [known]],
  ];
  for (const [mode, clients] of accepted) {
    it(`mode ${mode}`, async () => {
      await start(changed({ clientAuth: ClientAuth[mode], clientAuthorities: authority.chain }));
      for (const client of [undefined, known, stranger]) {
        if (clients.includes(client)) {
          assert.match(await ask(await secured(proxy.port, shown(client)), GET, 'ok'), / 200 /);
        } else {
          const refused = await refusal(proxy.port, shown(client));
          assert.notEqual(refused, undefined);
          await proxy.server.until(() => reasons().some((each) => each.startsWith('TLS_HANDSHAKE_FAILED')), 'a reason');
        }
      }
    });
  }
});

describe('application protocols', () => {
  it('are chosen in the order of the set; a client without any is served', async () => {
    await start(changed({ alpnProtocols: ['custom', 'http/1.1'] }));
    const chosen = async (...ALPNProtocols: string[]) => (await secured(proxy.port, { ALPNProtocols })).alpnProtocol;
    assert.equal(await chosen('http/1.1', 'custom'), 'custom');
    assert.equal(await chosen('http/1.1'), 'http/1.1');
    assert.equal((await secured(proxy.port)).alpnProtocol, false);
    assert.match((await refusal(proxy.port, { ALPNProtocols: ['other'] }))!, alert('no_application_protocol'));
    const custom = await secured(proxy.port, { ALPNProtocols: ['custom'] });
    assert.match(await ask(custom, GET, 'ok'), / 200 /);
  });

  it('challenges of authorities are not taken for HTTP', async () => {
    await start(changed({}));
    assert.match((await refusal(proxy.port, { ALPNProtocols: ['acme-tls/1'] }))!, alert('no_application_protocol'));
  });

  it('h2 leads to HTTP/2; http/1.1 is let through where only h2 is listed', async () => {
    const both = { ALPNProtocols: ['h2', 'http/1.1'] };
    const opened: string[] = [];
    await start(changed({ alpnProtocols: ['h2'] }), {
      openHttp2: (from, tls, _bytes, start, end) => {
        opened.push(`${tls?.version} ${tls?.optionsName} ${end - start}`);
        from.closeGracefully();
      },
    });
    const h2 = tlsSocket(proxy.port, both);
    await once(h2, 'close');
    assert.equal(h2.alpnProtocol, 'h2');
    assert.deepEqual(opened, ['1.3 default 0']);
    const tolerated = await secured(proxy.port, { ALPNProtocols: ['http/1.1'] });
    assert.equal(tolerated.alpnProtocol, false);
    assert.match(await ask(tolerated, GET, 'ok'), / 200 /);
  });
});

describe('session tickets', () => {
  async function session(port: number, options: tls.ConnectionOptions): Promise<Buffer | undefined> {
    const socket = tlsSocket(port, options);
    let given: Buffer | undefined;
    socket.on('session', (bytes: Buffer) => {
      given = bytes;
    });
    await once(socket, 'secureConnect');
    await ask(socket, `GET / HTTP/1.1\r\nHost: ${options.servername ?? NAME}\r\n\r\n`, '\r\n\r\n');
    return given;
  }
  const resumes = async (options: tls.ConnectionOptions) => (await secured(proxy.port, options)).isSessionReused();

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are honoured under the options they were given under, and no others, ${maxVersion}`, async () => {
      const made = certificate([NAME, 'other.test', 'same.test']);
      const sets = [optionSet('default'), optionSet('other@file')];
      const dynamic = `
http:
  routers:
    all: { rule: "Host(\`${NAME}\`)", service: app, tls: {} }
    same: { rule: "Host(\`same.test\`)", service: app, tls: {} }
    other: { rule: "Host(\`other.test\`)", service: app, tls: { options: other } }
  services: { app: { loadBalancer: { servers: [ { url: SERVER } ] } } }
`;
      await start(material({ certificates: [made], optionSets: sets }), { dynamic });
      const given = (await session(proxy.port, { maxVersion }))!;
      assert.equal(await resumes({ maxVersion, session: given }), true);
      const elsewhere = (await session(proxy.port, { maxVersion, servername: 'other.test' }))!;
      assert.equal(await resumes({ maxVersion, servername: 'other.test', session: elsewhere }), true);
      assert.equal(await resumes({ maxVersion, session: elsewhere }), false);
    });

    it(`are good as long as their key is, over new material, ${maxVersion}`, async () => {
      const [old, fresh] = [Buffer.alloc(80, 1), Buffer.alloc(80, 2)];
      const sets = [optionSet('default')];
      await start(material({ optionSets: sets, ticketKeys: [old] }));
      const given = (await session(proxy.port, { maxVersion }))!;
      proxy.dataplane.installTls(material({ optionSets: sets, ticketKeys: [fresh, old] }));
      assert.equal(await resumes({ maxVersion, session: given }), true);
      proxy.dataplane.installTls(material({ optionSets: sets, ticketKeys: [fresh] }));
      assert.equal(await resumes({ maxVersion, session: given }), false);
    });

    it(`are not given when switched off, ${maxVersion}`, async () => {
      await start(changed({ sessionTickets: false }));
      const given = await session(proxy.port, { maxVersion });
      assert.equal(await resumes({ maxVersion, ...(given === undefined ? {} : { session: given }) }), false);
    });
  }
});

describe('the certificate', () => {
  const shown = async (options: tls.ConnectionOptions) =>
    (await secured(proxy.port, { checkServerIdentity: () => undefined, ...options })).getPeerX509Certificate()!.raw;

  it('fits the server name: exact, wildcard, address, and else the default one', async () => {
    const [fallback, exact, wild, address] = [
      certificate(['fallback.test']),
      certificate(['a.wild.test']),
      certificate(['*.wild.test']),
      certificate(['127.0.0.1']),
    ];
    await start(material({ certificates: [fallback, exact, wild, address] }));
    assert.deepEqual(await shown({ servername: 'a.wild.test' }), exact.issued.der);
    assert.deepEqual(await shown({ servername: 'A.Wild.Test' }), exact.issued.der);
    assert.deepEqual(await shown({ servername: 'b.wild.test' }), wild.issued.der);
    assert.deepEqual(await shown({ servername: 'x.b.wild.test' }), fallback.issued.der);
    assert.deepEqual(await shown({ servername: 'elsewhere.test' }), fallback.issued.der);
    assert.deepEqual(await shown({ servername: '' }), address.issued.der, 'the local address');
  });

  it('with sniStrict is one that fits, or the handshake is refused with unrecognized_name', async () => {
    const made = [certificate(['fallback.test']), certificate(['*.wild.test'])];
    await start(changed({ sniStrict: true }, { certificates: made }));
    assert.deepEqual(await shown({ servername: 'b.wild.test' }), made[1].issued.der);
    for (const servername of ['elsewhere.test', '']) {
      assert.match((await refusal(proxy.port, { servername }))!, alert('unrecognized_name'));
    }
    assert.equal(reasons().filter((each) => each === 'TLS_NAME_UNKNOWN').length, 2);
  });

  it('is none where there is no default one', async () => {
    await start(material({ certificates: [certificate(['a.test'])], fallback: null }));
    assert.match((await refusal(proxy.port))!, alert('unrecognized_name'));
  });

  it('is of the kind that the client can verify', async () => {
    const [ec, rsa] = [certificate([NAME]), certificate([NAME], 'rsa')];
    await start(material({ certificates: [ec, rsa] }));
    assert.deepEqual(await shown({}), ec.issued.der);
    assert.deepEqual(await shown({ sigalgs: 'rsa_pss_rsae_sha256' }), rsa.issued.der);
    const old = { maxVersion: 'TLSv1.2' } as const;
    assert.deepEqual(await shown({ ...old, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' }), rsa.issued.der);
    assert.deepEqual(await shown({ ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), ec.issued.der);
    assert.equal(rsa.kind, KeyKind.RSA);
  });

  it('whose key is another one is said once, and closes its clients only', async () => {
    const [good, bad] = [certificate([NAME]), certificate(['bad.test'])];
    const broken = { ...bad, issued: { ...bad.issued, key: good.issued.key } };
    await start(material({ certificates: [good, broken] }), { faultsExpected: true });
    for (let i = 0; i < 3; i++) await refusal(proxy.port, { servername: 'bad.test' });
    assert.equal(proxy.faults.length, 1);
    assert.match(proxy.faults[0], /mismatch/);
    assert.doesNotMatch(proxy.faults[0], /BEGIN|MII|MIG/);
    await secured(proxy.port);
  });
});

describe('options', () => {
  const dynamic = `
http:
  routers:
    modern: { rule: "Host(\`modern.test\`)", service: app, tls: { options: modern } }
    lost: { rule: "Host(\`lost.test\`)", service: app, tls: { options: lost } }
  services: { app: { loadBalancer: { servers: [ { url: SERVER } ] } } }
`;
  const sets = [optionSet('default', { maxVersion: 0x0303 }), optionSet('modern@file', { minVersion: 0x0304 })];

  it('follow from the server name', async () => {
    await start(material({ optionSets: sets }), { dynamic });
    const protocolOf = async (servername: string) =>
      (await secured(proxy.port, { servername, checkServerIdentity: () => undefined })).getProtocol();
    assert.equal(await protocolOf('modern.test'), 'TLSv1.3');
    assert.equal(await protocolOf('elsewhere.test'), 'TLSv1.2');
    assert.equal(await protocolOf(''), 'TLSv1.2');
  });

  it('that are not there close the connection without a word', async () => {
    await start(material({ optionSets: sets }), { dynamic });
    const client = tlsSocket(proxy.port, { servername: 'lost.test' });
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.deepEqual(reasons(), ['TLS_OPTIONS_MISSING']);
  });

  it('are none before there is material: TLS is then what it was to HTTP/1', async () => {
    proxy = await startProxy(answerHeads(OK), {});
    const socket = await rawSocket(proxy.port);
    socket.write(Buffer.from('160301000a0100000600', 'hex'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1.1 400 /);
  });
});
