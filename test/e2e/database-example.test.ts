// examples/databases with real servers and their own clients: roles are found, both kinds of TLS work, and a promoted replica gets what
// the primary had.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { curl, requireCurl } from '../support/curl.ts';
import { type DatabaseSite, databaseSite, NAME_ADDRESS, USER } from '../support/database-site.ts';
import { dig } from '../support/dns-tools.ts';
import { eventually } from '../support/eventually.ts';
import { passMessage } from '../support/mosquitto-server.ts';
import { postgresPassword } from '../support/postgres-server.ts';
import type { SluiceNode } from '../support/sluice-node.ts';

const call = promisify(execFile);
const CONNECT_PACKET = Buffer.from('\x10\x0c\0\x04MQTT\x04\x02\0<\0\0', 'latin1');
const IS_REPLICA = 'SELECT pg_is_in_recovery()';

test('the example of databases', { timeout: 170_000 }, async (context) => {
  requireCurl(context);
  const stage = await databaseSite(context);
  const node = await stage.site.serve();
  const { port } = stage;
  await context.test('PostgreSQL: roles are found', () => roles(stage));
  assert.deepEqual(node.complaints, [], 'that a server has another role is nothing to complain of');
  await context.test('PostgreSQL: TLS ends here', async () => {
    assert.equal(await psql(port.get(5432)!, IS_REPLICA, 'require'), 'f');
  });
  await context.test('Redis: the master is found', () => redis(port.get(6379)!));
  await context.test('MQTT, with TLS and without', () => mqtt(context, port));
  await context.test('DNS over UDP and TCP', async () => {
    for (const options of [[], ['+tcp']]) {
      assert.deepEqual(await dig(port.get(53)!, ['a.test', 'b.test'], ...options), [NAME_ADDRESS, NAME_ADDRESS]);
    }
  });
  await context.test('a replica that is promoted gets what the primary had', () => failover(stage));
  await context.test('it is seen', () => counts(port.get(8080)!, node));
});

function psql(port: number, sql: string, sslmode = 'disable'): Promise<string> {
  const place = `host=127.0.0.1 port=${port} user=${USER} dbname=postgres sslmode=${sslmode} connect_timeout=30`;
  const env = { ...process.env, PGPASSWORD: postgresPassword(USER) };
  return call('psql', ['-XAtq', '-c', sql, place], { env }).then(({ stdout }) => stdout.trim());
}

const answers = (port: number, sql: string, expected: string) => () =>
  psql(port, sql).then(
    (said) => said === expected,
    () => false,
  );

async function roles({ port }: DatabaseSite): Promise<void> {
  await eventually('writes go to the primary', answers(port.get(5432)!, IS_REPLICA, 'f'));
  await eventually('reads go to the replica', answers(port.get(5433)!, IS_REPLICA, 't'));
  for (let turn = 0; turn < 3; turn++) assert.equal(await psql(port.get(5432)!, IS_REPLICA), 'f');
}

async function redis(port: number): Promise<void> {
  const cli = (...words: readonly string[]) =>
    call('redis-cli', ['-p', `${port}`, ...words]).then(({ stdout }) => stdout.trim());
  await eventually('the master takes a value', async () => (await cli('SET', 'key', 'value').catch(String)) === 'OK');
  assert.equal(await cli('GET', 'key'), 'value');
}

async function mqtt(context: TestContext, port: ReadonlyMap<number, number>): Promise<void> {
  assert.equal(await passMessage(context, port.get(1883)!, 'a message'), 'a message');
  const socket = connect({
    host: '127.0.0.1',
    port: port.get(8883)!,
    ALPNProtocols: ['mqtt'],
    // The certificate is the one that Sluice makes for itself.
    rejectUnauthorized: false,
  });
  context.after(() => socket.destroy());
  let answer = '';
  socket.on('error', (error) => {
    answer = error.message;
  });
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString('latin1');
  });
  socket.write(CONNECT_PACKET);
  await eventually(
    () => `an answer of the broker, not ${JSON.stringify(answer)}`,
    () => answer === '\x20\x02\0\0',
  );
  assert.equal(socket.alpnProtocol, 'mqtt');
}

async function failover({ port, primary, replica }: DatabaseSite): Promise<void> {
  process.kill(Number(readFileSync(join(primary.folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]), 'SIGQUIT');
  await call('psql', [
    '-XAtq',
    '-h',
    replica.folder,
    '-p',
    `${replica.port}`,
    '-U',
    'postgres',
    '-c',
    'SELECT pg_promote()',
    'postgres',
  ]);
  await eventually('writes go to the promoted replica', answers(port.get(5432)!, IS_REPLICA, 'f'));
  await eventually('reads, too: there is no replica', answers(port.get(5433)!, IS_REPLICA, 'f'));
}

async function counts(port: number, node: SluiceNode): Promise<void> {
  const [page] = await curl(`http://127.0.0.1:${port}/metrics`);
  for (const router of ['writes', 'writes-tls', 'reads', 'cache', 'things', 'names']) {
    assert.ok(page!.body.includes(`sluice_tcp_router_connections_total{router="${router}@file"`), router);
  }
  assert.match(page!.body, /^sluice_udp_flows_opened_total\{entrypoint="dns-udp"\} [1-9]/m);
  await eventually('lines of sessions and of flows', () =>
    ['"RequestProtocol":"TCP"', '"RequestProtocol":"UDP"'].every((field) => node.output.includes(field)),
  );
  // While there was no primary.
  const expected = ['HEALTH_SERVER_DOWN', 'SESSION_WITHOUT_SERVER'];
  assert.deepEqual(
    node.complaints.filter(({ code }) => !expected.includes(code ?? '')),
    [],
  );
}
