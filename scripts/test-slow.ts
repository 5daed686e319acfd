// Runs what is too long for every change: the addon under sanitizers, long fuzzing, and the soak tests in test/slow.
// FUZZ_SECONDS sets the seconds of fuzzing in all (default 600); each fuzz test gets its share under the same name.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planFuzz } from './fuzz-tests.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FUZZ_SECONDS_DEFAULT = 600;

const failed: string[] = [];
step('native addon under sanitizers', 'npm', ['run', 'test:native:san', '--silent']);
fuzz();
soak();
if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);

function fuzz(): void {
  const { files, tests, secondsEach } = planFuzz(root, Number(process.env.FUZZ_SECONDS ?? FUZZ_SECONDS_DEFAULT));
  process.stderr.write(`fuzzing: ${tests} tests, ${secondsEach} s each\n`);
  const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files];
  step('fuzz', 'node', args, { FUZZ_SECONDS: String(secondsEach) });
}

function soak(): void {
  const files = globSync('test/slow/**/*.test.ts', { cwd: root }).sort();
  if (files.length > 0) step('soak', 'node', ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files]);
}

function step(name: string, command: string, args: readonly string[], env: Record<string, string> = {}): void {
  process.stderr.write(`== ${name}\n`);
  const path = `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`;
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env, PATH: path } } as const;
  const { status, error } = spawnSync(command, args, options);
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  if (status !== 0) failed.push(name);
}
