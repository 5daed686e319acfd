import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { supervisorControlPath } from '@sluice/dataplane/process';
import { InstanceLock } from './instance-lock.ts';

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-lock-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('one at a time; released, it can be taken again and leaves nothing behind', async (context) => {
  const path = folder(context);
  const first = await InstanceLock.acquire(path);
  await assert.rejects(InstanceLock.acquire(path), new RegExp(`process ${process.pid}\\) already runs`));
  first.release();
  const second = await InstanceLock.acquire(path);
  assert.deepEqual(readdirSync(path), ['supervisor.sock']);
  second.release();
  assert.deepEqual(readdirSync(path), []);
});

test('the lock of a process that died is no obstacle', async (context) => {
  const path = folder(context);
  const code = `require('node:net').createServer().listen(${JSON.stringify(supervisorControlPath(path))}, () => process.kill(process.pid, 'SIGKILL'))`;
  assert.equal(spawnSync(process.execPath, ['-e', code]).signal, 'SIGKILL');
  assert.deepEqual(readdirSync(path), ['supervisor.sock']);
  const lock = await InstanceLock.acquire(path);
  lock.release();
});

test('of several that start at the same time over a stale lock exactly one gets it', async (context) => {
  const path = folder(context);
  const code = `require('node:net').createServer().listen(${JSON.stringify(supervisorControlPath(path))}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
  const outcomes = await Promise.allSettled([InstanceLock.acquire(path), InstanceLock.acquire(path)]);
  const locks = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  for (const lock of locks) lock.release();
  assert.ok(locks.length <= 1);
});
