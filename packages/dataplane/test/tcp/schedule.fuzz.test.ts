// Random amounts in random pieces at random moments through TCP routers of every kind and relays of every manner, many connections at
// a time: every byte arrives once and in order, and so does each end; of what a reset cuts off, a beginning does. A failure names its
// seed; FUZZ_SEED repeats one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { it } from 'node:test';
import tls from 'node:tls';
import { tcpTransportKey } from '@sluice/routing';
import { startProxy } from '../../src/testing/proxy-under-test.ts';
import { fuzzBudgetMs } from '../../src/testing/schedule/fuzz-budget.ts';
import { writeInPieces } from '../../src/testing/schedule/paced-writer.ts';
import { RandomSource } from '../../src/testing/schedule/random-source.ts';
import { resetSocket } from '../../src/testing/schedule/reset-socket.ts';
import { authority, certificate, material } from '../support/made-tls.ts';
import { closeAll, serve, transportTls } from '../support/secure-servers.ts';

/** `ended`: TLS of clients only; `secured`: of servers only; `passed`: from end to end. */
const MODES = ['plain', 'ended', 'secured', 'passed', 'proxied'] as const;
const RELAYS = ['auto', 'copy', 'splice'] as const;
const CONNECTIONS = 30;
const BYTES_MAX = 400_000;
const AT_A_TIME = 20;
/** A number at the beginning of what a client sends: which plan it follows. */
const NUMBER_BYTES = 4;
/** Begins with a letter: no TLS, and nothing else that is looked for. */
const FIRST_NUMBER = 0x41_00_00_00;
/** Clients of `secured` come from here. */
const OTHER_ADDRESS = '127.0.0.2';
const CUT_CHANCE = 0.15;
const PROXY_LINE = 'PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n';

interface Plan {
  readonly mode: (typeof MODES)[number];
  readonly up: Buffer;
  readonly down: Buffer;
  readonly pieces: readonly number[];
  readonly clientReadsAll: boolean;
  /** Who ends it with a reset, in the midst of what it sends. */
  readonly cutBy: 'client' | 'server' | undefined;
  /** What arrived at the server, once its client has finished. */
  readonly arrived: Promise<Buffer>;
  readonly tellArrived: (bytes: Buffer) => void;
}

const own = certificate(['passed.test', '127.0.0.1']);

function bytesOf(random: RandomSource, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(random.whole(0, 2 ** 32 - 1), at);
  return bytes;
}

function planOf(random: RandomSource): Plan {
  const { promise: arrived, resolve: tellArrived } = Promise.withResolvers<Buffer>();
  const mode = random.pick(MODES);
  return {
    mode,
    up: bytesOf(random, random.size(BYTES_MAX)),
    down: bytesOf(random, random.size(BYTES_MAX)),
    pieces: Array.from({ length: 5 }, () => random.whole(1, 30_000)),
    clientReadsAll: isTls({ mode }) || random.chance(0.5),
    cutBy: random.chance(CUT_CHANCE) ? whoCuts(mode, random) : undefined,
    arrived,
    tellArrived,
  };
}

/** Node's TLS cannot finish in one direction and go on in the other. */
const isTls = ({ mode }: Pick<Plan, 'mode'>) => mode !== 'plain' && mode !== 'proxied';
const clientSpeaksTls = (mode: Plan['mode']) => mode === 'ended' || mode === 'passed';
const serverSpeaksTls = (mode: Plan['mode']) => mode === 'secured' || mode === 'passed';

/** Node's TLS cannot be reset either. */
function whoCuts(mode: Plan['mode'], random: RandomSource): Plan['cutBy'] {
  const able = [
    ...(clientSpeaksTls(mode) ? [] : ['client' as const]),
    ...(serverSpeaksTls(mode) ? [] : ['server' as const]),
  ];
  return able.length === 0 ? undefined : random.pick(able);
}

/** All of it and then nothing; or, from whom cuts the connection, a part of it and then a reset. */
async function send(socket: net.Socket, bytes: Buffer, plan: Plan, cuts: boolean, random: RandomSource): Promise<void> {
  const part = cuts ? bytes.subarray(0, random.whole(0, bytes.length)) : bytes;
  await writeInPieces(socket, part, plan.pieces, random);
  if (cuts) resetSocket(socket);
}

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** Follows the plan that its client names: sends its part, digests the rest. */
function answer(socket: net.Socket, plans: readonly Plan[], random: RandomSource): void {
  const chunks: Buffer[] = [];
  let plan: Plan | undefined;
  let bytes = 0;
  let isSent = false;
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (plan === undefined && bytes >= NUMBER_BYTES) begin(Buffer.concat(chunks).readUInt32BE(0) - FIRST_NUMBER);
    checkEnd();
  });
  const begin = (number: number) => {
    plan = plans[number]!;
    send(socket, plan.down, plan, plan.cutBy === 'server', random).then(() => {
      isSent = true;
      checkEnd();
    });
  };
  const tell = () => plan?.tellArrived(Buffer.concat(chunks).subarray(NUMBER_BYTES));
  const checkEnd = () => {
    if (plan === undefined || !isSent || socket.writableEnded || socket.destroyed) return;
    if (!isTls(plan)) socket.end();
    else if (bytes === NUMBER_BYTES + plan.up.length) endTls(socket);
  };
  socket.on('end', tell).on('close', tell);
}

/** Node leaves close_notify out when its session tickets are still being written, and an end without it is none (RFC 8446 §6.1). */
function endTls(socket: net.Socket): void {
  setImmediate(() => setImmediate(() => socket.end()));
}

async function connect(port: number, plan: Plan): Promise<net.Socket> {
  const localAddress = plan.mode === 'secured' ? OTHER_ADDRESS : '127.0.0.1';
  const wire = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true, localAddress });
  await once(wire, 'connect');
  if (plan.mode === 'proxied') wire.write(PROXY_LINE);
  if (!clientSpeaksTls(plan.mode)) return wire;
  const servername = `${plan.mode}.test`;
  const socket = tls.connect({
    socket: wire,
    servername,
    ca: authority.chain,
    rejectUnauthorized: plan.mode === 'passed',
  });
  await once(socket, 'secureConnect');
  return socket;
}

/** One connection from its beginning to its end. @throws what is not as planned */
async function follow(port: number, plan: Plan, number: number, random: RandomSource): Promise<void> {
  const socket = await connect(port, plan);
  const chunks: Buffer[] = [];
  const { cutBy, mode, up, down } = plan;
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve()).on('close', () => resolve());
    socket.on('error', (error) => (cutBy === undefined ? reject(error) : resolve()));
  });
  const head = Buffer.alloc(NUMBER_BYTES);
  head.writeUInt32BE(FIRST_NUMBER + number);
  // The server knows whose plan it is in any case.
  socket.write(head);
  await send(socket, up, plan, cutBy === 'client', random);
  if (plan.clientReadsAll) await ended;
  if (!socket.destroyed) socket.end();
  await ended;
  compare(Buffer.concat(chunks), down, cutBy, `what came from the server, ${mode}`);
  // Whoever is reset in the midst may never have seen the number.
  if (cutBy !== 'client') compare(await plan.arrived, up, cutBy, `what came from the client, ${mode}`);
  else plan.arrived.then((bytes) => compare(bytes, up, cutBy, `what came before a reset, ${mode}`));
  socket.destroy();
}

function compare(came: Buffer, sent: Buffer, cutBy: Plan['cutBy'], what: string): void {
  if (cutBy === undefined) assert.equal(came.length, sent.length, what);
  assert.equal(digestOf(came), digestOf(sent.subarray(0, came.length)), what);
}

async function runSchedule(seed: number, relay: (typeof RELAYS)[number]): Promise<void> {
  const random = new RandomSource(seed);
  const plans = Array.from({ length: CONNECTIONS }, () => planOf(random));
  const plain = await serve(net.createServer({ allowHalfOpen: true }, (socket) => answer(socket, plans, random)));
  const { chain: cert, key } = own.issued;
  const secure = await serve(tls.createServer({ cert, key }, (socket) => answer(socket, plans, random)));
  const service = (port: number, further = '') =>
    `{ loadBalancer: { serversTransport: patient, servers: [{ address: "127.0.0.1:${port}"${further} }] } }`;
  const transports = { [tcpTransportKey('patient@file')]: transportTls({ authorities: authority.chain }) };
  const proxy = await startProxy(() => {}, {
    relay,
    tls: { ...material(), transports },
    proxyProtocol: { insecure: true, trustedIPs: [] },
    dynamic: `
tcp:
  routers:
    plain: { rule: "HostSNI(\`*\`)", service: plain }
    secured: { rule: "ClientIP(\`${OTHER_ADDRESS}\`)", service: secured, priority: 1000 }
    ended: { rule: "HostSNI(\`ended.test\`)", service: plain, tls: {} }
    passed: { rule: "HostSNI(\`passed.test\`)", service: secure, tls: { passthrough: true } }
  services: { plain: ${service(plain)}, secure: ${service(secure)}, secured: ${service(secure, ', tls: true')} }
  serversTransports: { patient: { terminationDelay: -1, tls: {} } }`,
  });
  try {
    let next = 0;
    const worker = async () => {
      for (let number = next++; number < plans.length; number = next++) {
        await follow(proxy.port, plans[number]!, number, random);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    await proxy.server.until(() => proxy.dataplane.connectionCount === 0, 'the end of everything');
    assert.equal(proxy.dataplane.refusedCommands, 0);
  } finally {
    await proxy.close();
    await closeAll();
  }
}

it('passes every byte and every end, whatever the schedule', async (t) => {
  const until = Date.now() + fuzzBudgetMs();
  let seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  let schedules = 0;
  do {
    for (const relay of RELAYS) await assert.doesNotReject(runSchedule(seed, relay), `FUZZ_SEED=${seed}, ${relay}`);
    seed++;
    schedules++;
  } while (Date.now() < until);
  t.diagnostic(`${schedules} schedules of ${CONNECTIONS} connections, each with relays of every manner`);
});
