// The helper programs against a small server that behaves, and one that does not: every request has the right fate.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { allowedCores } from '../lab/cores.ts';
import { type LabProcess, Processes } from '../lab/processes.ts';
import { LineClient } from './line-client.ts';
import { lostOf, type SteadyResult } from './steady-plan.ts';

type Answerer = (request: number, response: ServerResponse) => void;

async function serve(context: TestContext, answer: Answerer): Promise<{ server: Server; port: number }> {
  let requests = 0;
  const server = createServer((_, response) => answer(++requests, response)).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function start(context: TestContext, program: string, ...args: string[]): Promise<LabProcess> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [process.execPath, join(import.meta.dirname, program), ...args];
  return await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder: tmpdir() });
}

async function steady(context: TestContext, answer: Answerer): Promise<SteadyResult> {
  const { port } = await serve(context, answer);
  const plan = { port, host: 'bench.example', connections: 4, pauseMs: 10, seconds: 1.5 };
  return JSON.parse(await new LineClient(await start(context, 'steady-main.ts', JSON.stringify(plan))).next());
}

const right = (response: ServerResponse) => response.writeHead(200, { 'Content-Length': 2 }).end('ok');

test('a server that answers loses nothing', async (context) => {
  const result = await steady(context, (_, response) => right(response));
  assert.ok(result.sent > 10);
  assert.equal(result.answered, result.sent);
  assert.equal(lostOf(result), 0);
  assert.ok(result.p50Us > 0 && result.p50Us <= result.p99Us && result.p99Us <= result.maxUs);
});

test('every kind of loss is counted once, and the load goes on', async (context) => {
  const result = await steady(context, (request, response) => {
    if (request === 3) response.socket!.destroy();
    else if (request === 5) response.writeHead(503, { 'Content-Length': 0 }).end();
    else if (request === 7) {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('half', () => response.socket!.destroy());
    } else right(response);
  });
  assert.deepEqual([result.unanswered, result.wrong, result.cut, result.refused], [1, 1, 1, 0]);
  assert.equal(result.answered, result.sent - 3);
});

test('idle connections stay, and those that are closed on them are counted', async (context) => {
  const { server, port } = await serve(context, (_, response) => right(response));
  server.keepAliveTimeout = 60_000;
  const client = new LineClient(await start(context, 'idle-main.ts', String(port), '150'));
  assert.equal(await client.next(), 'open 150');
  server.closeIdleConnections();
  // Time for the ends to arrive.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  client.endInput();
  assert.equal(await client.next(), 'lost 150');
});
