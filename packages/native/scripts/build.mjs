// Builds build/Release/sluice.node when it is missing or older than a source file; otherwise does nothing, fast.
// Quiet unless the compiler complains. Several at once are safe: the later ones wait for the first.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findNodeDirectory } from './node-headers.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const product = join(root, 'build', 'Release', 'sluice.node');
const lock = join(root, 'build', '.lock');
const LOCK_STALE_MS = 180_000;

/** Newest change of any source, in milliseconds. Folders count too: a deleted file changes its folder. */
function newestSourceMs() {
  let newest = statSync(join(root, 'binding.gyp')).mtimeMs;
  const visit = (folder) => {
    newest = Math.max(newest, statSync(folder).mtimeMs);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) visit(path);
      else newest = Math.max(newest, statSync(path).mtimeMs);
    }
  };
  visit(join(root, 'src', 'cc'));
  return newest;
}

function productMs() {
  return statSync(product, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
      if (since !== undefined && Date.now() - since > LOCK_STALE_MS) rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}

function compile() {
  const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const headers = findNodeDirectory();
  const common = headers === undefined ? [] : [`--nodedir=${headers}`];
  for (const step of ['configure', 'build']) {
    const jobs = step === 'build' ? ['-j', 'max'] : [];
    const run = spawnSync(process.execPath, [nodeGyp, step, ...common, ...jobs], { cwd: root, encoding: 'utf8' });
    if (run.status !== 0) {
      process.stderr.write(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error ? `${run.error}\n` : ''}`);
      return 1;
    }
  }
  // make leaves the product alone when nothing that matters changed; it is up to date all the same.
  const now = new Date();
  utimesSync(product, now, now);
  return 0;
}

let status = 0;
if (productMs() < newestSourceMs()) {
  takeLock();
  try {
    if (productMs() < newestSourceMs()) status = compile();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
process.exitCode = status;
