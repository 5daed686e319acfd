// From the text of a configuration to handshakes of a real client: hellos are read by our parser, certificates and options are
// chosen by the tables that workers get, and openssl says what it was shown. Node's own TLS stands in for the data path.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { checkTlsReferences, decodeDynamic, decodeStaticText, mergeTls, qualifyNames } from '@sluice/config';
import { ClientHello, parseClientHello } from '@sluice/protocols';
import { CLOSED, NO_CERTIFICATE, TlsSelection, usableKeyKinds } from '@sluice/routing';
import { type BuiltTls, buildTlsTables, KeyPairLoader, loadTls, resolveTlsOptions } from '../src/index.ts';
import { MadeCertificates, RSA_KEY } from './support/made-certificates.ts';

const tlsSupport = { downstream: true, upstream: true };

async function build(made: MadeCertificates, text: string): Promise<BuiltTls & { messages: string[] }> {
  const decoded = decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map(), tlsSupport });
  const { configuration } = decodeStaticText('entryPoints: {web: {address: ":443"}}', 'yaml', 'f', tlsSupport);
  const http = qualifyNames('file', decoded.http);
  const tls = mergeTls(new Map([['file', decoded.tls]]), []);
  const loader = new KeyPairLoader(made.folder);
  const loaded = await loadTls({ tls, loader, folder: made.path('kept'), nowMs: Date.now() });
  const entryPoints = { web: configuration.entryPoints.web!.http.tls };
  const references = checkTlsReferences({ http, entryPoints, options: loaded.optionSets.keys(), resolvers: [] });
  const resolved = resolveTlsOptions({ http, entryPoints: configuration.entryPoints, unusable: references.unusable });
  const reports = [decoded, tls, loaded, references, resolved].flatMap(({ diagnostics }) => diagnostics);
  return { ...buildTlsTables(loaded, resolved, Date.now()), messages: reports.map(({ message }) => message) };
}

/** A server on the loopback that does with a connection what a worker will do. */
async function serve(context: TestContext, { tables, pairs }: BuiltTls): Promise<number> {
  // As a worker gets it: without anything but data.
  const selection = new TlsSelection(JSON.parse(JSON.stringify(tables)));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    const onReadable = () => {
      for (let bytes = socket.read(); bytes !== null; bytes = socket.read())
        received = Buffer.concat([received, bytes]);
      const hello = new ClientHello();
      const result = parseClientHello(hello, received, 0, received.length);
      if (result === 0) return;
      socket.off('readable', onReadable);
      const position = selection.optionSet('web', hello.serverName);
      if (result < 0 || position === CLOSED) return void socket.destroy();
      const options = selection.optionSets[position]!;
      const chosen = selection.certificate(
        hello.serverName || '127.0.0.1',
        usableKeyKinds(hello, options),
        options.sniStrict,
      );
      if (chosen === NO_CERTIFICATE) return void socket.destroy();
      const pair = pairs[chosen]!;
      assert.equal(pair.id, tables.certificates[chosen]!.id);
      socket.unshift(received);
      const secured = new TLSSocket(socket, {
        isServer: true,
        cert: pair.chainPem,
        key: pair.keyPem.reveal(),
        ciphers: ['TLS_AES_128_GCM_SHA256', ...options.ciphers].join(':'),
        minVersion: options.minVersion === 0x0304 ? 'TLSv1.3' : 'TLSv1.2',
        ALPNProtocols: [...options.alpnProtocols],
      });
      secured.on('error', () => {});
    };
    socket.on('readable', onReadable);
  }).listen(0, '127.0.0.1');
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Common name of what openssl is shown and the version; empty when there is no handshake. */
async function shown(port: number, ...args: string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000);
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (part: string) => {
    text += part;
    if (/^(Verify return code|\s+Verify return code)/m.test(text)) child.stdin.end();
  });
  child.stdin.on('error', () => {});
  await once(child, 'close');
  clearTimeout(timer);
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text)?.[0];
  const version = /^New, (\S+), Cipher/m.exec(text)?.[1];
  return pem === undefined
    ? ''
    : `${/CN=(.*)/.exec(new X509Certificate(pem).subject)?.[1]} ${version?.replace(',', '')}`;
}

const RSA_ONLY = ['-sigalgs', 'rsa_pss_rsae_sha256:RSA+SHA256'];

test('certificates by name and by what the client can verify', { timeout: 120_000 }, async (context) => {
  const made = new MadeCertificates(context);
  const certificates = [
    made.make({ commonName: 'rsa', names: ['DNS:a.example'], key: RSA_KEY }),
    made.make({ commonName: 'ecdsa', names: ['DNS:a.example'] }),
    made.make({ commonName: 'wild', names: ['DNS:*.example'] }),
    made.make({ commonName: 'address', names: ['IP:127.0.0.1'] }),
    made.make({
      commonName: 'past',
      names: ['DNS:old.example'],
      notBefore: '20200101000000Z',
      notAfter: '20210101000000Z',
    }),
    made.make({
      commonName: 'was',
      names: ['DNS:b.example'],
      notBefore: '20200101000000Z',
      notAfter: '20210101000000Z',
    }),
    made.make({ commonName: 'is', names: ['DNS:b.example'] }),
  ];
  const built = await build(
    made,
    `
http:
  routers:
    one: {rule: Host(\`a.example\`), service: s, tls: {}}
    strict: {rule: Host(\`strict.test\`) || Host(\`strict.example\`), service: s, tls: {options: strict}}
    lost: {rule: Host(\`lost.example\`), service: s, tls: {options: gone}}
tls:
  options: {strict: {sniStrict: true, minVersion: VersionTLS13}}
  certificates: ${JSON.stringify(certificates)}`,
  );
  assert.deepEqual(built.messages, [
    '"tls.options": the set of TLS options "gone@file" does not exist, or cannot be used',
  ]);
  const port = await serve(context, built);
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['ecdsa TLSv1.3', ['-servername', 'a.example']],
    ['rsa TLSv1.3', ['-servername', 'A.Example', ...RSA_ONLY]],
    ['rsa TLSv1.2', ['-servername', 'a.example', '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256']],
    ['ecdsa TLSv1.2', ['-servername', 'a.example', '-tls1_2', '-cipher', 'ECDHE-ECDSA-AES128-GCM-SHA256']],
    ['wild TLSv1.3', ['-servername', 'other.example']],
    ['SLUICE DEFAULT CERT TLSv1.3', ['-servername', 'x.other.example']],
    ['address TLSv1.3', ['-noservername']],
    ['past TLSv1.3', ['-servername', 'old.example']],
    ['is TLSv1.3', ['-servername', 'b.example']],
    ['wild TLSv1.3', ['-servername', 'strict.example']],
    ['', ['-servername', 'strict.example', '-tls1_2']],
    ['', ['-servername', 'strict.test']],
    ['', ['-servername', 'lost.example']],
  ];
  for (const [expected, args] of cases) assert.equal(await shown(port, ...args), expected, args.join(' '));
});

test('routers get positions of the option sets of their hosts, and nothing secret is in the tables', async (context) => {
  const made = new MadeCertificates(context);
  const pair = made.make({ commonName: 'a.example' });
  const built = await build(
    made,
    `
http:
  routers:
    one: {rule: Host(\`a.example\`), service: s, tls: {}}
    two: {rule: Host(\`b.example\`), service: s, tls: {options: own}}
    bad: {rule: Host(\`c.example\`), service: s, tls: {options: broken}}
tls:
  options:
    own: {alpnProtocols: [http/1.1]}
    broken: {clientAuth: {caFiles: [/no/such/file.pem]}}
  stores: {default: {defaultCertificate: ${JSON.stringify(pair)}}}
  certificates: [${JSON.stringify(pair)}]`,
  );
  const { tables, routerOptions } = built;
  assert.deepEqual(
    tables.optionSets.map(({ name }) => name),
    ['default', 'own@file'],
  );
  assert.deepEqual(tables.entryPoints, {
    web: { hosts: { 'a.example': 0, 'b.example': 1, 'c.example': CLOSED }, fallback: 0 },
  });
  assert.deepEqual(Object.fromEntries(routerOptions.web!), { 'one@file': 0, 'two@file': 1 });
  assert.deepEqual([tables.certificates.length, tables.defaultCertificate], [1, 0]);
  assert.ok(!JSON.stringify(built).includes('PRIVATE KEY'));
});

test('default options that cannot be used close everything that relies on them', async (context) => {
  const { tables, routerOptions } = await build(
    new MadeCertificates(context),
    `
http: {routers: {one: {rule: Host(\`a.example\`), service: s, tls: {}}, two: {rule: Host(\`b.example\`), service: s, tls: {options: own}}}}
tls: {options: {default: {clientAuth: {caFiles: [/no/such/file.pem]}}, own: {}}}`,
  );
  assert.deepEqual(tables.entryPoints.web, { hosts: { 'a.example': CLOSED, 'b.example': 1 }, fallback: CLOSED });
  assert.deepEqual(Object.fromEntries(routerOptions.web!), { 'one@file': CLOSED, 'two@file': 1 });
});
