// Databases with their own clients through TCP routers, as their users run them: plain, TLS passed through and ended here, several
// behind one port, one that dies.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { PostgresClusters, startMariadb, startRedis } from '../support/database-servers.ts';
import { eventually } from '../support/eventually.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

const call = promisify(execFile);

function psql(host: string, port: number, further: string, sql: string): Promise<string> {
  const connection = `host=${host} hostaddr=127.0.0.1 port=${port} user=tester dbname=postgres connect_timeout=10 ${further}`;
  return call('psql', ['-XAtq', '-c', sql, connection]).then(({ stdout }) => stdout.trim());
}

const service = (...ports: readonly number[]) => ({
  loadBalancer: { servers: ports.map((port) => ({ address: `127.0.0.1:${port}` })) },
});

test('psql and pgbench: plain, TLS ended here, TLS of two clusters on one port', {
  timeout: 300_000,
}, async (context) => {
  const authority = new TestAuthority(context);
  const clusters = new PostgresClusters(context);
  const own = authority.issue({ names: ['ended.test'] });
  const [plain, one, two] = [
    await clusters.start(),
    await clusters.start(authority.issue({ names: ['one.test'] })),
    await clusters.start(authority.issue({ names: ['two.test'] })),
  ];
  for (const [server, name] of [
    [plain, 'plain'],
    [one, 'one'],
    [two, 'two'],
  ] as const) {
    await psql('localhost', server.port, 'sslmode=disable', `CREATE TABLE who AS SELECT '${name}' AS name`);
  }
  const site = await SluiceSite.create(context);
  const tlsOf = (host: string, name: string, tls: object) => ({ rule: `HostSNI(\`${host}\`)`, service: name, tls });
  const routers = {
    plain: { rule: 'HostSNI(`*`)', service: 'plain' },
    ended: tlsOf('ended.test', 'plain', {}),
    one: tlsOf('one.test', 'one', { passthrough: true }),
    two: tlsOf('two.test', 'two', { passthrough: true }),
  };
  site.writeDynamic({
    tcp: {
      routers,
      services: { plain: service(plain.port), one: service(one.port), two: service(two.port) },
    },
    tls: { certificates: [own] },
  });
  const node = await site.serve();
  const ca = `sslrootcert=${authority.certFile}`;
  const who = 'SELECT name FROM who';
  assert.equal(await psql('any.test', site.port, 'sslmode=disable', who), 'plain');
  assert.equal(await psql('ended.test', site.port, 'sslmode=require', who), 'plain');
  assert.equal(await psql('ended.test', site.port, `sslmode=verify-full ${ca}`, who), 'plain');
  assert.equal(await psql('one.test', site.port, `sslmode=verify-full ${ca}`, who), 'one');
  assert.equal(await psql('two.test', site.port, `sslmode=verify-full ${ca}`, who), 'two');
  assert.equal(
    await psql(
      'two.test',
      site.port,
      `sslmode=require ${ca}`,
      'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
    ),
    't',
  );
  await assert.rejects(psql('one.test', site.port, `sslmode=verify-full ${ca} sslsni=0`, who), 'no name, no router');
  const bench = ['-h', 'ended.test', '-p', `${site.port}`, '-U', 'tester'];
  const env = { ...process.env, PGHOSTADDR: '127.0.0.1', PGSSLMODE: 'require', PGDATABASE: 'postgres' };
  await call('pgbench', [...bench, '-i', '-q', '-s', '1'], { env });
  const { stdout } = await call('pgbench', [...bench, '-c', '4', '-j', '1', '-T', '2', '-S', '-C'], { env });
  context.diagnostic(
    stdout
      .split('\n')
      .filter((line) => line.includes('tps'))
      .join(' '),
  );
  assert.match(stdout, /number of failed transactions: 0 /);
  assert.deepEqual(node.complaints, []);
});

test('the primary dies: new connections find the next server, those of a reload live on', {
  timeout: 300_000,
}, async (context) => {
  const clusters = new PostgresClusters(context);
  const [primary, standby] = [await clusters.start(), await clusters.start()];
  const site = await SluiceSite.create(context);
  const dynamic = {
    tcp: {
      routers: { pg: { rule: 'HostSNI(`*`)', service: 'both' } },
      services: {
        both: { failover: { service: 'primary', fallback: 'standby' } },
        primary: {
          loadBalancer: { ...service(primary.port).loadBalancer, healthCheck: { interval: '200ms', timeout: '10s' } },
        },
        standby: { loadBalancer: { ...service(standby.port).loadBalancer, healthCheck: {} } },
      },
    },
  };
  site.writeDynamic(dynamic);
  const node = await site.serve();
  const port = () => psql('any', site.port, 'sslmode=disable', 'SHOW port');
  assert.equal(await port(), `${primary.port}`);
  const session = spawn('psql', [
    '-XAtq',
    `host=any hostaddr=127.0.0.1 port=${site.port} user=tester dbname=postgres sslmode=disable`,
  ]);
  context.after(() => session.kill());
  let said = '';
  session.stdout.on('data', (chunk: Buffer) => {
    said += chunk;
  });
  session.stdin.write('SELECT 1;\n');
  await eventually('the first answer', () => said.includes('1\n'));
  const from = node.lines.length;
  site.writeDynamic({ ...dynamic, http: { middlewares: { other: { stripPrefix: { prefixes: ['/x'] } } } } });
  await node.line('configuration published', from);
  session.stdin.write('SELECT 2;\n');
  await eventually('an answer after the reload', () => said.includes('2\n'));
  await primary.stop();
  await eventually('the standby answers', () =>
    port().then(
      (answer) => answer === `${standby.port}`,
      () => false,
    ),
  );
  session.stdin.end();
  await once(session, 'exit');
});

test('MariaDB, whose server speaks first, and Redis with and without TLS', { timeout: 300_000 }, async (context) => {
  const authority = new TestAuthority(context);
  const [mariadb, redis, redisTls] = [
    await startMariadb(context),
    await startRedis(context),
    await startRedis(context, authority.issue({ names: ['own.test'] })),
  ];
  const first = await SluiceSite.create(context);
  first.writeDynamic({
    tcp: { routers: { all: { rule: 'HostSNI(`*`)', service: 'db' } }, services: { db: service(mariadb.port) } },
  });
  await first.serve();
  const sql = ['-h', '127.0.0.1', '-P', `${first.port}`, '-u', 'tester', '--skip-ssl', '-N', '-B', '-e'];
  assert.equal((await call('mariadb', [...sql, "SELECT CONCAT('a', REPEAT('b', 3))"])).stdout, 'abbb\n');
  const second = await SluiceSite.create(context);
  second.writeDynamic({
    tcp: {
      routers: {
        plain: { rule: 'HostSNI(`*`)', service: 'plain' },
        ended: { rule: 'HostSNI(`ended.test`)', service: 'plain', tls: {} },
        own: { rule: 'HostSNI(`own.test`)', service: 'own', tls: { passthrough: true } },
      },
      services: { plain: service(redis.port), own: service(redisTls.port) },
    },
    tls: { certificates: [authority.issue({ names: ['ended.test'] })] },
  });
  const node = await second.serve();
  const redisCli = (...args: readonly string[]) =>
    call('redis-cli', ['-h', '127.0.0.1', '-p', `${second.port}`, ...args]).then(({ stdout }) => stdout.trim());
  const tls = (name: string) => ['--tls', '--sni', name, '--cacert', authority.certFile];
  assert.equal(await redisCli('SET', 'a', 'plain'), 'OK');
  assert.equal(await redisCli(...tls('ended.test'), 'GET', 'a'), 'plain', 'the same server');
  assert.equal(await redisCli(...tls('own.test'), 'SET', 'a', 'own'), 'OK');
  assert.equal(await redisCli(...tls('own.test'), 'GET', 'a'), 'own');
  assert.equal(await redisCli('GET', 'a'), 'plain');
  assert.deepEqual(node.complaints, []);
});
