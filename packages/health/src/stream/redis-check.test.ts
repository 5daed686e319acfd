// Checks of real Redis servers: a master with a password and its replica, one without; and of servers that are something else.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../../../test/support/eventually.ts';
import { startRedis } from '../../../../test/support/redis-server.ts';
import type { CheckOutcome } from '../http-check.ts';
import { startAnswering } from '../testing/answering-server.ts';
import { makeServerPair } from '../testing/server-pair.ts';
import { streamSettings } from '../testing/stream-settings.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { CheckPlace, StreamCheck } from './stream-target.ts';

const NEVER = new AbortController().signal;

function check(port: number, changes: Partial<StreamCheck> = {}, secure?: CheckPlace['secure']): Promise<CheckOutcome> {
  const settings = streamSettings({ mode: 'redis', ...changes });
  return runStreamCheck({ host: '127.0.0.1', port, secure }, settings, 20_000, NEVER);
}

/** Takes a place until the end of the test; again while another one has it that is just leaving. */
async function hold(context: TestContext, port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    context.after(() => socket.destroy());
    socket.write('PING\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (String(answer) === '+PONG\r\n') return;
  }
}

test('a server without room for us says nothing of its health', { timeout: 120_000 }, async (t) => {
  const full = await startRedis((end) => t.after(end), ['--maxclients', '2']);
  for (let count = 0; count < 2; count++) await hold(t, full);
  const reason = 'the server has as many clients as it takes';
  await eventually('it is full', async () => (await check(full)).reason === reason);
  assert.deepEqual(await check(full, { role: 'primary' }), { healthy: false, reason, isUndecided: true });
});

test('PING, passwords and users', { timeout: 120_000 }, async (t) => {
  const open = await startRedis((end) => t.after(end));
  assert.deepEqual(await check(open), { healthy: true, reason: 'PONG' });
  assert.deepEqual(await check(open, { role: 'primary' }), { healthy: true, reason: 'a primary' });
  assert.deepEqual(await check(open, { password: 'x' }), {
    healthy: false,
    reason: 'not logged in: the server says ERR',
  });
  const users = ['--requirepass', 'secret', '--user', 'checker', 'on', '>hidden', '+ping', '+auth'];
  const closed = await startRedis((end) => t.after(end), users);
  assert.deepEqual(await check(closed), { healthy: true, reason: 'the server says NOAUTH' });
  assert.deepEqual(await check(closed, { password: 'secret' }), { healthy: true, reason: 'PONG' });
  assert.deepEqual(await check(closed, { user: 'checker', password: 'hidden' }), { healthy: true, reason: 'PONG' });
  const wrong = await check(closed, { password: 'wrong' });
  assert.deepEqual(wrong, { healthy: false, reason: 'not logged in: the server says WRONGPASS' });
  const unasked = await check(closed, { user: 'checker', password: 'hidden', role: 'primary' });
  assert.deepEqual(unasked, { healthy: false, reason: 'the server does not say whether it is a master' });
});

test('master and replica are told apart, by INFO where ROLE is not allowed', { timeout: 120_000 }, async (t) => {
  const master = await startRedis((end) => t.after(end));
  const informed = ['--user', 'checker', 'on', '>hidden', '+ping', '+auth', '+info'];
  const replica = await startRedis((end) => t.after(end), ['--replicaof', '127.0.0.1', `${master}`, ...informed]);
  for (const credentials of [{}, { user: 'checker', password: 'hidden' }]) {
    await eventually(
      'the replica answers',
      async () => (await check(replica, { ...credentials, role: 'replica' })).healthy,
    );
    const outcome = await check(replica, { ...credentials, role: 'primary' });
    assert.deepEqual(outcome, { healthy: false, reason: 'a replica, expected a primary', hasOtherRole: true });
  }
  assert.deepEqual(await check(master, { role: 'replica' }), {
    healthy: false,
    reason: 'a primary, expected a replica',
    hasOtherRole: true,
  });
});

test('over TLS', { timeout: 120_000 }, async (t) => {
  const pair = makeServerPair('cache.example');
  t.after(pair.remove);
  const port = await startRedis((end) => t.after(end), ['--requirepass', 'secret'], pair.files);
  const trusted = { ca: pair.cert, servername: 'cache.example' };
  const settings = { password: 'secret', role: 'primary' } as const;
  assert.deepEqual(await check(port, settings, trusted), { healthy: true, reason: 'a primary' });
  const stranger = await check(port, settings, { ...trusted, servername: 'other.example' });
  assert.equal(stranger.healthy, false);
  assert.match(stranger.reason, /cache\.example/);
  assert.equal((await check(port, settings)).healthy, false);
});

test('no password shows, whatever a server repeats', { timeout: 120_000 }, async (t) => {
  const echo = await startAnswering(t, (socket, bytes) =>
    socket.write(`-ERR unknown ${bytes.toString().replace(/\r\n/g, ' ')}\r\n`),
  );
  const outcome = await check(echo.port, { password: 'secret' });
  assert.deepEqual(outcome, { healthy: false, reason: 'not logged in: the server says ERR' });
  const shout = await startAnswering(t, (socket) => socket.write('-SECRET\r\n'));
  const loud = await check(shout.port, { password: 'SECRET' });
  assert.deepEqual(loud, { healthy: false, reason: 'the server refuses, in words that have the password' });
});

test('servers that load, or are something else', { timeout: 120_000 }, async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['-LOADING Redis is loading the dataset in memory\r\n', 'the server says LOADING'],
    ['+OK\r\n', 'the server does not answer as Redis does'],
    ['HTTP/1.1 400 Bad Request\r\n', 'the server does not answer as Redis does'],
    ['$99999999\r\n', 'the server does not answer as Redis does'],
    ['x'.repeat(70_000), 'the server sends more than 65536 bytes'],
  ];
  for (const [answer, reason] of cases) {
    const server = await startAnswering(t, (socket) => socket.write(answer));
    assert.deepEqual(await check(server.port), { healthy: false, reason });
  }
});
