import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { CheckOutcome } from '../http-check.ts';
import { runDatagramCheck } from './run-datagram-check.ts';

const NEVER = new AbortController().signal;

/** A server that answers with `+` and what it heard, unless that is empty. @returns its port */
async function startEcho(context: TestContext, host = '127.0.0.1'): Promise<number> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  context.after(() => socket.close());
  socket.on('message', (bytes, { port, address }) => {
    if (bytes.length > 0) socket.send(`+${bytes}`, port, address);
  });
  socket.bind(0, host);
  await once(socket, 'listening');
  return socket.address().port;
}

function check(port: number, send: string, expect: string, timeoutMs = 15_000, cancel = NEVER): Promise<CheckOutcome> {
  return runDatagramCheck({ host: '127.0.0.1', port }, { send, expect }, timeoutMs, cancel);
}

test('one datagram out, one back', { timeout: 60_000 }, async (t) => {
  const port = await startEcho(t);
  const good = { healthy: true, reason: 'the expected answer' };
  const bad = { healthy: false, reason: 'another answer than the expected one' };
  assert.deepEqual(await check(port, 'PING', '+PI'), good);
  assert.deepEqual(await check(port, 'PING', '+PING'), good);
  assert.deepEqual(await check(port, 'PING', ''), good);
  assert.deepEqual(await check(port, 'PING', '-'), bad);
  assert.deepEqual(await check(port, 'PING', '+PING?'), bad);
  const named = await startEcho(t, (await lookup('localhost')).address);
  const question = { send: 'PING', expect: '+PING' };
  assert.deepEqual(await runDatagramCheck({ host: 'localhost', port: named }, question, 15_000, NEVER), good);
});

test('silence, refusal, and an early end', { timeout: 60_000 }, async (t) => {
  const port = await startEcho(t);
  assert.deepEqual(await check(port, '', 'x', 50), { healthy: false, reason: 'no answer within 50 ms' });
  const gone = createSocket('udp4').bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const closed = gone.address().port;
  gone.close();
  const refused = await check(closed, 'PING', '');
  assert.equal(refused.healthy, false);
  assert.match(refused.reason, /ECONNREFUSED/);
  const cancel = new AbortController();
  const running = check(port, '', '', 60_000, cancel.signal);
  cancel.abort();
  assert.equal((await running).healthy, false);
});
