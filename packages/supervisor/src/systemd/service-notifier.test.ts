import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openMailbox } from '@sluice/native';
import { ServiceNotifier } from './service-notifier.ts';

test('messages arrive; a status cannot add fields', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-notify-'));
  const mailbox = openMailbox(join(folder, 'notify'));
  context.after(() => {
    mailbox.close();
    rmSync(folder, { recursive: true });
  });
  const notifier = new ServiceNotifier({ NOTIFY_SOCKET: mailbox.path }, 1);
  notifier.ready('a\nREADY=0');
  notifier.stopping();
  assert.equal(mailbox.take()!.payload.toString(), 'READY=1\nSTATUS=a READY=0');
  assert.equal(mailbox.take()!.payload.toString(), 'STOPPING=1');
});

test('signs of life stop while nothing lives', (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const folder = mkdtempSync(join(tmpdir(), 'sluice-notify-'));
  const mailbox = openMailbox(join(folder, 'notify'));
  context.after(() => {
    mailbox.close();
    rmSync(folder, { recursive: true });
  });
  let alive = true;
  const notifier = new ServiceNotifier({ NOTIFY_SOCKET: mailbox.path, WATCHDOG_USEC: '2000000', WATCHDOG_PID: '7' }, 7);
  notifier.startWatchdog(() => true);
  notifier.startWatchdog(() => alive);
  context.mock.timers.tick(1000);
  assert.equal(mailbox.take()!.payload.toString(), 'WATCHDOG=1');
  assert.equal(mailbox.take(), undefined);
  alive = false;
  context.mock.timers.tick(5000);
  assert.equal(mailbox.take(), undefined);
});

test('half the interval, and only when it is meant for this process', () => {
  assert.equal(new ServiceNotifier({ WATCHDOG_USEC: '30000000' }, 7).watchdogIntervalMs, 15_000);
  assert.equal(new ServiceNotifier({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7).watchdogIntervalMs, undefined);
  assert.equal(new ServiceNotifier({ WATCHDOG_USEC: 'soon' }, 7).watchdogIntervalMs, undefined);
});

test('nobody there is no error', () => {
  new ServiceNotifier({ NOTIFY_SOCKET: '/nowhere/at/all' }, 1).ready('x');
  new ServiceNotifier({ NOTIFY_SOCKET: 'relative' }, 1).ready('x');
  new ServiceNotifier({}, 1).ready('x');
});

test('an abstract socket', () => {
  const name = `sluice-notify-${process.pid}`;
  const receiver = `
import socket, subprocess, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0${name}")
s.settimeout(60)
child = subprocess.Popen(sys.argv[1:])
print(s.recv(100).decode())
child.wait()`;
  const sender = `
import { ServiceNotifier } from ${JSON.stringify(join(import.meta.dirname, 'service-notifier.ts'))};
new ServiceNotifier({ NOTIFY_SOCKET: '@${name}' }, 1).stopping();`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', sender];
  const { stdout, stderr } = spawnSync('python3', ['-c', receiver, ...node], { encoding: 'utf8' });
  assert.equal(stdout, 'STOPPING=1\n', stderr);
});
