// Client certificates in every mode, and what JavaScript can see of them.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { type Issued, issue } from '../../../test/support/issued-certificates.ts';
import { credentials, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { ClientCertificates, Event, TlsFailure, tlsHasPeerCertificate, tlsResumed } from './index.ts';

const { NONE, REQUEST, REQUIRE_ANY, VERIFY_IF_GIVEN, REQUIRE_AND_VERIFY } = ClientCertificates;
const authority = issue({ authority: true, commonName: 'clients' });
const middle = issue({ authority: true, commonName: 'middle', issuer: authority });
const known = issue({ commonName: 'known', usage: 'client', issuer: authority });
const deep = issue({ commonName: 'deep', usage: 'client', issuer: middle });
const stranger = issue({ commonName: 'stranger', usage: 'client' });
const expired = issue({ commonName: 'expired', usage: 'client', issuer: authority, days: -1 });
const wrongUse = issue({ commonName: 'a server', usage: 'server', issuer: authority });

const clients = { none: undefined, known, deep, stranger, expired, wrongUse };
type Client = keyof typeof clients;

let h: TlsHarness;
afterEach(() => h.close());

function open(mode: (typeof ClientCertificates)[keyof typeof ClientCertificates]): number {
  const context = serverContext({ clientCertificates: mode, authorities: [authority.chain] });
  h = new TlsHarness({}, context);
  return h.listen();
}

const shown = (client: Issued | undefined): tls.ConnectionOptions =>
  client === undefined ? {} : { cert: client.chain, key: client.key };

/** Common name of what the server saw, null for nothing, or the kind of failure. */
async function outcome(port: number, name: Client, maxVersion: tls.SecureVersion): Promise<Buffer | null | number> {
  const { id } = await h.tlsClient(port, { ...shown(clients[name]), maxVersion });
  const end = await h.until('an outcome', () =>
    h.seen.find((e) => e.connection === id && (e.kind === Event.TLS_READY || e.kind === Event.CLOSED)),
  );
  if (end.kind === Event.CLOSED) return end.b;
  const chain = h.transport.peerCertificates(id);
  assert.equal(chain !== undefined, tlsHasPeerCertificate(end.a));
  return chain?.[0] ?? null;
}

describe('client certificates', () => {
  const everyone: readonly Client[] = ['none', 'known', 'deep', 'stranger', 'expired', 'wrongUse'];
  const accepted = new Map<number, readonly Client[]>([
    [NONE, everyone],
    [REQUEST, everyone],
    [REQUIRE_ANY, everyone.slice(1)],
    [VERIFY_IF_GIVEN, ['none', 'known', 'deep']],
    [REQUIRE_AND_VERIFY, ['known', 'deep']],
  ]);
  for (const [mode, names] of accepted) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`mode ${mode} lets in exactly: ${names.join(', ')}; ${version}`, async () => {
        const port = open(mode as 0 | 1 | 2 | 3 | 4);
        for (const name of everyone) {
          const seen = mode === NONE ? null : (clients[name]?.der ?? null);
          const expected = names.includes(name) ? seen : TlsFailure.VERIFICATION;
          assert.deepEqual(await outcome(port, name, version), expected, name);
        }
      });
    }
  }

  it('come with their chain, also when the session is resumed', async () => {
    const port = open(REQUIRE_AND_VERIFY);
    let session: Buffer | undefined;
    const first = await h.tlsClient(port, shown(deep));
    first.socket.on('session', (bytes: Buffer) => {
      session = bytes;
    });
    await h.next(Event.TLS_READY, first.id);
    assert.deepEqual(h.transport.peerCertificates(first.id), [deep.der, middle.der]);
    h.send(first.id, 'x');
    await once(first.socket, 'data');
    const second = await h.tlsClient(port, { ...shown(deep), session: session! });
    assert.ok(tlsResumed((await h.next(Event.TLS_READY, second.id)).a));
    assert.deepEqual(h.transport.peerCertificates(second.id)![0], deep.der);
  });

  it('are refused with an alert that the client sees', async () => {
    const port = open(REQUIRE_AND_VERIFY);
    const { socket, id } = await h.tlsClient(port, shown(stranger));
    // TLS 1.3: the client believes the handshake to be done before it hears of it.
    socket.write('a request at once');
    const [error] = (await once(socket, 'error')) as [Error];
    assert.match(error.message, /alert/i);
    await h.next(Event.CLOSED, id);
    assert.match(h.reasons.get(id)!, /not accepted/);
  });

  it('are not there for connections without TLS, dead ones and servers’ clients without any', async () => {
    const port = open(NONE);
    const { id } = await h.tlsAccepted(port);
    assert.equal(h.transport.peerCertificates(id), undefined);
    h.run((t) => t.reset(id));
    assert.equal(h.transport.peerCertificates(id), undefined);
    assert.ok(credentials().server.der.length > 0);
  });
});
