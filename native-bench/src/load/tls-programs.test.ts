// The helper programs against a TLS server of Node's: full and resumed handshakes are what they say, failures are counted, and
// idle connections stay.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { allowedCores } from '../lab/cores.ts';
import { makeCredentials } from '../lab/credentials.ts';
import { Processes } from '../lab/processes.ts';
import { ask } from './ask.ts';
import type { HandshakesPlan, HandshakesResult } from './handshakes-plan.ts';
import { LineClient } from './line-client.ts';
import { SUITE } from './tls-choices.ts';

interface TestServer {
  readonly server: Server;
  readonly port: number;
  /** Of each connection. */
  readonly suites: Set<string>;
  readonly resumed: boolean[];
}

async function serve(context: TestContext, answer: (response: ServerResponse) => void): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-tls-'));
  const { bundleFile } = makeCredentials(folder);
  const pem = readFileSync(bundleFile);
  rmSync(folder, { recursive: true });
  const server = createServer({ cert: pem, key: pem }, (_, response) => answer(response)).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const suites = new Set<string>();
  const resumed: boolean[] = [];
  server.on('secureConnection', (socket: TLSSocket) => {
    suites.add(socket.getCipher().standardName);
    resumed.push(socket.isSessionReused());
  });
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, suites, resumed };
}

async function start(context: TestContext, program: string, ...args: string[]): Promise<LineClient> {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  const command = [process.execPath, join(import.meta.dirname, program), ...args];
  return new LineClient(await processes.start({ command, cores: allowedCores(), openFiles: 1024, folder: tmpdir() }));
}

async function handshakes(context: TestContext, port: number, resume: boolean): Promise<HandshakesResult> {
  const plan: HandshakesPlan = { port, connections: 4, seconds: 0.3, resume };
  const client = await start(context, 'handshakes-main.ts', JSON.stringify(plan));
  assert.equal(await client.next(), 'ready');
  client.say('go');
  return JSON.parse(await client.next());
}

const right = (response: ServerResponse) => response.writeHead(200, { 'Content-Length': 2 }).end('ok');

test('full handshakes resume nothing, as the server says too', async (context) => {
  const { port, suites, resumed } = await serve(context, right);
  const result = await handshakes(context, port, false);
  assert.ok(result.handshakes >= 4);
  assert.deepEqual([result.resumed, result.failed], [0, 0]);
  assert.equal(resumed.length, result.handshakes);
  assert.ok(!resumed.includes(true));
  assert.deepEqual([...suites], [SUITE]);
  assert.ok(result.p50Us > 0 && result.p50Us <= result.p99Us);
});

test('resumed handshakes are those that the server calls so', async (context) => {
  const { port, resumed } = await serve(context, right);
  const result = await handshakes(context, port, true);
  assert.equal(result.failed, 0);
  // One for each connection brings the first sessions, and is not part of the result.
  assert.equal(resumed.length, result.handshakes + 4);
  assert.equal(resumed.filter((each) => each).length, result.resumed);
  // This server gives two tickets with each full handshake and none with a resumed one.
  assert.ok(result.resumed >= result.handshakes / 2);
});

test('answers that are none are failures', async (context) => {
  let requests = 0;
  const { port } = await serve(context, (response) => {
    if (++requests === 2) response.socket!.destroy();
    else if (requests === 3) response.writeHead(503, { 'Content-Length': 0 }).end();
    else right(response);
  });
  const result = await handshakes(context, port, false);
  assert.equal(result.failed, 2);
  assert.equal(result.handshakes, requests - 2);
});

test('idle connections in TLS', async (context) => {
  const { server, port, suites } = await serve(context, right);
  server.keepAliveTimeout = 60_000;
  const client = await start(context, 'idle-main.ts', String(port), '40', 'tls');
  assert.equal(await client.next(), 'open 40');
  assert.deepEqual([...suites], [SUITE]);
  client.endInput();
  assert.equal(await client.next(), 'lost 0');
});

test('one question over TLS, in both versions of HTTP', async (context) => {
  const { port } = await serve(context, right);
  assert.equal((await ask({ port, protocol: 'https' })).text, 'ok');
  await assert.rejects(ask({ port, protocol: 'h2' }));
});
