// Checks of real PostgreSQL servers: a primary with TLS and its replica.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ask } from '../../../../test/support/postgres-control.ts';
import {
  POSTGRES_USERS,
  type PostgresServer,
  postgresPassword,
  startPostgres,
  startPostgresReplica,
} from '../../../../test/support/postgres-server.ts';
import type { CheckOutcome } from '../http-check.ts';
import { startAnswering } from '../testing/answering-server.ts';
import { makeServerPair, type ServerPair } from '../testing/server-pair.ts';
import { streamSettings } from '../testing/stream-settings.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { StreamCheck } from './stream-target.ts';

const NEVER = new AbortController().signal;
const ends: (() => Promise<void>)[] = [];
let primary: PostgresServer;
let replica: PostgresServer;
let pair: ServerPair;

before(async () => {
  pair = makeServerPair('db.example');
  const atEnd = (end: () => Promise<void>): void => void ends.unshift(end);
  primary = await startPostgres(atEnd, pair);
  replica = await startPostgresReplica(atEnd, primary);
});
after(async () => {
  for (const end of ends) await end();
  pair.remove();
});

function check(port: number, changes: Partial<StreamCheck> = {}, serverName?: string): Promise<CheckOutcome> {
  const secure = serverName === undefined ? undefined : { ca: pair.cert, servername: serverName };
  const settings = streamSettings({ mode: 'postgres', ...changes });
  return runStreamCheck({ host: '127.0.0.1', port, secure }, settings, 20_000, NEVER);
}

function as(user: string): Partial<StreamCheck> {
  return { user, password: postgresPassword(user), database: 'postgres' };
}

test('without credentials a server that asks for a password is alive', async () => {
  assert.deepEqual(await check(primary.port), { healthy: true, reason: 'the server asks who is there' });
  assert.equal((await check(replica.port)).healthy, true);
  assert.equal((await check(primary.port, {}, 'db.example')).healthy, true);
});

test('every way of authentication, plain and over TLS', async () => {
  for (const user of POSTGRES_USERS) {
    for (const name of [undefined, 'db.example']) {
      assert.deepEqual(await check(primary.port, as(user), name), { healthy: true, reason: 'logged in' }, user);
      const wrong = await check(primary.port, { ...as(user), password: 'wrong' }, name);
      assert.equal(wrong.healthy, false, user);
      assert.match(wrong.reason, /28P01 password authentication failed/, user);
    }
  }
  const nowhere = await check(primary.port, { ...as('scram'), database: 'nowhere' });
  assert.deepEqual([nowhere.healthy, /3D000/.test(nowhere.reason)], [false, true], nowhere.reason);
});

test('primary and replica are told apart', async () => {
  const askRole = (port: number, role: StreamCheck['role']): Promise<CheckOutcome> =>
    check(port, { ...as('scram'), role });
  assert.deepEqual(await askRole(primary.port, 'primary'), { healthy: true, reason: 'a primary' });
  assert.deepEqual(await askRole(primary.port, 'replica'), {
    healthy: false,
    reason: 'a primary, expected a replica',
    hasOtherRole: true,
  });
  assert.deepEqual(await askRole(replica.port, 'replica'), { healthy: true, reason: 'a replica' });
  assert.deepEqual(await askRole(replica.port, 'primary'), {
    healthy: false,
    reason: 'a replica, expected a primary',
    hasOtherRole: true,
  });
  assert.equal((await askRole(replica.port, 'any')).healthy, true);
});

test('whom it trusts over TLS, and servers without', async () => {
  const stranger = await check(primary.port, as('scram'), 'other.example');
  assert.equal(stranger.healthy, false);
  assert.match(stranger.reason, /db\.example/);
  assert.deepEqual(await check(replica.port, {}, 'db.example'), { healthy: false, reason: 'the server has no TLS' });
});

test('a server without room for us says nothing of its health', { timeout: 120_000 }, async () => {
  const busy = 'ALTER ROLE scram CONNECTION LIMIT';
  ask(primary, `${busy} 0`);
  try {
    const outcome = await check(primary.port, { ...as('scram'), role: 'primary' });
    assert.deepEqual([outcome.healthy, outcome.isUndecided], [false, true]);
    assert.match(outcome.reason, /^the server says 53300 too many connections for role/);
  } finally {
    ask(primary, `${busy} -1`);
  }
  assert.deepEqual(await check(primary.port, { ...as('scram'), role: 'primary' }), {
    healthy: true,
    reason: 'a primary',
  });
});

test('a server that starts up, or is none', { timeout: 120_000 }, async (t) => {
  const error = (state: string): Buffer => {
    const body = Buffer.from(`SFATAL\0C${state}\0Mthe words\0\0`);
    const head = Buffer.from([0x45, 0, 0, 0, body.length + 4]);
    return Buffer.concat([head, body]);
  };
  const cases: readonly (readonly [Buffer, boolean, string])[] = [
    [error('57P03'), false, 'the server says 57P03 the words'],
    [error('3D000'), true, 'the server says 3D000 the words'],
    [error('oops'), false, 'the server says oops the words'],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), false, 'the server sends more than 65536 bytes'],
    [Buffer.from('\0\0\0\0\0'), false, 'the server does not answer as PostgreSQL does'],
  ];
  for (const [bytes, healthy, reason] of cases) {
    const { port } = await startAnswering(t, (socket) => socket.write(bytes));
    assert.deepEqual(await check(port), { healthy, reason });
  }
  const injected = await startAnswering(t, (socket) => socket.write('Smore'));
  const outcome = await check(injected.port, {}, 'db.example');
  assert.match(outcome.reason, /more than it was asked for before TLS/);
});
