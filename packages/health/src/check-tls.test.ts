// Checks over TLS and HTTP/2 against real servers: whom they trust, what they show, which names they ask for.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createH2c, createSecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { TransportTls } from '@sluice/routing';
import { openssl, requireOpenssl } from '../../../test/support/openssl.ts';
import { planCheckRequest } from './check-request.ts';
import type { CheckTls } from './check-tls.ts';
import { runHttpCheck } from './http-check.ts';
import { checkSettings } from './testing/check-settings.ts';

const LIMITS = { timeoutMs: 20_000, dialTimeoutMs: 15_000, responseHeadTimeoutMs: 0 };
const PLAIN: TransportTls = {
  serverName: '',
  insecureSkipVerify: false,
  authorities: '',
  certificates: [],
  minVersion: 0x0303,
  maxVersion: 0x0304,
  ciphers: [],
  peerNames: [],
};

const folder = mkdtempSync(join(tmpdir(), 'sluice-check-tls-'));
let pair = { cert: '', key: '' };
let stranger = { cert: '', key: '' };

/** @param alternatives lines of the section, as `DNS.1 = a.example`: only there may a name have a comma */
function make(name: string, ...alternatives: string[]): typeof pair {
  const file = join(folder, `${name}.conf`);
  const sections = ['[req]', 'distinguished_name = dn', 'x509_extensions = ext', '[dn]', '[ext]'];
  writeFileSync(file, [...sections, 'subjectAltName = @names', '[names]', ...alternatives, ''].join('\n'));
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-days', '30'];
  const subject = ['-subj', `/CN=${name}`, '-config', file];
  openssl('req', '-x509', '-nodes', ...kind, '-keyout', key, '-out', cert, ...subject);
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

before(() => {
  requireOpenssl();
  pair = make(
    'server',
    'DNS.1 = localhost',
    'DNS.2 = inner.example',
    'URI.1 = spiffe://a.example/Server',
    'IP.1 = 127.0.0.1',
  );
  stranger = make('stranger', 'DNS.1 = stranger.example');
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a server saw of its requests: protocol, server name, common name of the client's certificate. */
interface Seen {
  readonly url: string;
  readonly seen: string[];
}

async function listen(context: TestContext, server: Server, scheme: string, seen: string[]): Promise<Seen> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function note(seen: string[], socket: TLSSocket, version: string): void {
  const shown = socket.getPeerCertificate().subject?.CN ?? 'nobody';
  seen.push(`${version} ${socket.servername || 'no name'} ${shown}`);
}

async function https(context: TestContext, options: object = {}): Promise<Seen> {
  const seen: string[] = [];
  const server = createHttps({ ...pair, ...options }, (request, response) => {
    note(seen, request.socket as TLSSocket, request.httpVersion);
    response.end('fine');
  });
  return await listen(context, server, 'https', seen);
}

async function check(url: string, tls?: Partial<TransportTls> | 'unusable', more: Partial<CheckTls> = {}, host = '') {
  const settings = checkSettings({ hostname: host });
  const request = planCheckRequest(url, settings);
  assert.ok(!('problem' in request));
  const transport = tls === 'unusable' ? undefined : { ...PLAIN, ...tls };
  const all = { transport, systemAuthorities: '', disableHttp2: false, ...more };
  const { healthy, reason } = await runHttpCheck(request, settings, LIMITS, new AbortController().signal, all);
  return healthy ? 'healthy' : reason;
}

test('trust: own authorities, else those of the system, else none at all; or any certificate', async (context) => {
  const { url } = await https(context);
  assert.equal(await check(url, { authorities: pair.cert }), 'healthy');
  assert.equal(await check(url, {}, { systemAuthorities: pair.cert }), 'healthy');
  assert.match(await check(url, { authorities: stranger.cert }, { systemAuthorities: pair.cert }), /self-signed/);
  assert.match(await check(url, {}), /self-signed/);
  assert.equal(await check(url, { insecureSkipVerify: true }), 'healthy');
  assert.equal(await check(url, 'unusable'), 'the servers transport cannot be used for TLS');
});

test('names: of the transport, else of the URL, never of the Host field', async (context) => {
  const { url, seen } = await https(context);
  const byName = url.replace('127.0.0.1', 'localhost');
  const authorities = pair.cert;
  assert.equal(await check(byName, { authorities }, {}, 'stranger.example'), 'healthy');
  assert.equal(await check(url, { authorities, serverName: 'inner.example' }), 'healthy');
  assert.equal(await check(url, { authorities }, {}, 'stranger.example'), 'healthy');
  assert.deepEqual(
    seen.map((line) => line.split(' ').slice(1, -1).join(' ')),
    ['localhost', 'inner.example', 'no name'],
  );
  assert.match(await check(url, { authorities, serverName: 'other.example' }), /does not match/);
});

test('peer names: one of them must be in the certificate, whose chain is verified even if any would do', async (context) => {
  const { url } = await https(context);
  const good = { type: 'URI', value: 'SPIFFE://a.example/server' } as const;
  const bad = { type: 'DNSName', value: 'other.example' } as const;
  const authorities = pair.cert;
  assert.equal(await check(url, { authorities, peerNames: [bad, good] }), 'healthy');
  assert.equal(await check(url, { authorities, peerNames: [{ ...bad, value: 'inner.example' }] }), 'healthy');
  assert.match(await check(url, { authorities, peerNames: [bad] }), /none of the names other\.example/);
  const insecure = { insecureSkipVerify: true, serverName: 'other.example' };
  assert.equal(await check(url, { ...insecure, authorities, peerNames: [good] }), 'healthy');
  assert.match(await check(url, { ...insecure, peerNames: [good] }), /self-signed/);
  assert.match(await check(url, { ...insecure, authorities, peerNames: [bad] }), /none of the names/);
});

test('a name in quotes is one name, whatever it looks like', async (context) => {
  const tricky = make('tricky', 'DNS.1 = localhost', 'URI.1 = https://a.example/x, URI:spiffe://forged');
  const { url } = await https(context, tricky);
  const peerNames = [{ type: 'URI', value: 'spiffe://forged' } as const];
  const outcome = await check(url, { insecureSkipVerify: true, authorities: tricky.cert, peerNames });
  assert.match(outcome, /none of the names spiffe:\/\/forged/);
});

test('a certificate of our own is shown to servers that ask', async (context) => {
  const { url, seen } = await https(context, { requestCert: true, rejectUnauthorized: true, ca: stranger.cert });
  const certificates = [{ chain: stranger.cert, key: stranger.key }];
  assert.equal(await check(url, { authorities: pair.cert, certificates }), 'healthy');
  assert.deepEqual(seen, ['1.1 no name stranger']);
  assert.notEqual(await check(url, { authorities: pair.cert }), 'healthy');
});

test('versions and suites', async (context) => {
  const authorities = pair.cert;
  const old = await https(context, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' });
  const suite = (name: string) => ({ authorities, ciphers: [name] });
  assert.equal(await check(old.url, suite('ECDHE-ECDSA-AES128-GCM-SHA256')), 'healthy');
  assert.notEqual(await check(old.url, suite('ECDHE-ECDSA-AES256-GCM-SHA384')), 'healthy');
  assert.notEqual(await check(old.url, { authorities, minVersion: 0x0304 }), 'healthy');
  const modern = await https(context, { minVersion: 'TLSv1.3' });
  assert.equal(await check(modern.url, suite('ECDHE-ECDSA-AES128-GCM-SHA256')), 'healthy');
  assert.notEqual(await check(modern.url, { authorities, maxVersion: 0x0303 }), 'healthy');
  const ancient = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' };
  assert.equal(await check((await https(context, ancient)).url, { authorities, minVersion: 0x0301 }), 'healthy');
});

test('servers that speak nothing but HTTP/2, over TLS and without', async (context) => {
  const seen: string[] = [];
  const secure = createSecureServer({ ...pair }, (request, response) => {
    note(seen, request.stream.session!.socket as TLSSocket, request.httpVersion);
    response.end('fine');
  });
  const { url } = await listen(context, secure, 'https', seen);
  assert.equal(await check(url, { authorities: pair.cert }), 'healthy');
  assert.deepEqual(seen, ['2.0 no name nobody']);
  assert.notEqual(await check(url, { authorities: pair.cert }, { disableHttp2: true }), 'healthy');
  const plain = createH2c((request, response) => {
    seen.push(`${request.httpVersion} ${request.authority}`);
    response.statusCode = 503;
    response.end();
  });
  const h2c = await listen(context, plain, 'h2c', seen);
  assert.equal(await check(h2c.url, {}, {}, 'asked.example'), 'status 503, expected 200–399');
  assert.equal(seen.at(-1), '2.0 asked.example');
});

test('the scheme of the check wins over that of the server', async (context) => {
  const { url, seen } = await https(context);
  const settings = checkSettings({ scheme: 'https' });
  const request = planCheckRequest(url.replace('https', 'http'), settings);
  assert.ok(!('problem' in request) && request.origin === url && !request.isH2c);
  const h2c = planCheckRequest(url, checkSettings({ scheme: 'h2c' }));
  assert.ok(!('problem' in h2c) && h2c.isH2c && h2c.origin.startsWith('http://'));
  const tls = { transport: { ...PLAIN, authorities: pair.cert }, systemAuthorities: '', disableHttp2: false };
  const outcome = await runHttpCheck(request, settings, LIMITS, new AbortController().signal, tls);
  assert.deepEqual([outcome.healthy, seen.length], [true, 1]);
});
