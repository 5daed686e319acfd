// The server of exchanges and the load that belongs to it: with each other, and each against somebody who does not keep to the rules.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { type CompiledName, compiled } from '../lab/compile.ts';
import { allowedCores } from '../lab/cores.ts';
import { Processes } from '../lab/processes.ts';
import { askExchange } from '../load/ask-exchange.ts';
import { type ExchangesPlan, type ExchangesResult, exchangeArguments } from '../load/exchanges-plan.ts';
import { LineClient } from '../load/line-client.ts';
import { FILL_BYTE, REQUEST_BYTES, requestOf, SMALL_EXCHANGE } from './exchange-protocol.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-exchanges-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function start(context: TestContext, program: CompiledName, ...args: string[]): Promise<LineClient> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [compiled(program, folder), ...args];
  return new LineClient(await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder }));
}

async function startServer(context: TestContext): Promise<number> {
  return Number(await (await start(context, 'exchange-server')).next());
}

/** A server of Node's that does what it likes. */
async function serve(context: TestContext, onSocket: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    context.after(() => socket.destroy());
    onSocket(socket);
  }).listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function load(context: TestContext, port: number, more: Partial<ExchangesPlan>): Promise<ExchangesResult> {
  const plan: ExchangesPlan = {
    ...SMALL_EXCHANGE,
    port,
    connections: 4,
    reconnects: false,
    warmUpSeconds: 0.1,
    seconds: 0.3,
    ...more,
  };
  const client = await start(context, 'exchange-clients', ...exchangeArguments(plan));
  assert.equal(await client.next(), 'ready');
  client.say('go');
  return JSON.parse(await client.next());
}

test('exchanges of every shape, with every byte looked at', async (context) => {
  const port = await startServer(context);
  await askExchange(port);
  await askExchange(port, { uploadBytes: 3 * MIB + 1, answerBytes: 1 });
  await askExchange(port, { uploadBytes: 0, answerBytes: 5 * MIB + 3 });
  await askExchange(port, { uploadBytes: MIB, answerBytes: MIB });
});

test('requests in single bytes, and several at once', { timeout: 60_000 }, async (context) => {
  const port = await startServer(context);
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  context.after(() => socket.destroy());
  let received = 0;
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length;
    assert.ok(bytes.every((byte) => byte === FILL_BYTE));
  });
  const until = async (bytes: number) => {
    while (received < bytes) await once(socket, 'data');
    assert.equal(received, bytes);
  };
  for (const byte of requestOf({ uploadBytes: 0, answerBytes: 100 })) socket.write(Buffer.of(byte));
  await until(100);
  const upload = Buffer.alloc(10, FILL_BYTE);
  socket.write(Buffer.concat([requestOf({ uploadBytes: 10, answerBytes: 1 }), upload, requestOf(SMALL_EXCHANGE)]));
  await until(101 + REQUEST_BYTES);
});

test('a request that is none ends the connection', async (context) => {
  const port = await startServer(context);
  await assert.rejects(askExchange(port, { uploadBytes: 0, answerBytes: -1 }));
});

test('load over connections that stay, and over new ones', async (context) => {
  const port = await startServer(context);
  for (const reconnects of [false, true]) {
    const result = await load(context, port, { reconnects });
    assert.ok(result.exchanges > 10);
    assert.equal(result.failed, 0);
    assert.ok(result.durationUs >= 300_000);
    assert.ok(result.p50Us > 0 && result.p50Us <= result.p99Us && result.p99Us <= result.p999Us);
  }
});

test('load in both directions, more than a socket takes at once', async (context) => {
  const port = await startServer(context);
  for (const shape of [
    { uploadBytes: 0, answerBytes: 8 * MIB },
    { uploadBytes: 8 * MIB, answerBytes: 64 },
  ]) {
    const { exchanges, failed } = await load(context, port, shape);
    assert.ok(exchanges >= 4);
    assert.equal(failed, 0);
  }
});

test('a new connection each is one connection each', async (context) => {
  let connections = 0;
  let closed = 0;
  const port = await serve(context, (socket) => {
    connections++;
    socket.on('data', () => socket.write(Buffer.alloc(REQUEST_BYTES, FILL_BYTE)));
    socket.on('end', () => closed++);
  });
  const { exchanges, failed } = await load(context, port, { reconnects: true, warmUpSeconds: 0 });
  assert.equal(failed, 0);
  // Nothing of the warm-up is counted: one of each connection, as its time was over at once.
  assert.equal(connections, exchanges + 4);
  assert.equal(closed, connections);
});

test('answers that are none are failures, and the load goes on', async (context) => {
  let requests = 0;
  const answer = Buffer.alloc(REQUEST_BYTES, FILL_BYTE);
  const port = await serve(context, (socket) => {
    socket.on('data', () => {
      requests++;
      if (requests === 6) socket.destroy();
      else if (requests === 7) socket.end(answer.subarray(1));
      else if (requests === 8) socket.write(Buffer.concat([answer, answer]));
      else socket.write(answer);
    });
  });
  const { exchanges, failed } = await load(context, port, { warmUpSeconds: 0 });
  assert.equal(failed, 3);
  assert.equal(exchanges, requests - 4 - 3);
});

test('a server that refuses is a failure each time, and the load ends in time', async (context) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { exchanges, failed } = await load(context, port, { warmUpSeconds: 0, seconds: 0.1 });
  assert.equal(exchanges, 0);
  assert.ok(failed >= 4);
});

test('an answer that is not what was asked for is said to be wrong', async (context) => {
  const answers = [Buffer.alloc(REQUEST_BYTES, 'b'), Buffer.alloc(REQUEST_BYTES + 1, FILL_BYTE), Buffer.alloc(0)];
  let asked = 0;
  const port = await serve(context, (socket) => {
    socket.on('data', () => socket.end(answers[asked++]));
  });
  await assert.rejects(askExchange(port), /other bytes/);
  await assert.rejects(askExchange(port), /more than 64 bytes/);
  await assert.rejects(askExchange(port), /closed after 0 of 64/);
});
