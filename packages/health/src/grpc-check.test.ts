import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { openssl, requireOpenssl } from '../../../test/support/openssl.ts';
import { type HealthAnswer, startGrpcServer, statusMessage } from '../test/support/grpc-server.ts';
import type { SecureConnection } from './check-tls.ts';
import { judgeGrpcAnswer } from './grpc-answer.ts';
import { runGrpcCheck } from './grpc-check.ts';
import { type GrpcTarget, planGrpcTarget } from './grpc-target.ts';
import { eventually, startServer } from './testing/real-server.ts';

const LIMITS = { timeoutMs: 3_000 };

function check(port: number, secure = false, tls?: SecureConnection, limits = LIMITS, host = '127.0.0.1') {
  return runGrpcCheck(targetAt(port, secure, host), limits, new AbortController().signal, tls);
}

function targetAt(port: number, secure = false, host = '127.0.0.1'): GrpcTarget {
  return { host, port, authority: `${host}:${port}`, secure };
}

const answering =
  (message: Buffer): HealthAnswer =>
  (_call, reply) =>
    reply(null, message);

/** A TCP server that does what `onSocket` says; its connections end with the test. */
async function startTcp(
  t: TestContext,
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; open: Set<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, open };
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
  assert.match(asked!.agent, /^sluice-health-check$/);
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
  const outcome = await check(port, false, undefined, { timeoutMs: 100 });
  assert.deepEqual(outcome, { healthy: false, reason: 'no answer within 100 ms' });
  const silent = await startTcp(t, (socket) => socket.resume());
  for (const secure of [false, true]) {
    assert.deepEqual(await check(silent.port, secure, undefined, { timeoutMs: 100 }), outcome);
    await eventually('the connection is gone', () => silent.open.size === 0);
  }
});

test('nobody there, or somebody who speaks something else', async (t) => {
  const { port, close } = await startServer(t, (_request, response) => response.end('hello'));
  assert.equal((await check(port)).healthy, false);
  await close();
  const refused = await check(port);
  assert.equal(refused.healthy, false);
  assert.match(refused.reason, /ECONNREFUSED/);
});

test('each check has a connection of its own, which is closed', async (t) => {
  const port = await startGrpcServer(t, answering(statusMessage(1)));
  let connections = 0;
  const between = await startTcp(t, (socket) => {
    connections++;
    const onward = new Socket();
    onward.on('error', () => socket.destroy()).connect(port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    socket.on('close', () => onward.destroy());
  });
  assert.equal((await check(between.port)).healthy, true);
  assert.equal((await check(between.port)).healthy, true);
  assert.equal(connections, 2);
  await eventually('no connection is left', () => between.open.size === 0);
});

test('a check that is cancelled ends at once', async (t) => {
  const port = await startGrpcServer(t, () => {});
  const cancel = new AbortController();
  const running = runGrpcCheck(targetAt(port), { timeoutMs: 60_000 }, cancel.signal);
  setTimeout(() => cancel.abort(), 50);
  assert.equal((await running).healthy, false);
  const late = runGrpcCheck(targetAt(port), { timeoutMs: 60_000 }, cancel.signal);
  assert.deepEqual(await late, { healthy: false, reason: 'stopped' });
});

test('TLS: verified, by another name, not verified, with a certificate of our own', async (t) => {
  requireOpenssl();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-grpc-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
  const names = ['-addext', 'subjectAltName=DNS:inner.example,DNS:localhost'];
  openssl(
    ...['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', keyFile],
    ...['-out', certFile, '-subj', '/CN=inner.example', ...names],
  );
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  const [keyText, certText] = [String(key), String(cert)];
  const pair = { private_key: key, cert_chain: cert };
  const open = await startGrpcServer(t, answering(statusMessage(1)), ServerCredentials.createSsl(null, [pair]));
  const strict = await startGrpcServer(t, answering(statusMessage(1)), ServerCredentials.createSsl(cert, [pair], true));
  const ask = async (port: number, tls: SecureConnection, host: string) => {
    const { healthy, reason } = await check(port, true, tls, LIMITS, host);
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

const judge = (bytes: readonly number[], length = bytes.length, flags = 0): string =>
  judgeGrpcAnswer({
    status: 200,
    grpcStatus: '0',
    grpcMessage: '',
    body: Buffer.from([flags, 0, 0, 0, length, ...bytes]),
  }).reason;

test('fields that are not known yet are passed over, broken messages are not healthy', () => {
  const known = [8, 2];
  const messages = [known, [8, 1, ...known], [0x12, 2, 9, 9, ...known], [0x19, 0, 0, 0, 0, 0, 0, 0, 0, ...known]];
  for (const bytes of [...messages, [0x1d, 0, 0, 0, 0, ...known]]) assert.equal(judge(bytes), 'status NOT_SERVING');
  const broken = [[8], [8, 0x80], [0x12, 5, 1], [0x12, 0x80], [0x19, 1], [0x0b, 1], Array<number>(12).fill(0xff)];
  for (const bytes of broken) assert.match(judge(bytes), /no HealthCheckResponse/, String(bytes));
  for (const [length, flags] of [[1], [3], [2, 1]]) assert.match(judge(known, length, flags), /no HealthCheckResponse/);
});

test('what no gRPC server sends is not healthy', () => {
  const answer = { status: 200, grpcStatus: '0', grpcMessage: '', body: Buffer.alloc(0) };
  assert.match(judgeGrpcAnswer({ ...answer, status: 503 }).reason, /status 503/);
  assert.match(judgeGrpcAnswer({ ...answer, grpcStatus: '' }).reason, /no grpc-status/);
  assert.match(judgeGrpcAnswer(answer).reason, /no HealthCheckResponse/);
  assert.equal(judgeGrpcAnswer({ ...answer, grpcStatus: '14', grpcMessage: 'x'.repeat(999) }).reason.length, 200);
});
