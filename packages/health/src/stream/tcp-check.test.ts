import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from '../../../../test/support/free-port.ts';
import type { CheckOutcome } from '../http-check.ts';
import { startAnswering } from '../testing/answering-server.ts';
import { eventually } from '../testing/real-server.ts';
import { streamSettings } from '../testing/stream-settings.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { StreamCheck } from './stream-target.ts';

const NEVER = new AbortController().signal;

function check(
  port: number,
  changes: Partial<StreamCheck> = {},
  timeoutMs = 20_000,
  cancel = NEVER,
): Promise<CheckOutcome> {
  return runStreamCheck({ host: '127.0.0.1', port, secure: undefined }, streamSettings(changes), timeoutMs, cancel);
}

test('a connection is enough where nothing is expected', { timeout: 60_000 }, async (t) => {
  const server = await startAnswering(t, () => {});
  assert.deepEqual(await check(server.port), { healthy: true, reason: 'connected' });
  assert.deepEqual(await check(server.port, { send: 'héllo' }), { healthy: true, reason: 'connected' });
  await eventually('the server hears', () => server.heard().toString() === 'héllo');
  const port = await freePort();
  assert.deepEqual(await check(port), { healthy: false, reason: `connect ECONNREFUSED 127.0.0.1:${port}` });
});

test('the first read must begin with what is expected', { timeout: 60_000 }, async (t) => {
  const server = await startAnswering(t, (socket, bytes) => socket.write(`+${bytes}`));
  assert.deepEqual(await check(server.port, { send: 'PING', expect: '+PI' }), {
    healthy: true,
    reason: 'the expected answer',
  });
  assert.equal((await check(server.port, { send: 'PING', expect: '+PING' })).healthy, true);
  const other = await check(server.port, { send: 'PING', expect: '-PI' });
  assert.deepEqual(other, { healthy: false, reason: 'another answer than the expected one' });
  const short = await check(server.port, { send: 'PING', expect: '+PINGS' });
  assert.deepEqual(short, { healthy: false, reason: 'the first read gave 5 bytes, expected 6' });
  const first = await startAnswering(
    t,
    () => {},
    (socket) => socket.write('220 ready\r\n'),
  );
  assert.equal((await check(first.port, { expect: '220' })).healthy, true);
});

test('a server that is silent, or leaves', { timeout: 60_000 }, async (t) => {
  const silent = await startAnswering(t, () => {});
  assert.deepEqual(await check(silent.port, { expect: 'x' }, 50), { healthy: false, reason: 'no answer within 50 ms' });
  for (const mode of ['postgres', 'mysql', 'redis'] as const) {
    assert.deepEqual(
      await check(silent.port, { mode }, 50),
      { healthy: false, reason: 'no answer within 50 ms' },
      mode,
    );
  }
  const leaving = await startAnswering(
    t,
    () => {},
    (socket) => socket.end(),
  );
  assert.deepEqual(await check(leaving.port, { expect: 'x' }), {
    healthy: false,
    reason: 'the server closed the connection',
  });
});

test('connections are cut when a check is over, and when it is cancelled', { timeout: 60_000 }, async (t) => {
  let open = 0;
  const server = createServer((socket) => {
    open++;
    socket.on('error', () => {}).on('close', () => open--);
    socket.resume();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const cancel = new AbortController();
  const running = check(address.port, { expect: 'x' }, 60_000, cancel.signal);
  await eventually('it is connected', () => open === 1);
  cancel.abort();
  assert.equal((await running).healthy, false);
  await check(address.port);
  await eventually('nothing is left', () => open === 0);
});
