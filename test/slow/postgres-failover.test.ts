// Real PostgreSQL servers, a primary and two that stream from it: writes go to the primary and reads to the others, by what health
// checks find; through the end of the primary under load, a promotion, and a return. And what becomes of connections to a server that
// is silently gone.

import assert from 'node:assert/strict';
import { execFile, type PromiseWithChild } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { PostgresClient } from '../support/postgres-client.ts';
import { ask, CLEAR_USER, freeze, promote, stopImmediately } from '../support/postgres-control.ts';
import {
  type PostgresServer,
  postgresPassword,
  startPostgres,
  startPostgresReplica,
} from '../support/postgres-server.ts';
import { ProbeSeries } from '../support/probe-series.ts';
import { SluiceSite } from '../support/sluice-site.ts';

const INTERVAL_MS = 500;
const TIMEOUT_MS = 1_000;
/** Of machines that are busy with other things. */
const ALLOWANCE_MS = 3_000;
/** How often a worker looks for connections whose server is down, and over how long it drains them. */
const LOOK_MS = 1_000;
const DRAIN_MS = 30_000;
const EVERY_MS = 20;

interface Cluster {
  readonly primary: PostgresServer;
  /** Another one that streams from whoever is the primary. */
  replicaOf(server: PostgresServer, port?: number): Promise<PostgresServer>;
}

async function startPrimary(context: TestContext): Promise<Cluster> {
  const ends: (() => Promise<void>)[] = [];
  context.after(async () => {
    for (const end of ends) await end();
  });
  const atEnd = (end: () => Promise<void>): void => void ends.unshift(end);
  const primary = await startPostgres(atEnd);
  ask(primary, 'CREATE TABLE beats (id bigserial, at timestamptz DEFAULT clock_timestamp())');
  ask(
    primary,
    'GRANT ALL ON ALL TABLES IN SCHEMA public TO clear; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO clear',
  );
  return { primary, replicaOf: (server, port) => startPostgresReplica(atEnd, server, port) };
}

/** Who asks needs no more rights than to log in. */
const check = (role: 'primary' | 'replica') => ({
  mode: 'postgres',
  role,
  user: 'scram',
  password: postgresPassword('scram'),
  interval: `${INTERVAL_MS}ms`,
  timeout: `${TIMEOUT_MS}ms`,
});

const service = (servers: readonly PostgresServer[], role: 'primary' | 'replica', onServerDown = 'keep') => ({
  loadBalancer: {
    servers: servers.map(({ port }) => ({ address: `127.0.0.1:${port}` })),
    healthCheck: check(role),
    onServerDown,
  },
});

/** One entry point for each service of that name. @returns its ports */
async function siteOf(
  context: TestContext,
  services: Readonly<Record<string, object>>,
): Promise<{ site: SluiceSite; ports: Record<string, number> }> {
  const site = await SluiceSite.create(context);
  const ports: Record<string, number> = {};
  const names = Object.keys(services);
  for (const name of names) ports[name] = await freePort();
  const entryPoints = Object.fromEntries(names.map((name) => [name, { address: `127.0.0.1:${ports[name]}` }]));
  site.writeStatic({ entryPoints });
  const routers = Object.fromEntries(
    names.map((name) => [name, { rule: 'HostSNI(`*`)', entryPoints: [name], service: name }]),
  );
  site.writeDynamic({ tcp: { routers, services } });
  return { site, ports };
}

async function asking(port: number, sql: string): Promise<string> {
  const client = await PostgresClient.open({ port, ...CLEAR_USER });
  try {
    return await client.query(sql);
  } finally {
    client.close();
  }
}

const WRITE = 'INSERT INTO beats DEFAULT VALUES RETURNING inet_server_port()';
const READ = 'SELECT inet_server_port() FROM (SELECT count(*) FROM beats) AS counted';

/** How many new connections of so many get to each server. */
async function spread(port: number, count: number): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  for (let number = 0; number < count; number++) {
    const server = Number(await asking(port, READ));
    counts.set(server, (counts.get(server) ?? 0) + 1);
  }
  return counts;
}

type Outputs = { readonly stdout: string; readonly stderr: string };

/** As the superuser of a server. Rejects when one of its clients had to give up. */
function pgbench({ bin }: PostgresServer, port: number, ...args: readonly string[]): PromiseWithChild<Outputs> {
  const env = { ...process.env, PGPASSWORD: postgresPassword('postgres'), PGSSLMODE: 'disable' };
  const where = ['-h', '127.0.0.1', '-p', `${port}`, '-U', 'postgres'];
  return promisify(execFile)(join(bin, 'pgbench'), [...where, ...args, 'postgres'], { env, timeout: 120_000 });
}

const lineWith = ({ stdout }: Outputs, word: string) =>
  stdout.split('\n').find((line) => line.includes(word)) ?? `no line with ${word}`;

test('the primary ends under load: writes reach the promoted replica, and no read is lost', {
  timeout: 180_000,
}, async (context) => {
  const { primary, replicaOf } = await startPrimary(context);
  const [next, other] = [await replicaOf(primary), await replicaOf(primary)];
  const replicas = [next, other];
  const all = [primary, ...replicas];
  const { site, ports } = await siteOf(context, {
    writes: service(all, 'primary', 'reset'),
    reads: service(all, 'replica'),
  });
  await site.serve();
  const { writes, reads } = ports as { writes: number; reads: number };
  await eventually('writes are taken', () =>
    asking(writes, WRITE).then(
      () => true,
      () => false,
    ),
  );
  await pgbench(primary, writes, '-i', '-q', '-s', '1');
  await eventually('the replicas have it', () =>
    replicas.every((each) => ask(each, 'SELECT count(*) FROM pgbench_accounts') === '100000'),
  );

  const shares = await spread(reads, 100);
  const shown = replicas.map(({ port }) => shares.get(port) ?? 0);
  context.diagnostic(
    `100 reads: ${shown.join(' and ')} on the replicas, ${shares.get(primary.port) ?? 0} on the primary`,
  );
  assert.equal(shown[0]! + shown[1]!, 100);
  assert.ok(Math.min(...shown) >= 40, `${shown}`);

  const reading = pgbench(next, reads, '-n', '-S', '-C', '-c', '2', '-T', '15');
  const writing = pgbench(primary, writes, '-n', '-N', '-c', '2', '-T', '60').then(
    () => 'it did not notice',
    (error: Error & Outputs) => error.stderr,
  );
  const probes = ProbeSeries.start(context, EVERY_MS, async () => Number(await asking(writes, WRITE)));
  await sleep(2_000);
  assert.deepEqual(new Set(probes.values()), new Set([primary.port]));
  const stoppedAt = performance.now();
  await stopImmediately(primary);
  assert.match(await writing, /aborted/, 'connections to the primary end with it');
  await sleep(1_000);
  const promotedAt = await promote(next);
  const bound = INTERVAL_MS + TIMEOUT_MS + ALLOWANCE_MS;
  const took = await eventually('a write on the promoted replica', () => probes.values().includes(next.port), bound);
  const first = probes.succeeded.find(({ value }) => value === next.port)!;
  context.diagnostic(
    `first write ${Math.round(first.endedAtMs - promotedAt)} ms after the promotion (interval ${INTERVAL_MS}, timeout ${TIMEOUT_MS}), ` +
      `${Math.round(first.endedAtMs - stoppedAt)} ms after the end of the primary; waited for ${Math.round(took)} ms`,
  );
  await sleep(2_000);
  const late = probes.failed.filter(({ beganAtMs }) => beganAtMs > first.endedAtMs + TIMEOUT_MS);
  assert.deepEqual(late, [], 'from then on no connection fails');
  await probes.stop();
  context.diagnostic(`connections that failed: ${JSON.stringify(Object.fromEntries(probes.failures()))}`);
  for (const reason of probes.failures().keys()) assert.doesNotMatch(reason, /25006/, 'nobody writes to a replica');

  const read = await reading;
  context.diagnostic(`reads meanwhile: ${lineWith(read, 'transactions actually')}, ${lineWith(read, 'failed')}`);
  assert.match(read.stdout, /number of failed transactions: 0 /);
  assert.equal(read.stderr.includes('aborted'), false, read.stderr);
  assert.deepEqual([...(await spread(reads, 20)).keys()], [other.port], 'the promoted one is no replica any more');
  const after = await pgbench(next, writes, '-n', '-N', '-c', '2', '-T', '2');
  assert.match(after.stdout, /number of failed transactions: 0 /);

  await replicaOf(next, primary.port);
  await eventually(
    'reads on the one that has come back',
    async () => (await spread(reads, 4)).has(primary.port),
    bound,
  );
  const back = await spread(reads, 40);
  context.diagnostic(
    `40 reads with the former primary as a replica: ${[...back].map(([port, count]) => `${port}: ${count}`).join(', ')}`,
  );
  assert.deepEqual(new Set(back.keys()), new Set([primary.port, other.port]));
  assert.equal(await asking(writes, WRITE), `${next.port}`);
});

test('a primary that is silent: connections to it stay, drain or are reset, as the service says', {
  timeout: 180_000,
}, async (context) => {
  const { primary } = await startPrimary(context);
  const { site, ports } = await siteOf(context, {
    keep: service([primary], 'primary', 'keep'),
    drain: service([primary], 'primary', 'drain'),
    reset: service([primary], 'primary', 'reset'),
  });
  await site.serve();
  const open = async (name: string) => {
    const clients: PostgresClient[] = [];
    context.after(() => {
      for (const client of clients) client.close();
    });
    for (let number = 0; number < 12; number++) {
      const client = await PostgresClient.open({ port: ports[name]!, ...CLEAR_USER });
      clients.push(client);
      assert.equal(await client.query('SELECT 6 * 7'), '42');
    }
    return clients;
  };
  await eventually('writes are taken', () =>
    asking(ports.reset!, WRITE).then(
      () => true,
      () => false,
    ),
  );
  const [kept, drained, cut] = [await open('keep'), await open('drain'), await open('reset')];
  const thaw = freeze(primary);
  context.after(thaw);
  const foundMs = INTERVAL_MS + TIMEOUT_MS + LOOK_MS + ALLOWANCE_MS;
  const resetMs = await eventually('all are reset', () => cut.every(({ end }) => end !== ''), foundMs);
  context.diagnostic(`reset: all of them ${Math.round(resetMs)} ms after the server fell silent`);
  assert.deepEqual(new Set(cut.map(({ end }) => end)), new Set(['ECONNRESET']));
  await assert.rejects(asking(ports.reset!, WRITE), /ECONNRESET/, 'new ones are told at once');
  const ends: number[] = [];
  await eventually(
    'all have drained',
    () => {
      const count = drained.filter(({ end }) => end !== '').length;
      while (ends.length < count) ends.push(performance.now());
      return count === drained.length;
    },
    DRAIN_MS + foundMs,
  );
  const lasted = ends.at(-1)! - ends[0]!;
  context.diagnostic(`drain: ${ends.length} ended within ${Math.round(lasted)} ms`);
  assert.ok(lasted > 2 * LOOK_MS, 'not all at once');
  assert.deepEqual(new Set(kept.map(({ end }) => end)), new Set(['']));
  thaw();
  for (const client of kept) assert.equal(await client.query('SELECT 6 * 7'), '42');
  await eventually(
    'writes are taken again',
    () =>
      asking(ports.reset!, WRITE).then(
        () => true,
        () => false,
      ),
    foundMs,
  );
});
