// PostgreSQL's own clients in every mode of TLS, two clusters behind one port: by server name, ended here, passed through, and spoken
// anew to the server; asked for first, or begun with at once; much data, and a query that is cancelled.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { type DatabaseServer, PostgresClusters } from '../support/database-servers.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { postgresPassword, startPostgres } from '../support/postgres-server.ts';
import { openSecurePostgres } from '../support/postgres-tls-client.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { type CertificateFiles, TestAuthority } from '../support/test-authority.ts';

const call = promisify(execFile);
const WHO = 'SELECT name FROM who';
const IS_SECURE = 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()';
/** Servers from this version on take TLS at once. */
const DIRECT_SINCE = 17;
const LOGIN = { user: 'tester', password: '' } as const;

/** Of libpq, in one line. */
function connection(host: string, port: number, further: string): string {
  return `host=${host} hostaddr=127.0.0.1 port=${port} user=tester dbname=postgres connect_timeout=10 ${further}`;
}

function psql(host: string, port: number, further: string, sql: string): Promise<string> {
  return call('psql', ['-XAtq', '-c', sql, connection(host, port, further)]).then(({ stdout }) => stdout.trim());
}

/** A server of PostgreSQL 17 takes TLS at once. Where the installed one does not, this stands before it: it takes that and nothing else. */
async function startDirect(context: TestContext, { port }: DatabaseServer, files: CertificateFiles): Promise<number> {
  const pair = { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
  const sockets = new Set<Socket>();
  const server = createServer({ ...pair, ALPNProtocols: ['postgresql'] }, (socket) => {
    const inner = connect(port, '127.0.0.1');
    for (const each of [socket, inner]) sockets.add(each);
    if (socket.alpnProtocol !== 'postgresql') socket.destroy();
    pipeline(socket, inner, socket, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as { port: number }).port;
}

interface Site {
  readonly port: number;
  /** Plain; its server speaks TLS. */
  readonly anewPort: number;
  readonly complaints: () => unknown;
  readonly ca: string;
}

/** Clusters `one` and `two`: `one` without TLS on the wire by default. */
async function startSite(context: TestContext, transport: object = {}): Promise<Site> {
  const authority = new TestAuthority(context);
  const clusters = new PostgresClusters(context);
  const direct = authority.issue({ names: ['one.direct.test'] });
  context.diagnostic(`PostgreSQL ${clusters.version}`);
  const names = ['one', 'two'] as const;
  const servers = [];
  for (const name of names) {
    const files = authority.issue({ names: [`${name}.own.test`, `${name}.direct.test`, 'IP:127.0.0.1'] });
    const server = await clusters.start(files);
    await psql('localhost', server.port, 'sslmode=disable', `CREATE TABLE who AS SELECT '${name}' AS name`);
    servers.push(server);
  }
  const [one, two] = servers as [DatabaseServer, DatabaseServer];
  const directPort = clusters.version < DIRECT_SINCE ? await startDirect(context, one, direct) : one.port;
  const site = await SluiceSite.create(context);
  const anewPort = await freePort();
  const address = (port: number) => ({ address: `127.0.0.1:${port}` });
  site.writeStatic({
    entryPoints: { web: { ...address(site.port), asDefault: true, transport }, anew: address(anewPort) },
  });
  const tls = (host: string, service: string, passthrough = false) => ({
    rule: `HostSNI(\`${host}.test\`)`,
    service,
    tls: { passthrough },
  });
  const healthCheck = { mode: 'postgres', user: LOGIN.user };
  const server = (port: number, further: object = {}) => [{ ...address(port), ...further }];
  site.writeDynamic({
    tcp: {
      routers: {
        plain: { rule: 'HostSNI(`*`)', service: 'one' },
        oneEnded: tls('one.ended', 'one'),
        twoEnded: tls('two.ended', 'two'),
        oneOwn: tls('one.own', 'one', true),
        twoOwn: tls('two.own', 'two', true),
        twoAnew: tls('two.anew', 'twoAnew'),
        oneDirect: tls('one.direct', 'oneDirect', true),
        plainAnew: { rule: 'HostSNI(`*`)', service: 'twoAnew', entryPoints: ['anew'] },
      },
      services: {
        one: { loadBalancer: { servers: server(one.port) } },
        two: { loadBalancer: { servers: server(two.port) } },
        twoAnew: { loadBalancer: { servers: server(two.port, { tls: true }), serversTransport: 'anew', healthCheck } },
        oneDirect: { loadBalancer: { servers: server(directPort) } },
      },
      serversTransports: { anew: { tls: { rootCAs: [authority.certFile] } } },
    },
    tls: {
      certificates: ['one.ended', 'two.ended', 'two.anew'].map((name) => authority.issue({ names: [`${name}.test`] })),
    },
  });
  const node = await site.serve();
  return { port: site.port, anewPort, complaints: () => node.complaints, ca: authority.certFile };
}

test('psql in every mode of TLS', { timeout: 300_000 }, async (context) => {
  const { port, anewPort, complaints, ca } = await startSite(context);
  const trust = `sslrootcert=${ca}`;
  for (const mode of ['disable', 'allow', 'prefer']) {
    assert.equal(await psql('any.test', port, `sslmode=${mode}`, WHO), 'one', mode);
    assert.equal(await psql('any.test', port, `sslmode=${mode}`, IS_SECURE), 'f', mode);
  }
  await assert.rejects(psql('any.test', port, 'sslmode=require', WHO), 'no router has that name');
  for (const name of ['one', 'two']) {
    for (const way of ['ended', 'own']) {
      const host = `${name}.${way}.test`;
      for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full']) {
        assert.equal(await psql(host, port, `sslmode=${mode} ${trust}`, WHO), name, `${host} ${mode}`);
      }
      assert.equal(await psql(host, port, 'sslmode=require', IS_SECURE), way === 'own' ? 't' : 'f', host);
    }
  }
  assert.equal(await psql('two.anew.test', port, `sslmode=verify-full ${trust}`, WHO), 'two');
  assert.equal(await psql('two.anew.test', port, `sslmode=verify-full ${trust}`, IS_SECURE), 't');
  assert.equal(await psql('any.test', anewPort, 'sslmode=disable', WHO), 'two');
  assert.equal(await psql('any.test', anewPort, 'sslmode=disable', IS_SECURE), 't');
  await assert.rejects(psql('one.own.test', port, `sslmode=require ${trust} sslsni=0`, WHO), 'no name, no router');
  assert.deepEqual(complaints(), []);
});

test('pgbench, each transaction on a connection of its own', { timeout: 300_000 }, async (context) => {
  const { port, complaints, ca } = await startSite(context);
  for (const name of ['one', 'two']) {
    await call('pgbench', ['-i', '-q', '-s', '1', connection(`${name}.own.test`, port, 'sslmode=require')]);
  }
  const ways = [
    ['any.test', 'disable'],
    ...['one.ended', 'two.ended', 'one.own', 'two.own', 'two.anew'].flatMap((name) => [
      [`${name}.test`, 'require'],
      [`${name}.test`, 'verify-full'],
    ]),
  ] as const;
  for (const [host, mode] of ways) {
    const where = connection(host!, port, `sslmode=${mode} sslrootcert=${ca}`);
    const { stdout } = await call('pgbench', ['-n', '-S', '-C', '-c', '4', '-T', '2', where]);
    assert.match(stdout, /number of failed transactions: 0 /);
    const [, count] = /actually processed: (\d+)/.exec(stdout) ?? [];
    context.diagnostic(`${host} ${mode}: ${count} connections with a transaction each`);
    assert.ok(Number(count) > 0);
  }
  assert.deepEqual(complaints(), []);
});

test('clients of PostgreSQL 17: with an application protocol, and TLS at once', {
  timeout: 300_000,
}, async (context) => {
  const { port, complaints, ca } = await startSite(context);
  const hosts = [
    ['one.ended.test', 'one'],
    ['two.ended.test', 'two'],
    ['two.anew.test', 'two'],
  ] as const;
  const cases = [
    ...hosts.flatMap(([host, name]) => [
      { host, name, isDirect: false },
      { host, name, isDirect: true },
    ]),
    { host: 'two.own.test', name: 'two', isDirect: false },
    { host: 'one.direct.test', name: 'one', isDirect: true },
  ];
  for (const { host, name, isDirect } of cases) {
    const reach = { ...LOGIN, port, serverName: host, ca: readFileSync(ca), isDirect };
    const client = await openSecurePostgres(reach).catch((error: Error) =>
      assert.fail(`${host} ${isDirect}: ${error.message}`),
    );
    assert.equal(await client.query(WHO), name, `${host} ${isDirect}`);
    client.close();
  }
  const direct = (host: string) =>
    psql(host, port, `sslmode=verify-full sslrootcert=${ca} sslnegotiation=direct`, WHO).catch(
      (error: Error) => error.message,
    );
  const answer = await direct('one.ended.test');
  if (answer.includes('invalid connection option')) context.diagnostic('the installed psql is older than 17');
  else
    assert.deepEqual([answer, await direct('two.anew.test'), await direct('one.direct.test')], ['one', 'two', 'one']);
  assert.deepEqual(complaints(), []);
});

/** What it says, once it has ended. */
async function outcome(child: ChildProcess): Promise<string> {
  const said = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  return said.join('');
}

test('much data either way, byte for byte, and a query that is cancelled', { timeout: 300_000 }, async (context) => {
  const { port, ca } = await startSite(context);
  const rows = 'SELECT repeat(md5(i::text), 40) || i FROM generate_series(1, 40000) AS i';
  for (const [host, further] of [
    ['any.test', 'sslmode=disable'],
    ['one.ended.test', `sslmode=verify-full sslrootcert=${ca}`],
    ['one.own.test', `sslmode=verify-full sslrootcert=${ca}`],
  ] as const) {
    const where = connection(host, port, further);
    const out = spawn('psql', ['-Xq', '-c', `COPY (${rows}) TO STDOUT`, where], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const hash = createHash('md5');
    let bytes = 0;
    for await (const chunk of out.stdout) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const sum = 'SELECT md5(string_agg(line || chr(10), \'\' ORDER BY line COLLATE "C")) FROM';
    const expected = await psql(
      host,
      port,
      further,
      `SELECT md5(string_agg(line || chr(10), '')) FROM (${rows}) AS all_rows (line)`,
    );
    assert.equal(hash.digest('hex'), expected, host);
    const table = `copied_${host.split('.').slice(0, 2).join('_')}`;
    await psql(host, port, further, `CREATE TABLE ${table} (line text)`);
    const pair = [`COPY (${rows}) TO STDOUT`, `COPY ${table} FROM STDIN`].map((sql, index) =>
      spawn('psql', ['-Xq', '-c', sql, where], { stdio: [index === 0 ? 'ignore' : 'pipe', 'pipe', 'inherit'] }),
    );
    pair[0]!.stdout!.pipe(pair[1]!.stdin!);
    assert.equal(await outcome({ ...pair[1]!, stderr: pair[1]!.stdout } as ChildProcess), '');
    assert.equal(
      await psql(host, port, further, `${sum} ${table}`),
      await psql(host, port, further, `${sum} (${rows}) AS all_rows (line)`),
    );
    context.diagnostic(`${host}: ${Math.round(bytes / 2 ** 20)} MiB each way`);
  }
  const sleeper = spawn('psql', [
    '-XAtq',
    '-c',
    'SELECT pg_sleep(60)',
    connection('any.test', port, 'sslmode=disable'),
  ]);
  const said = outcome(sleeper);
  const running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'";
  await eventually('the query runs', async () => (await psql('any.test', port, 'sslmode=disable', running)) === '1');
  sleeper.kill('SIGINT');
  assert.match(await said, /canceling statement due to user request/);
});

test('a connection that is quiet for longer than any time of its entry point', {
  timeout: 300_000,
}, async (context) => {
  const short = { readTimeout: '4s', writeTimeout: '4s', idleTimeout: '4s' };
  const { port, ca } = await startSite(context, { respondingTimeouts: short });
  const verified = `sslmode=verify-full sslrootcert=${ca}`;
  const ways = [
    ['any.test', 'sslmode=disable'],
    ['one.ended.test', verified],
    ['one.own.test', verified],
    ['two.anew.test', verified],
  ] as const;
  const quiet = "SELECT pg_sleep(9)::text || 'done'";
  const answers = await Promise.all(ways.map(([host, further]) => psql(host, port, further, quiet)));
  assert.deepEqual(answers, Array(ways.length).fill('done'));
});

test("passwords that are bound to the server's certificate: only where TLS is passed through", {
  timeout: 300_000,
}, async (context) => {
  const authority = new TestAuthority(context);
  const { certFile, keyFile } = authority.issue({ names: ['own.test', 'IP:127.0.0.1'], key: 'rsa' });
  const ends: (() => Promise<void>)[] = [];
  context.after(async () => {
    for (const end of ends) await end();
  });
  const server = await startPostgres((end) => void ends.unshift(end), {
    cert: readFileSync(certFile, 'utf8'),
    key: readFileSync(keyFile, 'utf8'),
  });
  const site = await SluiceSite.create(context);
  const address = `127.0.0.1:${server.port}`;
  const tls = (host: string, service: string, passthrough = false) => ({
    rule: `HostSNI(\`${host}.test\`)`,
    service,
    tls: { passthrough },
  });
  site.writeDynamic({
    tcp: {
      routers: { ended: tls('ended', 'plain'), anew: tls('anew', 'anew'), own: tls('own', 'plain', true) },
      services: {
        plain: { loadBalancer: { servers: [{ address }] } },
        anew: { loadBalancer: { servers: [{ address, tls: true }], serversTransport: 'anew' } },
      },
      serversTransports: { anew: { tls: { rootCAs: [authority.certFile] } } },
    },
    tls: { certificates: [authority.issue({ names: ['ended.test', 'anew.test'] })] },
  });
  await site.serve();
  const logIn = (host: string, binding: string) => {
    const secret = `password='${postgresPassword('scram')}' channel_binding=${binding}`;
    const where = `host=${host}.test hostaddr=127.0.0.1 port=${site.port} user=scram dbname=postgres connect_timeout=10`;
    const verified = `sslmode=verify-full sslrootcert=${authority.certFile}`;
    return call('psql', ['-XAtq', '-c', 'SELECT 6 * 7', `${where} ${verified} ${secret}`]).then(
      ({ stdout }) => stdout.trim(),
      (error: Error & { stderr: string }) => error.stderr,
    );
  };
  for (const binding of ['disable', 'prefer', 'require']) assert.equal(await logIn('own', binding), '42', binding);
  for (const binding of ['disable', 'prefer']) assert.equal(await logIn('ended', binding), '42', binding);
  assert.match(await logIn('ended', 'require'), /channel binding/i);
  assert.equal(await logIn('anew', 'disable'), '42');
  assert.match(
    await logIn('anew', 'prefer'),
    /channel binding/i,
    'there are two TLS connections, and the client sees the first',
  );
});
