// The examples that documents point at are valid configuration: what a newcomer copies must load.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const ENTRY = join(ROOT, 'packages/cli/src/entry.ts');

test('every static configuration among the examples is valid, with all it refers to', () => {
  const files = globSync('examples/*/sluice.yaml', { cwd: ROOT });
  assert.notEqual(files.length, 0);
  for (const file of files) {
    const args = [ENTRY, 'validate', `--configFile=${basename(file)}`];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: join(ROOT, dirname(file)),
      encoding: 'utf8',
      timeout: 150_000,
    });
    assert.equal(status, 0, `${file}: ${stdout}${stderr}`);
  }
});
