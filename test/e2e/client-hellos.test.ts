// ClientHellos of programs that people use, taken from the wire on the loopback: what they were asked to send is what is read.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { before, test } from 'node:test';
import tls from 'node:tls';
import {
  ClientHello,
  DetectedProtocol,
  detectProtocol,
  KeyKind,
  parseClientHello,
  TlsVersion,
} from '@sluice/protocols';
import { requireCurl } from '../support/curl.ts';
import { requireOpenssl } from '../support/openssl.ts';

/** Starts something that connects to the port; ends it. */
type Client = (port: number) => () => void;

/** The first bytes of a client, until they are a whole hello. */
async function captured(client: Client): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = client((server.address() as AddressInfo).port);
  let socket: Socket | undefined;
  try {
    [socket] = (await once(server, 'connection', { signal: AbortSignal.timeout(60_000) })) as [Socket];
    socket.on('error', () => {});
    let received = Buffer.alloc(0);
    for await (const bytes of socket) {
      received = Buffer.concat([received, bytes]);
      if (parseClientHello(new ClientHello(), received, 0, received.length) !== 0) break;
    }
    return received;
  } finally {
    socket?.destroy();
    stop();
    server.close();
  }
}

function program(command: string, ...words: string[]): Client {
  return (port) => {
    const child = spawn(
      command,
      words.map((word) => word.replace('PORT', `${port}`)),
      { stdio: ['pipe', 'ignore', 'ignore'] },
    );
    return () => child.kill('SIGKILL');
  };
}

function node(options: tls.ConnectionOptions): Client {
  return (port) => {
    const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options });
    socket.on('error', () => {});
    return () => socket.destroy();
  };
}

/** Parsed as a whole; and byte by byte nothing else comes out. */
function read(bytes: Buffer): ClientHello {
  const hello = new ClientHello();
  for (let end = 0; end < bytes.length; end++) assert.equal(parseClientHello(hello, bytes, 0, end), 0, `${end}`);
  assert.equal(parseClientHello(hello, bytes, 0, bytes.length), bytes.length);
  assert.equal(detectProtocol(bytes, 0, bytes.length), DetectedProtocol.TLS);
  return hello;
}

before(() => requireOpenssl());

test('openssl s_client', async () => {
  const bytes = await captured(
    program(
      'openssl',
      's_client',
      '-connect',
      '127.0.0.1:PORT',
      '-servername',
      'Shop.Example.COM',
      '-alpn',
      'h2,http/1.1',
    ),
  );
  const hello = read(bytes);
  assert.equal(hello.serverName, 'shop.example.com');
  assert.deepEqual(hello.alpnProtocols(), ['h2', 'http/1.1']);
  assert.ok(hello.offersVersion(TlsVersion.TLS12) && hello.offersVersion(TlsVersion.TLS13));
  const expected = KeyKind.RSA | KeyKind.P256 | KeyKind.P384 | KeyKind.P521;
  assert.equal(hello.keyKinds(true) & expected, expected);
  assert.equal(hello.keyKinds(false) & expected, expected);
});

test('openssl s_client without a name, TLS 1.2, RSA alone', async () => {
  const client = program(
    'openssl',
    's_client',
    '-connect',
    '127.0.0.1:PORT',
    '-noservername',
    '-tls1_2',
    '-cipher',
    'ECDHE-RSA-AES128-GCM-SHA256',
  );
  const hello = read(await captured(client));
  assert.equal(hello.serverName, '');
  assert.deepEqual(hello.alpnProtocols(), []);
  assert.equal(hello.offersVersion(TlsVersion.TLS13), false);
  assert.equal(hello.keyKinds(false), KeyKind.RSA);
});

test('openssl s_client that signs with ECDSA on P-256 alone', async () => {
  const client = program(
    'openssl',
    's_client',
    '-connect',
    '127.0.0.1:PORT',
    '-servername',
    'a.b',
    '-sigalgs',
    'ECDSA+SHA256',
    '-groups',
    'P-256',
  );
  const hello = read(await captured(client));
  assert.equal(hello.keyKinds(true), KeyKind.P256);
  assert.equal(hello.keyKinds(false), KeyKind.P256);
});

test('node:tls', async () => {
  const hello = read(await captured(node({ servername: 'api.internal', ALPNProtocols: ['acme-tls/1'] })));
  assert.equal(hello.serverName, 'api.internal');
  assert.ok(hello.offersAlpn(Buffer.from('acme-tls/1')));
  assert.equal(hello.offersVersion(TlsVersion.TLS13), true);
});

test('node:tls with a hello as large as protocols make it', async () => {
  const protocols = Array.from({ length: 200 }, (_, index) => `protocol-${index}`);
  const hello = read(await captured(node({ servername: 'a.example', ALPNProtocols: protocols })));
  assert.deepEqual(hello.alpnProtocols(), protocols);
});

test('curl', async (context) => {
  requireCurl(context);
  const client = program(
    'curl',
    '--silent',
    '--insecure',
    '--max-time',
    '20',
    '--noproxy',
    '*',
    '--resolve',
    'web.example.org:PORT:127.0.0.1',
    'https://web.example.org:PORT/',
  );
  const hello = read(await captured(client));
  assert.equal(hello.serverName, 'web.example.org');
  assert.ok(hello.offersAlpn(Buffer.from('http/1.1')));
  assert.ok((hello.keyKinds(true) & KeyKind.P256) !== 0 && (hello.keyKinds(true) & KeyKind.RSA) !== 0);
});
