// Random amounts in random pieces at random moments through TCP routers of every kind, many connections at a time: every byte arrives
// once and in order, and so does each end. A failure names its seed; FUZZ_SEED repeats one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { it } from 'node:test';
import tls from 'node:tls';
import { startProxy } from '../../src/testing/proxy-under-test.ts';
import { fuzzBudgetMs } from '../../src/testing/schedule/fuzz-budget.ts';
import { writeInPieces } from '../../src/testing/schedule/paced-writer.ts';
import { RandomSource } from '../../src/testing/schedule/random-source.ts';
import { authority, certificate, material } from '../support/made-tls.ts';
import { closeAll, serve } from '../support/secure-servers.ts';

const MODES = ['plain', 'ended', 'passed', 'proxied'] as const;
const BYTES_MAX = 400_000;
const AT_A_TIME = 20;
/** A number at the beginning of what a client sends: which plan it follows. */
const NUMBER_BYTES = 4;
/** Begins with a letter: no TLS, and nothing else that is looked for. */
const FIRST_NUMBER = 0x41_00_00_00;
const PROXY_LINE = 'PROXY TCP4 203.0.113.7 198.51.100.2 4711 443\r\n';

interface Plan {
  readonly mode: (typeof MODES)[number];
  readonly up: Buffer;
  readonly down: Buffer;
  readonly pieces: readonly number[];
  readonly clientReadsAll: boolean;
  /** What arrived at the server, digested, once its client has finished. */
  arrived: Promise<string>;
  tellArrived: (digest: string) => void;
}

const own = certificate(['passed.test']);

function bytesOf(random: RandomSource, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(random.whole(0, 2 ** 32 - 1), at);
  return bytes;
}

function planOf(random: RandomSource): Plan {
  let tellArrived: (digest: string) => void = () => {};
  const arrived = new Promise<string>((resolve) => {
    tellArrived = resolve;
  });
  const mode = random.pick(MODES);
  return {
    mode,
    up: bytesOf(random, random.size(BYTES_MAX)),
    down: bytesOf(random, random.size(BYTES_MAX)),
    pieces: Array.from({ length: 5 }, () => random.whole(1, 30_000)),
    clientReadsAll: isTls({ mode }) || random.chance(0.5),
    arrived,
    tellArrived,
  };
}

/** Node's TLS cannot finish in one direction and go on in the other. */
const isTls = ({ mode }: Pick<Plan, 'mode'>) => mode === 'ended' || mode === 'passed';
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
    writeInPieces(socket, plan.down, plan.pieces, random).then(() => {
      isSent = true;
      checkEnd();
    });
  };
  const checkEnd = () => {
    if (plan === undefined || !isSent || socket.writableEnded) return;
    if (!isTls(plan) || bytes === NUMBER_BYTES + plan.up.length) socket.end();
  };
  socket.on('end', () => plan?.tellArrived(digestOf(Buffer.concat(chunks).subarray(NUMBER_BYTES))));
}

async function connect(port: number, plan: Plan): Promise<net.Socket> {
  const wire = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await once(wire, 'connect');
  if (plan.mode === 'proxied') wire.write(PROXY_LINE);
  if (!isTls(plan)) return wire;
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
  const ended = new Promise<void>((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => resolve());
    socket.on('error', reject);
  });
  const head = Buffer.alloc(NUMBER_BYTES);
  head.writeUInt32BE(FIRST_NUMBER + number);
  await writeInPieces(socket, Buffer.concat([head, plan.up]), plan.pieces, random);
  if (plan.clientReadsAll) await ended;
  socket.end();
  await ended;
  assert.equal(digestOf(Buffer.concat(chunks)), digestOf(plan.down), `what came from the server, ${plan.mode}`);
  assert.equal(await plan.arrived, digestOf(plan.up), `what came from the client, ${plan.mode}`);
  socket.destroy();
}

async function runSchedule(seed: number, connections: number): Promise<void> {
  const random = new RandomSource(seed);
  const plans = Array.from({ length: connections }, () => planOf(random));
  const plain = await serve(net.createServer({ allowHalfOpen: true }, (socket) => answer(socket, plans, random)));
  const { chain: cert, key } = own.issued;
  const secure = await serve(tls.createServer({ cert, key }, (socket) => answer(socket, plans, random)));
  const service = (port: number) =>
    `{ loadBalancer: { serversTransport: patient, servers: [{ address: "127.0.0.1:${port}" }] } }`;
  const proxy = await startProxy(() => {}, {
    tls: material(),
    proxyProtocol: { insecure: true, trustedIPs: [] },
    dynamic: `
tcp:
  routers:
    plain: { rule: "HostSNI(\`*\`)", service: plain }
    ended: { rule: "HostSNI(\`ended.test\`)", service: plain, tls: {} }
    passed: { rule: "HostSNI(\`passed.test\`)", service: secure, tls: { passthrough: true } }
  services: { plain: ${service(plain)}, secure: ${service(secure)} }
  serversTransports: { patient: { terminationDelay: -1 } }`,
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
    await assert.doesNotReject(runSchedule(seed, 60), `FUZZ_SEED=${seed}`);
    seed++;
    schedules++;
  } while (Date.now() < until);
  t.diagnostic(`${schedules} schedules of 60 connections`);
});
