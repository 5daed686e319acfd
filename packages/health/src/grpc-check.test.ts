import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { openssl, requireOpenssl } from '../../../test/support/openssl.ts';
import { type HealthAnswer, startGrpcServer, statusMessage } from '../test/support/grpc-server.ts';
import type { SecureConnection } from './check-tls.ts';
import { judgeGrpcOutcome } from './grpc-answer.ts';
import { GrpcCheck } from './grpc-check.ts';
import { type GrpcTarget, planGrpcTarget } from './grpc-target.ts';
import { eventually, startServer } from './testing/real-server.ts';

const TIMEOUT_MS = 20_000;

/** The first check of a server, and the last. */
async function check(port: number, secure = false, tls?: SecureConnection, timeoutMs = TIMEOUT_MS, host?: string) {
  const only = new GrpcCheck(targetAt(port, secure, host), timeoutMs, tls);
  try {
    return await only.run();
  } finally {
    only.close();
  }
}

function targetAt(port: number, secure = false, host = '127.0.0.1'): GrpcTarget {
  return { host, port, authority: `${host}:${port}`, secure };
}

const answering =
  (message: Buffer): HealthAnswer =>
  (_call, reply) =>
    reply(null, message);

interface TcpServer {
  readonly port: number;
  /** Connections that have not ended. */
  readonly open: ReadonlySet<Socket>;
  accepted: number;
  /** Connections end at once. */
  refuses: boolean;
}

/** A TCP server that does what `onSocket` says; its connections end with the test. */
async function startTcp(t: TestContext, onSocket: (socket: Socket) => void): Promise<TcpServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    tcp.accepted++;
    if (tcp.refuses) socket.destroy();
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    if (!tcp.refuses) onSocket(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  const tcp: TcpServer = { port: (server.address() as AddressInfo).port, open, accepted: 0, refuses: false };
  return tcp;
}

test('only SERVING is healthy', async (t) => {
  const names = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN', '4'];
  for (const [number, name] of names.entries()) {
    const port = await startGrpcServer(t, answering(statusMessage(number)));
    assert.deepEqual(await check(port), { healthy: number === 1, reason: `status ${name}` });
  }
});

test('the whole server is asked about, under a name of our own', async (t) => {
  let asked: { request: Buffer; agent: string; path: string } | undefined;
  const port = await startGrpcServer(t, (call, reply) => {
    asked = { request: call.request, agent: String(call.metadata.get('user-agent')), path: call.getPath() };
    reply(null, statusMessage(1));
  });
  assert.equal((await check(port)).healthy, true);
  assert.equal(asked?.request.length, 0);
  assert.match(asked!.agent, /^sluice-health-check /);
  assert.equal(asked!.path, '/grpc.health.v1.Health/Check');
});

test('a server without the health service, or with an error, is not healthy', async (t) => {
  const without = await check(await startGrpcServer(t, undefined));
  assert.deepEqual(without, { healthy: false, reason: 'the server does not implement grpc.health.v1.Health' });
  const failing = await startGrpcServer(t, (_call, reply) =>
    reply({ code: status.NOT_FOUND, details: 'unknown service' }),
  );
  assert.deepEqual(await check(failing), { healthy: false, reason: 'grpc-status 5 unknown service' });
});

test('answers that are too long or no message are not healthy', async (t) => {
  const long = await check(await startGrpcServer(t, answering(Buffer.alloc(5_000))));
  assert.equal(long.healthy, false);
  assert.match(long.reason, /more than 4096 bytes/);
  const rubbish = await check(await startGrpcServer(t, answering(Buffer.of(0xff, 0xff))));
  assert.deepEqual(rubbish, { healthy: false, reason: 'the answer is no HealthCheckResponse' });
});

test('a server that does not answer in time', async (t) => {
  const port = await startGrpcServer(t, () => {});
  const outcome = await check(port, false, undefined, 100);
  assert.deepEqual(outcome, { healthy: false, reason: 'no answer within 100 ms' });
});

test('connections to servers that stay silent end with the check', async (t) => {
  const silent = await startTcp(t, (socket) => socket.resume());
  for (const secure of [false, true]) {
    const checks = new GrpcCheck(targetAt(silent.port, secure), 500);
    t.after(() => checks.close());
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await checks.run(), { healthy: false, reason: 'no answer within 500 ms' });
      await eventually('the connection is gone', () => silent.open.size === 0);
    }
  }
  assert.equal(silent.accepted, 6, 'each check after a failure has a new one');
});

test('a status of the server, like that of a deadline, is told as such', async (t) => {
  const port = await startGrpcServer(t, (_call, reply) => reply({ code: status.DEADLINE_EXCEEDED, details: 'mine' }));
  assert.deepEqual(await check(port), { healthy: false, reason: 'grpc-status 4 mine' });
});

test('nobody there, or somebody who speaks something else', async (t) => {
  const { port, close } = await startServer(t, (_request, response) => response.end('hello'));
  assert.equal((await check(port)).healthy, false);
  await close();
  const refused = await check(port);
  assert.equal(refused.healthy, false);
  assert.match(refused.reason, /ECONNREFUSED/);
});

/** Between checks and a gRPC server. */
async function startRelay(t: TestContext, port: number) {
  return startTcp(t, (socket) => {
    const onward = new Socket();
    onward.on('error', () => socket.destroy()).connect(port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
  });
}

test('checks share a connection until they end', async (t) => {
  const between = await startRelay(t, await startGrpcServer(t, answering(statusMessage(1))));
  const checks = new GrpcCheck(targetAt(between.port), TIMEOUT_MS);
  for (let i = 0; i < 3; i++) assert.equal((await checks.run()).healthy, true);
  assert.deepEqual([between.accepted, between.open.size], [1, 1]);
  checks.close();
  checks.close();
  await eventually('no connection is left', () => between.open.size === 0);
  assert.deepEqual(await checks.run(), { healthy: false, reason: 'stopped' });
  assert.equal(between.accepted, 1);
});

test('a connection that is lost between checks is replaced, a server that comes back is seen at once', async (t) => {
  const between = await startRelay(t, await startGrpcServer(t, answering(statusMessage(1))));
  const checks = new GrpcCheck(targetAt(between.port), TIMEOUT_MS);
  t.after(() => checks.close());
  assert.equal((await checks.run()).healthy, true);
  for (const socket of between.open) socket.destroy();
  await eventually('it is gone', () => between.open.size === 0);
  await sleep(200);
  assert.equal((await checks.run()).healthy, true);
  between.refuses = true;
  for (const socket of between.open) socket.destroy();
  await sleep(200);
  for (let i = 0; i < 3; i++) assert.equal((await checks.run()).healthy, false);
  between.refuses = false;
  assert.equal((await checks.run()).healthy, true);
});

test('a check that is cancelled ends at once, with its connection', async (t) => {
  const between = await startRelay(t, await startGrpcServer(t, () => {}));
  const checks = new GrpcCheck(targetAt(between.port), 60_000);
  const running = checks.run();
  await eventually('it is there', () => between.open.size === 1);
  checks.close();
  assert.deepEqual(await running, { healthy: false, reason: 'stopped' });
  await eventually('no connection is left', () => between.open.size === 0);
});

test('what environment variables say of proxies does not count', async (t) => {
  const port = await startGrpcServer(t, answering(statusMessage(1)));
  const before = process.env.grpc_proxy;
  t.after(() => {
    if (before === undefined) delete process.env.grpc_proxy;
    else process.env.grpc_proxy = before;
  });
  process.env.grpc_proxy = 'http://127.0.0.1:1';
  assert.equal((await check(port)).healthy, true);
});

/** Of inner.example and localhost, signed by itself; PEM. */
function makeCertificate(t: TestContext): { readonly key: Buffer; readonly cert: Buffer } {
  requireOpenssl();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-grpc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
  const names = ['-addext', 'subjectAltName=DNS:inner.example,DNS:localhost'];
  openssl(
    ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', keyFile],
    ...['-out', certFile, '-subj', '/CN=inner.example', ...names],
  );
  return { key: readFileSync(keyFile), cert: readFileSync(certFile) };
}

test('TLS: verified, by another name, not verified, with a certificate of our own', async (t) => {
  const { key, cert } = makeCertificate(t);
  const [keyText, certText] = [String(key), String(cert)];
  const pair = { private_key: key, cert_chain: cert };
  const open = await startGrpcServer(t, answering(statusMessage(1)), ServerCredentials.createSsl(null, [pair]));
  const strict = await startGrpcServer(t, answering(statusMessage(1)), ServerCredentials.createSsl(cert, [pair], true));
  const ask = async (port: number, tls: SecureConnection, host: string) => {
    const { healthy, reason } = await check(port, true, tls, TIMEOUT_MS, host);
    return healthy ? 'healthy' : reason;
  };
  assert.equal(await ask(open, { ca: certText }, 'localhost'), 'healthy');
  assert.equal(await ask(open, { ca: certText, servername: 'inner.example' }, '127.0.0.1'), 'healthy');
  assert.match(await ask(open, { ca: certText, servername: 'other.example' }, '127.0.0.1'), /does not match/);
  assert.match(await ask(open, {}, 'localhost'), /self-signed certificate/);
  assert.equal(await ask(open, { rejectUnauthorized: false }, 'localhost'), 'healthy');
  assert.equal(await ask(strict, { ca: certText, cert: certText, key: keyText }, 'localhost'), 'healthy');
  assert.notEqual(await ask(strict, { ca: certText }, 'localhost'), 'healthy');
  assert.notEqual((await check(open, false)).reason, 'status SERVING', 'plain text to a server that wants TLS');
});

test('TLS: names are sent as server names, addresses are not; a server without HTTP/2 is not healthy', async (t) => {
  const pair = makeCertificate(t);
  const names: string[] = [];
  const start = async (protocols: object) => {
    const server = createTlsServer({ ...pair, ...protocols }, (socket) => {
      names.push(socket.servername || 'none');
      socket.on('error', () => {}).destroy();
    });
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return (server.address() as AddressInfo).port;
  };
  const ask = async (port: number, host: string, more: SecureConnection = {}) =>
    (await check(port, true, { rejectUnauthorized: false, ...more }, TIMEOUT_MS, host)).reason;
  const port = await start({ ALPNProtocols: ['h2'] });
  await ask(port, 'localhost');
  await ask(port, '127.0.0.1');
  await ask(port, '127.0.0.1', { servername: 'other.example' });
  assert.deepEqual(names, ['localhost', 'none', 'other.example']);
  assert.equal(await ask(await start({}), 'localhost'), 'the server does not speak HTTP/2');
});

test('the library is loaded by the first check of this kind, not before', () => {
  const script = `
    import { createRequire } from 'node:module';
    import * as health from '@sluice/health';
    const loaded = Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('grpc-js'));
    process.stdout.write(typeof health.HealthChecks + ' ' + loaded);
  `;
  const words = ['--input-type=module', '--eval', script];
  assert.equal(execFileSync(process.execPath, words, { cwd: import.meta.dirname, encoding: 'utf8' }), 'function false');
});

test('the address comes from scheme, host and port, and from nothing else', () => {
  const plan = (url: string, changes = {}): string => {
    const planned = planGrpcTarget(url, { scheme: '', port: 0, ...changes });
    if ('problem' in planned) return planned.problem;
    const { host, port, authority, secure } = planned;
    assert.equal(authority, `${host.includes(':') ? `[${host}]` : host}:${port}`);
    return `${secure ? 'TLS' : 'plain'} ${authority}`;
  };
  assert.equal(plan('http://a.example/path?x'), 'plain a.example:80');
  assert.equal(plan('h2c://user@a.example:50051'), 'plain a.example:50051');
  assert.equal(plan('https://[::1]/'), 'TLS [::1]:443');
  assert.equal(plan('http://a.example:1', { port: 2 }), 'plain a.example:2');
  assert.equal(plan('http://a.example:1', { scheme: 'HTTPS' }), 'TLS a.example:1');
  assert.equal(plan('https://a.example', { scheme: 'h2c' }), 'plain a.example:80');
  assert.match(plan('ftp://a.example'), /is not http/);
  assert.match(plan('http://a.example', { scheme: 'ws' }), /none of http/);
});

const judge = (bytes: readonly number[]): string =>
  judgeGrpcOutcome({ code: 0, details: '', message: Buffer.from(bytes) }).reason;

test('fields that are not known yet are passed over, broken messages are not healthy', () => {
  const known = [8, 2];
  const messages = [known, [8, 1, ...known], [0x12, 2, 9, 9, ...known], [0x19, 0, 0, 0, 0, 0, 0, 0, 0, ...known]];
  for (const bytes of [...messages, [0x1d, 0, 0, 0, 0, ...known]]) assert.equal(judge(bytes), 'status NOT_SERVING');
  const broken = [[8], [8, 0x80], [0x12, 5, 1], [0x12, 0x80], [0x19, 1], [0x0b, 1], Array<number>(12).fill(0xff)];
  for (const bytes of broken) assert.match(judge(bytes), /no HealthCheckResponse/, String(bytes));
});

test('outcomes without a message are not healthy', () => {
  const reasonOf = (code: number, details: string) => {
    const { healthy, reason } = judgeGrpcOutcome({ code, details, message: undefined });
    assert.equal(healthy, false);
    return reason;
  };
  assert.match(reasonOf(0, ''), /no HealthCheckResponse/);
  assert.equal(reasonOf(14, 'x'.repeat(999)).length, 200);
  assert.equal(reasonOf(14, 'Received HTTP status code 503'), 'grpc-status 14 Received HTTP status code 503');
  const said = (reason: string) => reasonOf(14, `No connection established. Last error: ${reason}. Resolution note: `);
  assert.equal(said('Error: connect ECONNREFUSED 127.0.0.1:1'), 'connect ECONNREFUSED 127.0.0.1:1');
  assert.equal(said('Protocol error (2026-01-02T03:04:05.678Z)'), 'Protocol error');
});
