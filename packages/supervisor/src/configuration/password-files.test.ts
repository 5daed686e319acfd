// Passwords in files while those are replaced, gone, or no files at all.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { PasswordFiles } from './password-files.ts';

function start(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-password-'));
  const seen = { changes: 0 };
  const files = new PasswordFiles({
    onChange: () => seen.changes++,
    onWatchTrouble: (where, reason) => assert.fail(`${where}: ${reason}`),
    workingDirectory: folder,
  });
  context.after(() => {
    files.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, seen, files, path: join(folder, 'password') };
}

test('a password is what is in the file, without the end of its line', (context) => {
  const { files, path } = start(context);
  for (const [text, password] of [
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n', 'secret'],
    [' two\nlines \n', ' two\nlines '],
    ['', ''],
  ] as const) {
    writeFileSync(path, text);
    assert.deepEqual(files.read('password'), { password });
  }
});

test('while it cannot be read the last one counts, and why is said', (context) => {
  const { files, path, folder } = start(context);
  assert.match(files.read('password').problem!, /ENOENT/);
  writeFileSync(path, 'secret\n');
  assert.deepEqual(files.read(path), { password: 'secret' });
  writeFileSync(path, 'x'.repeat(5_000));
  const tooLong = files.read('password');
  assert.equal(tooLong.password, 'secret');
  assert.match(tooLong.problem!, /4096 bytes/);
  rmSync(path);
  assert.equal(files.read('password').password, 'secret');
  execFileSync('mkfifo', [path]);
  assert.deepEqual(files.read('password'), { password: 'secret', problem: 'it is no file' });
  assert.deepEqual(files.read(folder), { password: '', problem: 'it is no file' });
});

test('one that changes is reported, as long as it is in use', { timeout: 150_000 }, async (context) => {
  const { files, path, seen } = start(context);
  const replace = (text: string) => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  replace('one');
  files.read('password');
  // Between reading and watching.
  replace('two');
  files.keepOnly(['password']);
  await eventually('the change before watching', () => seen.changes === 1);
  assert.equal(files.read('password').password, 'two');
  replace('three');
  await eventually('the change', () => seen.changes === 2);
  assert.equal(files.read('password').password, 'three');
  files.keepOnly([]);
  await pause(50);
  replace('four');
  await pause(400);
  assert.equal(seen.changes, 2);
});
