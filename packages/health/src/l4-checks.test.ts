// Schedules of checks of TCP and UDP servers, with what they publish. That of HTTP is tested elsewhere; the schedule is the same.

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { ServerStatus } from '@sluice/shared-state';
import { HealthChecks } from './health-checks.ts';
import type { HealthChange } from './health-target.ts';
import type { StreamCheck, StreamTarget } from './stream/stream-target.ts';
import { startAnswering } from './testing/answering-server.ts';
import { eventually } from './testing/real-server.ts';
import { streamSettings } from './testing/stream-settings.ts';

function setUp(t: TestContext) {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(8, 1)), 1);
  const changes: HealthChange[] = [];
  const errors: { reason?: string }[] = [];
  const log = { debug: () => {}, error: (fields: object) => errors.push(fields) };
  const checks = new HealthChecks({ status, log, onChange: (change) => changes.push(change) });
  t.after(() => checks.close());
  return { status, changes, errors, checks };
}

function target(url: string, changes: Partial<StreamCheck>, tls = false): StreamTarget {
  return {
    kind: 'tcp',
    service: 'db@file',
    healthCheck: streamSettings(changes),
    servers: [{ url, tls, statusRow: 0 }],
  };
}

test('a TCP server goes down and comes back', { timeout: 60_000 }, async (t) => {
  let answer = '+PONG';
  const server = await startAnswering(t, (socket) => socket.write(answer));
  const { status, changes, checks } = setUp(t);
  const url = `127.0.0.1:${server.port}`;
  checks.apply([target(url, { send: 'PING', expect: '+PONG' })]);
  assert.ok(status.isUp(0), 'up from the start');
  await eventually('a check', () => server.heard().length > 0);
  answer = '-LOST';
  await eventually('down', () => !status.isUp(0));
  answer = '+PONG';
  await eventually('up', () => status.isUp(0));
  assert.deepEqual(
    changes.map(({ from, to, reason }) => `${from} ${to}: ${reason}`),
    ['up down: another answer than the expected one', 'down up: the expected answer'],
  );
  assert.equal(changes[0]!.url, url);
});

test('a server in another role than the service wants is told from one that fails', { timeout: 60_000 }, async (t) => {
  const reply = (text: string) => (text.includes('ROLE') ? '*1\r\n$5\r\nslave\r\n' : '+PONG\r\n');
  const server = await startAnswering(t, (socket, bytes) => socket.write(reply(bytes.toString('latin1'))));
  const { status, changes, checks } = setUp(t);
  const settings = { mode: 'redis', role: 'primary', initialState: 'unknown' } as const;
  checks.apply([target(`127.0.0.1:${server.port}`, settings)]);
  await eventually('a verdict', () => changes.length > 0);
  assert.ok(!status.isUp(0));
  const { from, to, reason, hasOtherRole } = changes[0]!;
  assert.deepEqual([from, to, reason, hasOtherRole], ['unknown', 'down', 'a replica, expected a primary', true]);
});

test('a UDP server goes down when nobody answers', { timeout: 60_000 }, async (t) => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  let isOpen = true;
  const close = (): void => {
    if (isOpen) socket.close();
    isOpen = false;
  };
  t.after(close);
  await once(socket, 'listening');
  socket.on('message', (_bytes, { port, address }) => socket.send('here', port, address));
  const { status, changes, checks } = setUp(t);
  const { send, expect, ...schedule } = streamSettings({ send: 'who', expect: 'here', initialState: 'unknown' });
  const servers = [{ url: `127.0.0.1:${socket.address().port}`, statusRow: 3 }];
  checks.apply([{ kind: 'udp', service: 'dns@file', healthCheck: { ...schedule, send, expect }, servers }]);
  await eventually('up', () => status.isUp(3));
  close();
  await eventually('down', () => !status.isUp(3));
  assert.deepEqual(
    changes.map(({ to }) => to),
    ['up', 'down'],
  );
});

test('settings that no check can have are said', (t) => {
  const { errors, checks } = setUp(t);
  const reasons = (...targets: StreamTarget[]): (string | undefined)[] => {
    errors.length = 0;
    for (const each of targets) checks.apply([each]);
    return errors.map(({ reason }) => reason);
  };
  const found = reasons(
    target('nowhere', {}),
    target('a:70000', {}),
    target('a:1', { port: 70_000 }),
    target('a:1', { mode: 'mysql', role: 'primary' }),
    { ...target('a:1', {}, true), tls: { transport: undefined, systemAuthorities: '', disableHttp2: false } },
  );
  assert.deepEqual(found, [
    'server address "nowhere" is not host:port',
    'server address "a:70000" is not host:port',
    'port 70000 is not a number from 1 to 65535',
    'the role of a server of mysql can only be asked for with a user',
    'the servers transport cannot be used for TLS',
  ]);
  assert.deepEqual(
    reasons(target('[::1]:80', { interval: 3_600_000 }), target('h-1.example:80', { interval: 3_600_000 })),
    [],
  );
});

test('the same settings keep the schedule, TLS makes others', { timeout: 60_000 }, async (t) => {
  const server = await startAnswering(t, () => {});
  const { status, checks } = setUp(t);
  const settings = { interval: 3_600_000, unhealthyInterval: 3_600_000, timeout: 200, initialState: 'down' } as const;
  const url = `127.0.0.1:${server.port}`;
  checks.apply([target(url, settings)]);
  checks.apply([target(url, settings)]);
  assert.equal(server.heard().length, 0);
  checks.apply([target(url, settings, true)]);
  await eventually('a ClientHello', () => server.heard()[0] === 0x16);
  assert.ok(!status.isUp(0));
});
