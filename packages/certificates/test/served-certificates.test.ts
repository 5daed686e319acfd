// From the text of a configuration to handshakes of a real client: hellos are read by our parser, certificates and options are
// chosen by the tables that workers get, and openssl says what it was shown. Node's own TLS stands in for the data path.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { decodeDynamic, mergeTls } from '@sluice/config';
import { ClientHello, parseClientHello } from '@sluice/protocols';
import { EntryPointHosts, type EntryPointTls, NO_CERTIFICATE, TlsSelection, usableKeyKinds } from '@sluice/routing';
import { type BuiltTls, buildTlsTables, KeyPairLoader, loadTls } from '../src/index.ts';
import { MadeCertificates, RSA_KEY } from './support/made-certificates.ts';

async function build(made: MadeCertificates, text: string): Promise<BuiltTls & { messages: string[] }> {
  const decoded = decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  const tls = mergeTls(new Map([['file', decoded.tls]]), []);
  const loader = new KeyPairLoader(made.folder);
  const loaded = await loadTls({ tls, loader, folder: made.path('kept'), nowMs: Date.now() });
  const reports = [decoded, tls, loaded].flatMap(({ diagnostics }) => diagnostics);
  return { ...buildTlsTables(loaded, Date.now()), messages: reports.map(({ message }) => message) };
}

/** A server on the loopback that does with a connection what a worker will do. */
async function serve(context: TestContext, { tables, pairs }: BuiltTls, options: EntryPointTls): Promise<number> {
  // As a worker gets it: without anything but data.
  const selection = new TlsSelection(JSON.parse(JSON.stringify(tables)));
  const hosts = new EntryPointHosts(JSON.parse(JSON.stringify(options)));
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
      const options = selection.optionSet(hosts.optionsFor(hello.serverName) ?? '');
      if (result < 0 || options === undefined) return void socket.destroy();
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
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
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
tls:
  options: {strict: {sniStrict: true, minVersion: VersionTLS13}}
  certificates: ${JSON.stringify(certificates)}`,
  );
  assert.deepEqual(built.messages, []);
  const hosts = {
    'strict.test': 'strict@file',
    'strict.example': 'strict@file',
    'closed.example': null,
    'lost.example': 'gone@file',
  };
  const port = await serve(context, built, { hosts, fallback: 'default' });
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
    ['', ['-servername', 'closed.example']],
    ['', ['-servername', 'lost.example']],
  ];
  for (const [expected, args] of cases) assert.equal(await shown(port, ...args), expected, args.join(' '));
});

test('tables have the sets that can be used, and nothing secret', async (context) => {
  const made = new MadeCertificates(context);
  const pair = made.make({ commonName: 'a.example' });
  const built = await build(
    made,
    `
tls:
  options:
    own: {alpnProtocols: [http/1.1]}
    broken: {clientAuth: {caFiles: [/no/such/file.pem]}}
  stores: {default: {defaultCertificate: ${JSON.stringify(pair)}}}
  certificates: [${JSON.stringify(pair)}]`,
  );
  const { tables } = built;
  assert.deepEqual(
    tables.optionSets.map(({ name }) => name),
    ['default', 'own@file'],
  );
  assert.deepEqual([tables.certificates.length, tables.defaultCertificate], [1, 0]);
  assert.ok(!JSON.stringify(built).includes('PRIVATE KEY'));
});

test('default options that cannot be used are missing, so everything that relies on them is closed', async (context) => {
  const { tables } = await build(
    new MadeCertificates(context),
    'tls: {options: {default: {clientAuth: {caFiles: [/no/such/file.pem]}}, own: {}}}',
  );
  const selection = new TlsSelection(tables);
  assert.equal(selection.optionSet('default'), undefined);
  assert.equal(selection.optionSet('own@file')?.name, 'own@file');
});
