// Handshakes as the server: versions, certificates, protocols, clients that dribble, lie, stall or leave.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, it } from 'node:test';
import tls from 'node:tls';
import { credentials, NAME, serverContext, TlsHarness } from '../test/tls-harness.ts';
import { delay, readAll } from '../test/transport-harness.ts';
import { createTlsClientContext, Event, TlsFailure, TlsVersion, tlsResumed, tlsVersionOf } from './index.ts';

let h: TlsHarness;
let port: number;

function use(...values: ConstructorParameters<typeof TlsHarness>): void {
  h = new TlsHarness(...values);
  port = h.listen();
}

/** What a client's handshake fails with. */
async function refusal(options: tls.ConnectionOptions): Promise<string> {
  const { socket } = await h.tlsClient(port, options);
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  return `${error.code} ${error.message}`;
}

afterEach(() => h.close());

describe('a handshake as the server', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is done in ${version}`, async () => {
      use({}, serverContext({ protocols: ['h2', 'http/1.1'] }));
      const { socket, id, ready } = await h.tlsAccepted(port, {
        minVersion: version,
        maxVersion: version,
        ALPNProtocols: ['http/1.1', 'h2'],
      });
      assert.equal(socket.authorized, true);
      assert.equal(tlsVersionOf(ready.a), version === 'TLSv1.2' ? TlsVersion.TLS1_2 : TlsVersion.TLS1_3);
      assert.equal(tlsResumed(ready.a), false);
      assert.equal(socket.alpnProtocol, 'h2', 'our preference decides');
      assert.equal(ready.c, 0);
      assert.equal(ready.b, version === 'TLSv1.2' ? 0xc02c : 0x1302);
      assert.deepEqual(h.names(id), ['ACCEPTED', 'DATA', 'TLS_READY']);
      assert.equal(h.transport.handshakes, 0);
      socket.write('question');
      await h.until('the question', () => h.decrypted(id).toString() === 'question');
      h.send(id, 'answer');
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.equal(answer.toString(), 'answer');
    });
  }

  it('offers the certificate that the client can verify, of several kinds', async () => {
    const { server, rsa } = credentials();
    use({}, serverContext({ certificates: [server, rsa] }));
    const limits = { maxVersion: 'TLSv1.2' } as const;
    const ec = await h.tlsAccepted(port, { ...limits, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
    const other = await h.tlsAccepted(port, { ...limits, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' });
    assert.deepEqual(ec.socket.getPeerX509Certificate()!.raw, server.der);
    assert.deepEqual(other.socket.getPeerX509Certificate()!.raw, rsa.der);
  });

  it('is done with the context that JavaScript chooses by the ClientHello', async () => {
    use();
    const plain = serverContext();
    const special = serverContext({ certificates: [credentials().rsa] });
    h.choose = (first) => (first.includes('a.wild.test') ? special : plain);
    const one = await h.tlsAccepted(port, { servername: 'a.wild.test' });
    const two = await h.tlsAccepted(port);
    assert.deepEqual(one.socket.getPeerX509Certificate()!.raw, credentials().rsa.der);
    assert.deepEqual(two.socket.getPeerX509Certificate()!.raw, credentials().server.der);
  });

  it('refuses a client without a protocol in common, with the alert for it, and tolerates those it was told to', async () => {
    use({}, serverContext({ protocols: ['h2'], toleratedProtocols: ['http/1.1'] }));
    assert.match(await refusal({ ALPNProtocols: ['spdy/1'] }), /no.application.protocol/i);
    const closed = await h.next(Event.CLOSED);
    assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.HANDSHAKE]);
    assert.match(h.reasons.get(closed.connection)!, /protocol/);
    const { socket, ready } = await h.tlsAccepted(port, { ALPNProtocols: ['http/1.1'] });
    assert.deepEqual([ready.c, socket.alpnProtocol], [-1, false]);
    assert.equal((await h.tlsAccepted(port)).ready.c, -1, 'a client without ALPN');
  });

  it('agrees to what a client offers first, where it was told to and has nothing in common with it', async () => {
    use({}, serverContext({ protocols: ['h2'], anyProtocol: true }));
    const own = await h.tlsAccepted(port, { ALPNProtocols: ['postgresql', 'h2'] });
    assert.deepEqual([own.ready.c, own.socket.alpnProtocol], [0, 'h2']);
    const other = await h.tlsAccepted(port, { ALPNProtocols: ['postgresql', 'mqtt'] });
    assert.deepEqual([other.ready.c, other.socket.alpnProtocol], [-1, 'postgresql']);
  });

  it('agrees to it without a protocol of its own, too', async () => {
    use({}, serverContext({ anyProtocol: true }));
    const only = await h.tlsAccepted(port, { ALPNProtocols: ['mqtt'] });
    assert.deepEqual([only.ready.c, only.socket.alpnProtocol], [-1, 'mqtt']);
    assert.equal((await h.tlsAccepted(port)).socket.alpnProtocol, false, 'a client without ALPN');
  });

  it('keeps to its versions, ciphers and groups', async () => {
    use({}, serverContext({ minVersion: TlsVersion.TLS1_3, suites: 'TLS_AES_128_GCM_SHA256', groups: 'P-384' }));
    assert.match(await refusal({ maxVersion: 'TLSv1.2' }), /protocol.version/i);
    const { socket, ready } = await h.tlsAccepted(port);
    assert.equal(ready.b, 0x1301);
    assert.equal(socket.getProtocol(), 'TLSv1.3');
    assert.match(await refusal({ ecdhCurve: 'P-256' }), /handshake.failure/i);
  });

  it('sends the OCSP response of the certificate in use to clients that ask', async () => {
    const { server, rsa } = credentials();
    const context = serverContext({ certificates: [rsa, server] });
    use({}, context);
    // Missing in the types of Node.
    const asking: object = { requestOCSP: true };
    const stapled = async (ciphers: string): Promise<string | undefined> => {
      let response: string | undefined;
      const { socket } = await h.tlsClient(port, { maxVersion: 'TLSv1.2', ciphers, ...asking });
      socket.on('OCSPResponse', (bytes: Buffer | null) => {
        response = bytes?.toString();
      });
      await once(socket, 'secureConnect');
      return response;
    };
    context.setOcspResponse(1, Buffer.from('good'));
    assert.equal(await stapled('ECDHE-ECDSA-AES128-GCM-SHA256'), 'good');
    assert.equal(await stapled('ECDHE-RSA-AES128-GCM-SHA256'), undefined);
    context.setOcspResponse(0, Buffer.from('fine'));
    context.setOcspResponse(1, Buffer.alloc(0));
    assert.equal(await stapled('ECDHE-RSA-AES128-GCM-SHA256'), 'fine');
    assert.equal(await stapled('ECDHE-ECDSA-AES128-GCM-SHA256'), undefined);
    assert.throws(() => context.setOcspResponse(2, Buffer.from('x')), { code: 'EINVAL' });
    assert.throws(() => context.setOcspResponse(0, Buffer.alloc(65_536)), { code: 'EINVAL' });
  });

  it('speaks the old versions only when it is told to', async () => {
    use({}, serverContext());
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    assert.match(await refusal(old), /protocol.version/i);
    const context = serverContext({ minVersion: TlsVersion.TLS1_0, securityLevel: 0 });
    h.choose = () => context;
    assert.equal(tlsVersionOf((await h.tlsAccepted(port, old)).ready.a), TlsVersion.TLS1_1);
  });

  it('goes on from a ClientHello that comes byte by byte, whether TLS was started before or within it', async () => {
    use();
    const context = serverContext();
    for (const early of [true, false]) {
      h.choose = early ? undefined : () => context;
      const { socket: raw, id } = await h.accepted(port);
      const { left, right } = await duplexPair();
      const client = tls.connect({ socket: left, servername: NAME, ca: credentials().authority.chain });
      right.on('data', (bytes: Buffer) => sendSlowly(raw, bytes));
      raw.on('data', (bytes: Buffer) => right.write(bytes));
      if (early) assert.equal(h.transport.startTls(id, context, 0, 0), 0);
      await once(client, 'secureConnect');
      client.write('x');
      await h.until('a byte', () => h.decrypted(id).length === 1);
      for (const socket of [client, left, right]) socket.destroy();
    }
  });

  it('answers garbage with an alert and says why', async () => {
    use({}, serverContext());
    for (const garbage of ['GET / HTTP/1.1\r\nHost: x\r\n\r\n', '\x16\x03\x01\x00\x05abcde', '\0'.repeat(70_000)]) {
      const { socket, id } = await h.accepted(port);
      const answer = readAll(socket).catch(() => Buffer.alloc(0));
      socket.write(garbage);
      const closed = await h.next(Event.CLOSED, id);
      assert.deepEqual([closed.a, closed.b], [constants.errno.EPROTO, TlsFailure.HANDSHAKE]);
      assert.ok(h.reasons.get(id)!.length > 5, h.reasons.get(id));
      await answer;
    }
    assert.equal(h.transport.handshakes, 0);
    assert.equal(h.transport.connectionCount, 0);
  });

  it('tells of a client that leaves or resets in the middle', async () => {
    use({}, serverContext());
    const { socket, id } = await h.accepted(port);
    socket.end(Buffer.from([0x16, 3, 1, 0, 200, 1]));
    const left = await h.next(Event.CLOSED, id);
    assert.deepEqual([left.a, left.b], [constants.errno.ECONNRESET, TlsFailure.HANDSHAKE]);
    assert.match(h.reasons.get(id)!, /during the handshake/);
    const second = await h.accepted(port);
    second.socket.write(Buffer.from([0x16]));
    await h.until('a handshake', () => h.transport.handshakes === 1);
    second.socket.resetAndDestroy();
    assert.deepEqual((await h.next(Event.CLOSED, second.id)).b, TlsFailure.HANDSHAKE);
  });

  it('is bounded by a deadline', async () => {
    use({}, serverContext());
    const { socket, id } = await h.accepted(port);
    socket.write(Buffer.from([0x16]));
    await h.until('a handshake', () => h.transport.handshakes === 1);
    h.run((t) => t.deadline(id, 30));
    await h.next(Event.DEADLINE, id);
    h.run((t) => t.close(id, 1000));
    assert.equal((await readAll(socket)).length, 0);
    assert.equal(h.transport.handshakes, 0);
    assert.equal(h.transport.connectionCount, 0);
  });

  it('sends what was queued before as it is, and what is queued during it afterwards', async () => {
    use();
    const { socket: raw, id } = await h.accepted(port);
    h.run((t) => {
      const at = t.reserve(1);
      t.memory.write('S', at);
      t.send(id, at, 1);
      assert.equal(t.startTls(id, serverContext(), 0, 0), 0);
    });
    h.send(id, 'welcome');
    const [first] = (await once(raw, 'data')) as [Buffer];
    assert.equal(first.toString(), 'S');
    const client = tls.connect({ socket: raw, servername: NAME, ca: credentials().authority.chain });
    const [welcome] = (await once(client, 'data')) as [Buffer];
    assert.equal(welcome.toString(), 'welcome');
    client.destroy();
  });

  it('is done 200 times at once', async () => {
    use({}, serverContext());
    const all = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const socket = tls.connect({ port, host: '127.0.0.1', servername: NAME, ca: credentials().authority.chain });
        await once(socket, 'secureConnect');
        socket.write(`hello ${i}`);
        return socket;
      }),
    );
    await h.until('200 greetings', () => h.count(Event.TLS_READY) === 200 && greetings() === 200);
    for (const socket of all) socket.destroy();
    await h.until('no connection', () => h.transport.connectionCount === 0);
    assert.equal(h.transport.handshakes, 0);
  });

  function greetings(): number {
    const ids = new Set(h.seen.filter((event) => event.kind === Event.TLS_READY).map((event) => event.connection));
    return [...ids].filter((id) => h.decrypted(id).toString().startsWith('hello ')).length;
  }
});

describe('startTls', () => {
  beforeEach(() => use());

  it('refuses connections and ranges that do not fit, and changes nothing', async () => {
    const { errno } = constants;
    const context = serverContext();
    const { socket, id } = await h.accepted(port);
    const t = h.transport;
    assert.equal(t.startTls(id, context, t.memory.length, 1), errno.EINVAL);
    assert.equal(t.startTls(id, context, 0, 300_000), errno.EINVAL);
    assert.equal(t.startTls(id + (1 << 20), context, 0, 0), errno.ESTALE);
    const client = createTlsClientContext({ insecure: true });
    assert.throws(() => t.startTls(id, client, 0, 0), TypeError);
    assert.throws(() => t.startTlsClient(id, context, NAME), TypeError);
    assert.throws(() => t.startTlsClient(id, createTlsClientContext({}), ''), RangeError);
    assert.throws(() => t.startTlsClient(id, client, 'x'.repeat(300)), RangeError);
    t.relay(id, id, 1, 0);
    assert.equal(t.startTls(id, context, 0, 0), errno.EBUSY);
    socket.write('1');
    await h.next(Event.RELAYED, id);
    assert.equal(t.startTls(id, context, 0, 0), 0);
    assert.equal(t.startTls(id, context, 0, 0), errno.EBUSY);
    assert.equal(t.handshakes, 1);
    h.run(() => t.reset(id));
    assert.equal(t.startTls(id, context, 0, 0), errno.ESTALE);
    assert.equal(t.handshakes, 0);
  });

  it('survives the end of the transport in the middle of handshakes and of a batch', async () => {
    const context = serverContext();
    h.choose = () => context;
    const clients = await Promise.all(Array.from({ length: 8 }, () => h.tlsClient(port)));
    h.onEvent = (event, transport) => {
      if (event.kind === Event.TLS_READY) transport.destroy();
    };
    await h.until('a handshake', () => h.count(Event.TLS_READY) > 0);
    await delay(20);
    assert.equal(clients.length, 8);
  });
});

async function duplexPair(): Promise<{ left: net.Socket; right: net.Socket }> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const left = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1');
  const [right] = (await once(server, 'connection')) as [net.Socket];
  server.close();
  return { left, right };
}

function sendSlowly(socket: net.Socket, bytes: Buffer): void {
  socket.setNoDelay(true);
  for (const byte of bytes) socket.write(Buffer.from([byte]));
}
