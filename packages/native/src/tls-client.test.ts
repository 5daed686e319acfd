// TLS as the client: whom we trust, what we offer, what is sent early, and sessions that are resumed.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type tls from 'node:tls';
import { createSecureContext, TLSSocket } from 'node:tls';
import { issue } from '../../../test/support/issued-certificates.ts';
import { credentials, NAME, TlsHarness } from '../test/tls-harness.ts';
import { readBytes } from '../test/transport-harness.ts';
import {
  createTlsClientContext,
  Event,
  INDEX_MASK,
  type TlsContext,
  TlsFailure,
  TlsVersion,
  tlsHasPeerCertificate,
  tlsResumed,
  tlsVersionOf,
} from './index.ts';

let h: TlsHarness;
let sockets: tls.TLSSocket[];

beforeEach(() => {
  h = new TlsHarness();
  sockets = [];
});
afterEach(() => h.close());

const listen = (options: tls.TlsOptions = {}): Promise<number> =>
  h.tlsServer(options, (socket) => sockets.push(socket));
const trusting = (): TlsContext => createTlsClientContext({ authorities: [credentials().authority.chain] });

function connect(port: number, context: TlsContext, name = NAME, key?: string): number {
  const id = h.transport.connect('127.0.0.1', port);
  assert.equal(h.transport.startTlsClient(id, context, name, key), 0);
  return id;
}

describe('TLS as the client', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`verifies the server, tells its name and offers protocols, ${version}`, async () => {
      const port = await listen({ maxVersion: version, ALPNProtocols: ['http/1.1'] });
      const context = createTlsClientContext({
        authorities: [credentials().authority.chain],
        protocols: ['h2', 'http/1.1'],
      });
      const id = connect(port, context);
      h.send(id, 'early');
      const ready = await h.next(Event.TLS_READY, id);
      assert.equal(tlsVersionOf(ready.a), version === 'TLSv1.2' ? TlsVersion.TLS1_2 : TlsVersion.TLS1_3);
      assert.equal(ready.c, 1);
      assert.ok(tlsHasPeerCertificate(ready.a));
      assert.deepEqual(h.transport.peerCertificates(id), [credentials().server.der]);
      const socket = await h.until('the server side', () => sockets[0]);
      assert.equal(socket.servername, NAME);
      assert.equal((await readBytes(socket, 5)).toString(), 'early');
      socket.write('answer');
      await h.until('the answer', () => h.decrypted(id).toString() === 'answer');
      assert.deepEqual(h.names(id), ['CONNECTED', 'TLS_READY', 'DRAINED', 'DATA']);
    });
  }

  it('sends what was queued before TLS began in front of it, and as it is', async () => {
    const peers: import('node:net').Socket[] = [];
    const port = await h.server((socket) => peers.push(socket));
    const id = h.transport.connect('127.0.0.1', port);
    h.send(id, 'PROXY UNKNOWN\r\n');
    assert.equal(h.transport.startTlsClient(id, trusting(), NAME), 0);
    h.send(id, 'secret');
    const peer = await h.until('the peer', () => peers[0]);
    const start = await readBytes(peer, 100);
    assert.equal(start.subarray(0, 15).toString(), 'PROXY UNKNOWN\r\n');
    assert.equal(start[15], 0x16, 'a handshake record');
    assert.ok(!start.includes('secret'));
  });

  it('goes on to TLS with a server that reads a line first, and tells that the line is gone', async () => {
    const { server } = credentials();
    const port = await h.server((socket) => {
      socket.once('readable', () => {
        assert.equal((socket.read(6) as Buffer).toString(), 'first\n');
        const secureContext = createSecureContext({ cert: server.chain, key: server.key });
        const secure = new TLSSocket(socket, { isServer: true, secureContext });
        secure.on('error', () => {});
        socket.resume();
      });
    });
    const id = h.transport.connect('127.0.0.1', port);
    h.send(id, 'first\n');
    assert.ok(h.transport.queuedBytes[id & INDEX_MASK]! > 0);
    assert.equal(h.transport.startTlsClient(id, trusting(), NAME), 0);
    await h.next(Event.TLS_READY, id);
    await h.next(Event.DRAINED, id);
    assert.equal(h.count(Event.DRAINED, id), 1);
  });

  it('refuses a server that it cannot verify, and says why', async () => {
    const { authority, server } = credentials();
    const expired = issue({ names: [NAME], issuer: authority, days: -1 });
    const wrongUse = issue({ names: [NAME], issuer: authority, usage: 'client' });
    const nameOnly = issue({ commonName: NAME, issuer: authority });
    const cases: [tls.TlsOptions, TlsContext, string, RegExp][] = [
      [{}, createTlsClientContext({}), NAME, /unable to get local issuer/],
      [{}, createTlsClientContext({ anyName: true }), NAME, /unable to get local issuer/],
      [{}, trusting(), 'other.test', /hostname mismatch/i],
      [{}, trusting(), '127.0.0.2', /IP address mismatch/i],
      [{ cert: expired.chain, key: expired.key }, trusting(), NAME, /expired/],
      [{ cert: wrongUse.chain, key: wrongUse.key }, trusting(), NAME, /purpose/],
      [{ cert: nameOnly.chain, key: nameOnly.key }, trusting(), NAME, /hostname mismatch/i],
    ];
    for (const [options, context, name, words] of cases) {
      const id = connect(await listen(options), context, name);
      const closed = await h.next(Event.CLOSED, id);
      assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.VERIFICATION]);
      assert.match(h.reasons.get(id)!, words);
      assert.equal(h.count(Event.TLS_READY, id), 0);
    }
    const accepted: [TlsContext, string][] = [
      [trusting(), '127.0.0.1'],
      [trusting(), 'x.wild.test'],
      [createTlsClientContext({ insecure: true }), 'other.test'],
      [createTlsClientContext({ insecure: true }), ''],
      [createTlsClientContext({ authorities: [server.chain] }), NAME],
      [createTlsClientContext({ authorities: [authority.chain], anyName: true }), 'other.test'],
      [createTlsClientContext({ authorities: [authority.chain], anyName: true }), '127.0.0.2'],
    ];
    for (const [context, name] of accepted) await h.next(Event.TLS_READY, connect(await listen(), context, name));
  });

  it('does not take a name of two labels for one that the wildcard covers', async () => {
    const id = connect(await listen(), trusting(), 'a.b.wild.test');
    assert.equal((await h.next(Event.CLOSED, id)).b, TlsFailure.VERIFICATION);
  });

  it('shows its own certificate to a server that asks', async () => {
    const { authority } = credentials();
    const client = issue({ commonName: 'client', usage: 'client', issuer: authority });
    const port = await listen({ requestCert: true, rejectUnauthorized: true, ca: authority.chain });
    const context = createTlsClientContext({ authorities: [authority.chain], certificates: [client] });
    await h.next(Event.TLS_READY, connect(port, context));
    const socket = await h.until('the server side', () => sockets[0]);
    const raw = (socket.getPeerX509Certificate() as X509Certificate).raw;
    assert.ok(new X509Certificate(client.der).raw.equals(raw));
  });

  it('reports a server that speaks no TLS, or is not there', async () => {
    const port = await h.server((socket) => socket.end('220 hello\r\n'));
    const id = connect(port, trusting());
    const closed = await h.next(Event.CLOSED, id);
    assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.HANDSHAKE]);
    const free = h.listen(9);
    h.transport.unlisten(9, true);
    const absent = connect(free, trusting());
    assert.equal((await h.next(Event.CONNECT_FAILED, absent)).a, constants.errno.ECONNREFUSED);
    assert.equal(h.transport.handshakes, 0);
  });

  it('offers the protocols of one connection in place of the context', async () => {
    const port = await listen({ ALPNProtocols: ['foo'] });
    const id = h.transport.connect('127.0.0.1', port);
    const list = Buffer.from('\x03bar\x03foo');
    assert.equal(h.transport.startTlsClient(id, trusting(), NAME, '', list), 0);
    assert.equal((await h.next(Event.TLS_READY, id)).c, 1);
  });
});

describe('sessions of servers', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`are resumed by name, however the connection ended, ${version}`, async () => {
      const port = await listen({ maxVersion: version });
      const context = trusting();
      const resumed: boolean[] = [];
      for (const [i, key] of [NAME, NAME, 'other key', NAME, NAME].entries()) {
        const id = connect(port, context, NAME, key);
        const ready = await h.next(Event.TLS_READY, id);
        resumed.push(tlsResumed(ready.a));
        assert.deepEqual(h.transport.peerCertificates(id), [credentials().server.der]);
        const socket = await h.until('the server side', () => sockets[i]);
        socket.write('x');
        await h.next(Event.DATA, id);
        h.run((t) => (i % 2 === 0 ? t.reset(id) : t.close(id, 10)));
      }
      // Two tickets came with the first connection. Those of TLS 1.3 are used once, and this server gives none for them.
      assert.deepEqual(resumed, [false, true, false, true, version === 'TLSv1.2']);
    });
  }

  it('are bounded', async () => {
    const port = await listen({});
    const context = createTlsClientContext({ authorities: [credentials().authority.chain], sessionsMax: 3 });
    for (let i = 0; i < 6; i++) {
      const id = connect(port, context, NAME, `key ${i}`);
      const socket = await h.until('the server side', () => sockets[i]);
      socket.write('x');
      await h.next(Event.DATA, id);
    }
    assert.equal(context.sessionCount, 3);
  });
});
