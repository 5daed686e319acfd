// Redis and MariaDB whose roles change while they run: writes and reads follow by what health checks find, without a reload. And both
// with TLS of their own.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { findTool } from '../../native-bench/src/lab/tools.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { MARIADB_USER, startMariadb } from '../support/mariadb-server.ts';
import { startRedis } from '../support/redis-server.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

const INTERVAL_MS = 300;
const TIMEOUT_MS = 1_000;
/** Of machines that are busy with other things. */
const ALLOWANCE_MS = 3_000;
const FOUND_MS = INTERVAL_MS + TIMEOUT_MS + ALLOWANCE_MS;
/** How often a worker looks for connections whose server is down. */
const LOOK_MS = 1_000;
const PASSWORD = 'secret of all';

const call = (command: string, args: readonly string[]) =>
  promisify(execFile)(findTool(command)!, args, { timeout: 20_000 }).then(({ stdout }) => stdout.trim());

interface Ports {
  readonly writes: number;
  readonly reads: number;
}

/** Entry points `writes` and `reads` before the same servers. */
async function startSite(context: TestContext, servers: readonly number[], check: object): Promise<Ports> {
  const site = await SluiceSite.create(context);
  const ports = { writes: await freePort(), reads: await freePort() };
  const address = (port: number) => ({ address: `127.0.0.1:${port}` });
  site.writeStatic({ entryPoints: { writes: address(ports.writes), reads: address(ports.reads) } });
  const times = { interval: `${INTERVAL_MS}ms`, timeout: `${TIMEOUT_MS}ms` };
  const service = (role: string) => ({
    loadBalancer: {
      servers: servers.map(address),
      healthCheck: { ...check, ...times, role },
      onServerDown: 'reset',
    },
  });
  const router = (name: string) => ({ rule: 'HostSNI(`*`)', entryPoints: [name], service: name });
  const routers = { writes: router('writes'), reads: router('reads') };
  site.writeDynamic({ tcp: { routers, services: { writes: service('primary'), reads: service('replica') } } });
  await site.serve();
  return ports;
}

/** A client that keeps its connection: what it says when that is broken. Writes a statement a second. */
function holdOn(context: TestContext, command: string, args: readonly string[], statement: string): () => string {
  const child = spawn(findTool(command)!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout!, child.stderr!]) {
    output.on('data', (chunk: Buffer) => {
      said += chunk;
    });
  }
  child.stdin!.on('error', () => {});
  const timer = setInterval(() => child.stdin!.write(statement), 100);
  context.after(() => {
    clearInterval(timer);
    child.kill('SIGKILL');
  });
  return () => said;
}

test('Redis: a replica of a real master, and both change places', { timeout: 120_000 }, async (context) => {
  const options = ['--requirepass', PASSWORD, '--masterauth', PASSWORD, '--repl-diskless-sync-delay', '0'];
  const end = (stop: () => Promise<void>) => context.after(stop);
  const first = await startRedis(end, options);
  const second = await startRedis(end, [...options, '--replicaof', '127.0.0.1', `${first}`]);
  const redis = (port: number, ...words: readonly string[]) =>
    call('redis-cli', ['--no-auth-warning', '-a', PASSWORD, '-p', `${port}`, ...words]);
  await eventually('the replica follows', async () => (await redis(second, 'ROLE')).includes('connected'));
  const { writes, reads } = await startSite(context, [first, second], { mode: 'redis', password: PASSWORD });
  /** Empty while nobody has the role. */
  const ownPort = (port: number) =>
    redis(port, 'CONFIG', 'GET', 'port').then(
      (answer) => /^\d+$/m.exec(answer)?.[0],
      () => '',
    );
  const settled = async (writer: number, reader: number) =>
    eventually(
      `writes on ${writer}, reads on ${reader}`,
      async () => (await ownPort(writes)) === `${writer}` && (await ownPort(reads)) === `${reader}`,
      FOUND_MS,
    );
  await settled(first, second);
  assert.equal(await redis(writes, 'SET', 'a', '1'), 'OK');
  await eventually('it has got there', async () => (await redis(reads, 'GET', 'a')) === '1');
  assert.match(await redis(reads, 'SET', 'a', '2'), /READONLY/);
  const held = holdOn(context, 'redis-cli', ['--no-auth-warning', '-a', PASSWORD, '-p', `${writes}`], 'INCR n\n');
  await eventually('it writes', () => /^5$/m.test(held()));
  await redis(second, 'REPLICAOF', 'NO', 'ONE');
  await redis(first, 'REPLICAOF', '127.0.0.1', `${second}`);
  const took = await settled(second, first);
  context.diagnostic(`Redis: places changed for new connections after ${Math.round(took)} ms`);
  assert.equal(await redis(writes, 'SET', 'a', '3'), 'OK');
  await eventually('it has got there', async () => (await redis(reads, 'GET', 'a')) === '3');
  await eventually('who wrote before has been cut off', () => /error|closed/i.test(held()), FOUND_MS + LOOK_MS);
});

test('Redis over TLS, which plain clients need not know', { timeout: 120_000 }, async (context) => {
  const authority = new TestAuthority(context);
  const files = authority.issue({ names: ['redis.test'] });
  const end = (stop: () => Promise<void>) => context.after(stop);
  const server = await startRedis(end, [], { cert: files.certFile, key: files.keyFile });
  const site = await SluiceSite.create(context);
  const healthCheck = { mode: 'redis', role: 'primary', interval: `${INTERVAL_MS}ms` };
  const servers = [{ address: `127.0.0.1:${server}`, tls: true }];
  site.writeDynamic({
    tcp: {
      routers: { all: { rule: 'HostSNI(`*`)', service: 'redis' } },
      services: { redis: { loadBalancer: { servers, healthCheck, serversTransport: 'secure' } } },
      serversTransports: { secure: { tls: { serverName: 'redis.test', rootCAs: [authority.certFile] } } },
    },
  });
  const node = await site.serve();
  const redis = (...words: readonly string[]) => call('redis-cli', ['-p', `${site.port}`, ...words]);
  await eventually('it is found to be a primary', () =>
    redis('SET', 'a', 'b').then(
      (answer) => answer === 'OK',
      () => false,
    ),
  );
  await redis('SETRANGE', 'long', '999999', 'x');
  assert.equal((await redis('APPEND', 'long', 'y')).trim(), '1000001');
  assert.match(await redis('GETRANGE', 'long', '0', '-1'), /xy$/);
  assert.deepEqual(node.complaints, []);
});

const mariadb = (port: number, user: readonly string[], sql: string, ...further: readonly string[]) =>
  call('mariadb', ['--no-defaults', '-h', '127.0.0.1', '-P', `${port}`, ...user, '-N', '-B', ...further, '-e', sql]);
const CHECKER = ['-u', MARIADB_USER.user, `-p${MARIADB_USER.password}`];
const ROOT = ['-u', 'root', '--skip-ssl'];

test('MariaDB: who may be written to changes', { timeout: 180_000 }, async (context) => {
  const end = (stop: () => Promise<void>) => context.after(stop);
  const [first, second] = [await startMariadb(end, undefined), await startMariadb(end, undefined, ['--read-only'])];
  const { user, password } = MARIADB_USER;
  const { writes, reads } = await startSite(context, [first, second], { mode: 'mysql', user, password });
  const ownPort = (port: number) => mariadb(port, CHECKER, 'SELECT @@port', '--skip-ssl').catch(() => '');
  const settled = async (writer: number, reader: number) =>
    eventually(
      `writes on ${writer}, reads on ${reader}`,
      async () => (await ownPort(writes)) === `${writer}` && (await ownPort(reads)) === `${reader}`,
      FOUND_MS,
    );
  await settled(first, second);
  const args = [
    '--no-defaults',
    '-h',
    '127.0.0.1',
    '-P',
    `${writes}`,
    ...CHECKER,
    '--skip-ssl',
    '-N',
    '-B',
    '--unbuffered',
  ];
  const held = holdOn(context, 'mariadb', [...args, '--skip-reconnect'], 'SELECT @@port;\n');
  await eventually('it asks', () => held().includes(`${first}`));
  await mariadb(first, ROOT, 'SET GLOBAL read_only = ON');
  await mariadb(second, ROOT, 'SET GLOBAL read_only = OFF');
  const took = await settled(second, first);
  context.diagnostic(`MariaDB: places changed for new connections after ${Math.round(took)} ms`);
  await eventually('who wrote before has been cut off', () => /ERROR 20(06|13|26|55)/.test(held()), FOUND_MS + LOOK_MS);
  await mariadb(second, ROOT, 'SET GLOBAL read_only = ON');
  await mariadb(first, ROOT, 'SET GLOBAL read_only = OFF');
  await settled(first, second);
});

test('MariaDB with TLS of its own, which begins inside its protocol', { timeout: 120_000 }, async (context) => {
  const authority = new TestAuthority(context);
  const issued = authority.issue({ names: ['IP:127.0.0.1'] });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-mariadb-key-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = { cert: join(folder, 'server.crt'), key: join(folder, 'server.key') };
  copyFileSync(issued.certFile, files.cert);
  copyFileSync(issued.keyFile, files.key);
  // Its own user reads them.
  for (const [path, mode] of [
    [folder, 0o755],
    [files.cert, 0o644],
    [files.key, 0o644],
  ] as const)
    chmodSync(path, mode);
  const server = await startMariadb((stop) => context.after(stop), files);
  const site = await SluiceSite.create(context);
  const healthCheck = { mode: 'mysql', user: MARIADB_USER.user, password: MARIADB_USER.password };
  site.writeDynamic({
    tcp: {
      routers: { all: { rule: 'HostSNI(`*`)', service: 'db' } },
      services: { db: { loadBalancer: { servers: [{ address: `127.0.0.1:${server}` }], healthCheck } } },
    },
  });
  const node = await site.serve();
  const secure = [`--ssl-ca=${authority.certFile}`, '--ssl-verify-server-cert'];
  const cipher = (further: readonly string[]) =>
    mariadb(
      site.port,
      CHECKER,
      "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'ssl_cipher'",
      ...further,
    );
  assert.match(await cipher(secure), /^(TLS_|ECDHE)/);
  assert.equal(await cipher(['--skip-ssl']), '');
  const long = await mariadb(site.port, CHECKER, "SELECT REPEAT('y', 1000000)", ...secure);
  assert.equal(long, 'y'.repeat(1_000_000));
  assert.deepEqual(node.complaints, []);
});
