import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { instanceKeyOf } from './instance-key.ts';
import { openRuntimeDirectory, runtimeBase } from './runtime-directory.ts';

const UID = process.getuid!();

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-runtime-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test('where it is', () => {
  assert.equal(runtimeBase({ SLUICE_RUNTIME_DIR: '/a/b', XDG_RUNTIME_DIR: '/x' }, 5), '/a/b');
  assert.equal(runtimeBase({ XDG_RUNTIME_DIR: '/x' }, 5), '/x/sluice');
  assert.equal(runtimeBase({ XDG_RUNTIME_DIR: 'relative' }, 5), '/tmp/sluice-5');
  assert.equal(runtimeBase({}, 0), '/run/sluice');
});

test('made with mode 0700 whatever the umask is, and found again', (context) => {
  const base = join(folder(context), 'new');
  const path = openRuntimeDirectory(base, 'key', UID);
  assert.equal(path, join(base, 'key'));
  assert.equal(statSync(path).mode & 0o777, 0o700);
  assert.equal(statSync(base).mode & 0o777, 0o700);
  chmodSync(base, 0o755); // As a service manager makes it.
  assert.equal(openRuntimeDirectory(base, 'key', UID), path);
});

test('refused: symbolic links, files, other owners, access for others, paths too long for sockets', (context) => {
  const base = folder(context);
  mkdirSync(join(base, 'target'), { mode: 0o700 });
  symlinkSync(join(base, 'target'), join(base, 'link'));
  assert.throws(() => openRuntimeDirectory(base, 'link', UID), /symbolic link/);
  assert.throws(() => openRuntimeDirectory(join(base, 'link'), 'key', UID), /symbolic link/);
  writeFileSync(join(base, 'file'), '');
  assert.throws(() => openRuntimeDirectory(base, 'file', UID), /cannot be made/);
  assert.throws(() => openRuntimeDirectory(base, 'key', UID + 1), /belongs to user/);
  mkdirSync(join(base, 'open'));
  chmodSync(join(base, 'open'), 0o750);
  assert.throws(() => openRuntimeDirectory(base, 'open', UID), /mode 0750; remove 050/);
  assert.throws(() => openRuntimeDirectory(join(base, 'x'.repeat(100)), 'key', UID), /too long for sockets/);
});

test('an instance is its entry points and their addresses, nothing else', () => {
  const key = (text: string) => instanceKeyOf(decodeStaticText(text, 'yaml', 'static.yaml').configuration);
  const one = key('entryPoints: { a: { address: ":1" }, b: { address: ":2" } }');
  assert.match(one, /^[0-9a-f]{16}$/);
  assert.equal(key('workers: 7\nentryPoints: { b: { address: ":2" }, a: { address: ":1", asDefault: true } }'), one);
  assert.notEqual(key('entryPoints: { a: { address: ":1" }, b: { address: ":3" } }'), one);
  assert.notEqual(key('entryPoints: { a: { address: ":2" }, b: { address: ":1" } }'), one);
});
