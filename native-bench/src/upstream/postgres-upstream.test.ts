// The database behind proxies: it takes clients, pgbench has its tables, and nothing of it stays.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { allowedCores } from '../lab/cores.ts';
import { freePort, LOOPBACK } from '../lab/free-port.ts';
import { Processes } from '../lab/processes.ts';
import { askPostgres } from '../load/ask-postgres.ts';
import { PostgresUpstream } from './postgres-upstream.ts';

function processesOf(context: TestContext): Processes {
  const processes = new Processes();
  context.after(() => processes.stopAll());
  return processes;
}

test('a database is filled, answers, and goes with its files', { timeout: 60_000 }, async (context) => {
  const processes = processesOf(context);
  const upstream = new PostgresUpstream(await freePort());
  context.after(() => upstream.remove());
  const launch = upstream.launch(allowedCores(), 1_024);
  const server = await processes.start(launch);
  await upstream.fill(server);
  await askPostgres(upstream.port);
  await server.stop();
  await assert.rejects(askPostgres(upstream.port));
  await upstream.remove();
  assert.ok(!existsSync(launch.folder));
});

test('another server is no PostgreSQL', async (context) => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  context.after(() => server.close());
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve));
  await assert.rejects(askPostgres(port), /does not let us in: HTTP/);
});
