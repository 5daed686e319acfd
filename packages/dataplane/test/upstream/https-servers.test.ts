// HTTP/1 over TLS to servers: what is sent, whom we trust, names, certificates of our own, sessions that are resumed.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { TransportTls } from '@sluice/routing';
import { issue } from '../../../../test/support/issued-certificates.ts';
import {
  answerTo,
  authority,
  closeAll,
  httpsServer,
  materialOf,
  NAME,
  proxyTo,
  serve,
  TRANSPORT,
  transportTls,
} from '../support/secure-servers.ts';

afterEach(closeAll);

const codeOf = (lines: readonly string[]): unknown => JSON.parse(lines.at(-1) ?? '{}').code;
/** Node's own servers speak HTTP/1 only unless told otherwise. */
const plain: Parameters<typeof httpsServer>[0] = (request, response) =>
  response.end(`${request.url} ${request.method}`);

describe('HTTP/1 over TLS to servers', () => {
  it('is spoken, with reuse of connections', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await httpsServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.setHeader('x-host', request.headers.host ?? '');
      request.pipe(response);
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    for (let i = 0; i < 3; i++) {
      client.received = '';
      client.write(`POST /p HTTP/1.1\r\nHost: example.test\r\nContent-Length: 5\r\n\r\nbody${i}`);
      await client.untilText(`body${i}`);
    }
    assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n(.*\r\n)*x-host: example\.test\r\n/i);
    assert.equal(ports.size, 1);
  });

  it('asks for the name of the transport, and verifies it', async () => {
    const names: unknown[] = [];
    const certificate = issue({ names: [NAME], usage: 'server', issuer: authority });
    const { url } = await httpsServer(
      (request, response) => {
        names.push((request.socket as TLSSocket & { servername?: unknown }).servername);
        response.end('ok');
      },
      { cert: certificate.chain, key: certificate.key },
    );
    const proxy = await proxyTo(url, transportTls({ serverName: NAME }));
    assert.match(await answerTo(proxy), /200 OK/);
    assert.deepEqual(names, [NAME]);
  });

  it('shows its certificate to a server that asks', async () => {
    const own = issue({ commonName: 'proxy', usage: 'client', issuer: authority });
    const { url } = await httpsServer(
      (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
      { requestCert: true, rejectUnauthorized: true, ca: authority.chain },
    );
    const proxy = await proxyTo(url, transportTls({ certificates: [own] }));
    assert.match(await answerTo(proxy), /\r\n\r\n.*proxy/s);
    const without = await proxyTo(url);
    assert.match(await answerTo(without), /^HTTP\/1\.1 502 /);
  });

  it('resumes sessions, as the server sees it', async () => {
    const resumed: boolean[] = [];
    const { url } = await httpsServer((request, response) => {
      resumed.push((request.socket as TLSSocket).isSessionReused());
      response.setHeader('connection', 'close');
      response.end('ok');
    });
    const proxy = await proxyTo(url);
    for (let i = 0; i < 3; i++) await answerTo(proxy);
    assert.deepEqual(resumed, [false, true, true]);
  });

  it('carries large bodies both ways', async () => {
    const { url } = await httpsServer((request, response) => request.pipe(response));
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    const body = 'x'.repeat(3_000_000);
    client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await client.until((received) => received.length > body.length && received.endsWith('0\r\n\r\n'));
    assert.equal(client.received.match(/x/g)?.length, body.length);
  });

  it('carries WebSockets', async () => {
    const { server, url } = await httpsServer(plain);
    server.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      socket.pipe(socket);
    });
    const proxy = await proxyTo(url);
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.untilText('101 Switching');
    client.write('ping');
    await client.untilText('ping');
  });
});

describe('TLS to servers that are not as they should be', () => {
  const other = issue({ authority: true, commonName: 'other' });
  const expired = issue({ names: ['127.0.0.1'], usage: 'server', issuer: authority, days: -1 });
  const cases: [string, Partial<TransportTls>, { cert?: string; key?: string }, string, number][] = [
    ['not trusted', { authorities: other.chain }, {}, 'UPSTREAM_CERTIFICATE_UNTRUSTED', 500],
    ['expired', {}, { cert: expired.chain, key: expired.key }, 'UPSTREAM_CERTIFICATE_UNTRUSTED', 500],
    ['of another name', { serverName: 'other.test' }, {}, 'UPSTREAM_CERTIFICATE_NAME', 500],
    [
      'without any of peerCertSANs',
      { peerNames: [{ type: 'DNSName', value: 'db.test' }] },
      {},
      'UPSTREAM_CERTIFICATE_NAME',
      500,
    ],
  ];
  for (const [what, settings, options, code, status] of cases) {
    it(`a certificate ${what}`, async () => {
      let requests = 0;
      const { url } = await httpsServer((_request, response) => {
        requests++;
        response.end('ok');
      }, options);
      const proxy = await proxyTo(url, transportTls(settings), { faultsExpected: true });
      assert.match(await answerTo(proxy), new RegExp(`^HTTP/1\\.1 ${status} `));
      assert.equal(codeOf(proxy.faults), code);
      const told = proxy.faults.length;
      await answerTo(proxy);
      assert.equal(proxy.faults.length, told, 'many requests are not many lines');
      assert.equal(requests, 0);
      await proxy.untilQuiet();
    });
  }

  it('any certificate will do with insecureSkipVerify', async () => {
    const { url } = await httpsServer(plain, { cert: expired.chain, key: expired.key });
    const proxy = await proxyTo(url, transportTls({ insecureSkipVerify: true, authorities: other.chain }));
    assert.match(await answerTo(proxy), /200 OK/);
  });

  it('insecureSkipVerify with peerCertSANs leaves out the name of the server only', async () => {
    const { url } = await httpsServer(plain);
    const settings = { insecureSkipVerify: true, serverName: 'other.test' };
    const peerNames = [{ type: 'DNSName', value: NAME }] as const;
    const proxy = await proxyTo(url, transportTls({ ...settings, peerNames }), { faultsExpected: true });
    assert.match(await answerTo(proxy), /200 OK/);
    const untrusted = transportTls({ ...settings, peerNames, authorities: other.chain });
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: untrusted }));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(codeOf(proxy.faults), 'UPSTREAM_CERTIFICATE_UNTRUSTED');
    const unwanted = transportTls({ ...settings, peerNames: [{ type: 'DNSName', value: 'db.test' }] });
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: unwanted }));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(codeOf(proxy.faults), 'UPSTREAM_CERTIFICATE_NAME');
  });

  it('one of peerCertSANs suffices', async () => {
    const { url } = await httpsServer(plain);
    const peerNames = ['db.test', NAME].map((value) => ({ type: 'DNSName', value }) as const);
    const proxy = await proxyTo(url, transportTls({ peerNames }));
    assert.match(await answerTo(proxy), /200 OK/);
  });

  it('a port that speaks cleartext', async () => {
    const port = await serve(createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    const proxy = await proxyTo(`https://127.0.0.1:${port}`, transportTls(), { faultsExpected: true });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(codeOf(proxy.faults), 'UPSTREAM_NOT_TLS');
  });

  it('a port that closes at once', async () => {
    const port = await serve(createServer((socket) => socket.destroy()));
    const proxy = await proxyTo(`https://127.0.0.1:${port}`);
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
  });

  it('a port that says nothing', async () => {
    const port = await serve(createServer(() => {}));
    const transport = { forwardingTimeouts: { dialTimeout: 100 } };
    const proxy = await proxyTo(`https://127.0.0.1:${port}`, transportTls(), { transport });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 504 /);
    await proxy.untilQuiet();
  });

  it('nothing is sent without settings, in plain text least of all', async () => {
    let bytes = 0;
    const port = await serve(createServer((socket) => socket.on('data', (data) => (bytes += data.length))));
    const proxy = await proxyTo(`https://127.0.0.1:${port}`, null, { faultsExpected: true });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    assert.equal(codeOf(proxy.faults), 'UPSTREAM_TLS_SETTINGS');
    assert.equal(bytes, 0);
  });

  it('settings that cannot be used are told, and good ones used once they come', async () => {
    const { url } = await httpsServer(plain);
    const proxy = await proxyTo(url, transportTls({ authorities: 'no PEM' }), { faultsExpected: true });
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: transportTls({ authorities: '' }) }, authority.chain));
    assert.match(await answerTo(proxy), /200 OK/);
  });

  it('connections made with earlier settings are not used again', async () => {
    const ports = new Set<number | undefined>();
    const { url } = await httpsServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end('ok');
    });
    const proxy = await proxyTo(url, transportTls(), { faultsExpected: true });
    await answerTo(proxy);
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: transportTls() }));
    await answerTo(proxy);
    assert.equal(ports.size, 1);
    proxy.dataplane.installTls(materialOf({ [TRANSPORT]: transportTls({ authorities: other.chain }) }));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 500 /);
  });
});
