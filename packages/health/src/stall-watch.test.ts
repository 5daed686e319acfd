import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ServerStatus } from '@sluice/shared-state';
import { eventually } from '../../../test/support/eventually.ts';
import { CheckQueue } from './check-queue.ts';
import { HealthChecks } from './health-checks.ts';
import type { HealthChange } from './health-target.ts';
import type { CheckOutcome } from './http-check.ts';
import { ServerCheck, type StallClock } from './server-check.ts';
import { StallWatch } from './stall-watch.ts';
import { streamSettings } from './testing/stream-settings.ts';

/** Nothing happens in this process meanwhile. */
function stand(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('a process that stands still knows it, whichever timer comes first', (t) => {
  let now = 0;
  const watch = new StallWatch(() => now);
  t.after(() => watch.close());
  now = 200;
  assert.equal(watch.hasStalledSince(0), false, 'a beat and a little');
  now = 600;
  assert.equal(watch.hasStalledSince(300), true);
  now = 700;
  assert.equal(watch.hasStalledSince(300), true, 'and does not forget');
  assert.equal(watch.hasStalledSince(650), false);
});

test('with the real clock', async (t) => {
  const watch = new StallWatch();
  t.after(() => watch.close());
  const startedAt = performance.now();
  stand(600);
  assert.equal(watch.hasStalledSince(startedAt), true);
});

/** The schedule of a server with these outcomes, the last one for ever. */
function schedule(outcomes: readonly CheckOutcome[], stalls: StallClock) {
  const seen: string[] = [];
  let count = 0;
  const check = new ServerCheck({
    prober: {
      problem: undefined,
      run: async () => outcomes[Math.min(count++, outcomes.length - 1)]!,
      close: () => {},
    },
    schedule: streamSettings({ interval: 10, unhealthyInterval: 10 }),
    state: 'up',
    checkAtOnce: true,
    queue: new CheckQueue({ runningMax: 1, startedMax: 1, patientAfterMs: 60_000 }),
    stalls,
    onOutcome: ({ reason }, changedFrom) => seen.push(changedFrom === undefined ? reason : `${reason}: change`),
  });
  return { check, seen };
}

const SILENT = { healthy: false, reason: 'silent' };
const WELL = { healthy: true, reason: 'well' };

test('a failure while we stood still is asked again at once, and believed when it stays', async () => {
  const excused = schedule([SILENT, WELL], { hasStalledSince: () => true });
  await eventually('three checks', () => excused.seen.length >= 3);
  excused.check.stop();
  assert.deepEqual(excused.seen.slice(0, 3), ['silent', 'well', 'well']);
  const stays = schedule([SILENT], { hasStalledSince: () => true });
  await eventually('a change', () => stays.seen.some((line) => line.endsWith('change')));
  stays.check.stop();
  const judged = schedule([SILENT], { hasStalledSince: () => false });
  await eventually('a check', () => judged.seen.length > 0);
  judged.check.stop();
  assert.equal(judged.seen[0], 'silent: change');
});

test('an outcome that says nothing changes nothing', async () => {
  const full = { healthy: false, reason: 'full', isUndecided: true } as const;
  const { check, seen } = schedule([full, full, full, SILENT], { hasStalledSince: () => false });
  await eventually('a change', () => seen.length >= 4);
  check.stop();
  await sleep(20);
  assert.deepEqual(seen.slice(0, 4), ['full', 'full', 'full', 'silent: change']);
});

/** In a process of its own: answers `PONG` a moment after it was asked. */
const SLOW_SERVER = `require('net').createServer((socket) => {
  socket.on('error', () => {}).on('data', () => setTimeout(() => socket.end('PONG'), 50));
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;

test('servers stay up while this process stands still for longer than a check may take', async (t) => {
  const child = spawn(process.execPath, ['-e', SLOW_SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const changes: HealthChange[] = [];
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(8, 1)), 1);
  let failures = 0;
  const log = { debug: () => failures++, error: () => {} };
  const checks = new HealthChecks({ status, log, onChange: (change) => changes.push(change) });
  t.after(() => checks.close());
  const healthCheck = streamSettings({ send: 'PING', expect: 'PONG', interval: 1, timeout: 1_500 });
  const servers = [{ url: `127.0.0.1:${Number(text)}`, statusRow: 0 }];
  checks.apply([{ kind: 'tcp', service: 'db@file', healthCheck, servers }]);
  for (let round = 0; round < 4; round++) {
    await sleep(120);
    // Timers come next, and then what has arrived.
    await new Promise(setImmediate);
    stand(2_000);
  }
  await sleep(120);
  assert.ok(failures > 0, 'a check was under way');
  assert.deepEqual(changes, []);
  child.kill('SIGKILL');
  await eventually('it is found down', () => !status.isUp(0));
});
