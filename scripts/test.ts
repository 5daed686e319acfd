// Runs everything that `npm test` promises: type check, lint, then every test file in one run of Node's test runner.
// Arguments narrow the test files to those whose path contains one of them, and leave out the checks before.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planFuzz } from './fuzz-tests.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** One hanging test must not hold up the run for ever; milliseconds, for each file. Far more than the longest takes on a busy machine. */
const FILE_TIMEOUT_MS = 480_000;
/** Fuzzing in all; `npm run test:slow` takes minutes. */
const FUZZ_SECONDS_DEFAULT = 20;
const TEST_FILES = [
  'packages/*/src/**/*.test.ts',
  'packages/*/test/**/*.test.ts',
  'test/**/*.test.ts',
  'native-bench/src/**/*.test.ts',
];

const fuzzSeconds = process.env.FUZZ_SECONDS ?? String(planFuzz(root, FUZZ_SECONDS_DEFAULT).secondsEach);
const wanted = process.argv.slice(2);
const failed: string[] = [];
if (wanted.length === 0) {
  step('type check', 'tsc', ['-p', 'tsconfig.json']);
  step('lint', 'biome', ['check', '.']);
}
step('tests', 'node', testArguments());
if (failed.length > 0) process.stderr.write(`failed: ${failed.join(', ')}\n`);
process.exit(failed.length > 0 ? 1 : 0);

function testArguments(): string[] {
  const files = globSync(TEST_FILES, { cwd: root })
    .filter((file) => !file.startsWith('test/slow/'))
    .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
    .sort();
  if (files.length === 0) {
    process.stderr.write(`no test file matches ${wanted.join(' ')}\n`);
    process.exit(1);
  }
  // Tests start servers and measure time: more at once than there are cores makes them late.
  const concurrency = Math.min(8, Math.max(2, availableParallelism()));
  return [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...files,
  ];
}

/** Goes on after a failure: one run shows everything that is wrong. */
function step(name: string, command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, FUZZ_SECONDS: fuzzSeconds },
  });
  if (error !== undefined) process.stderr.write(`${error.message}\n`);
  if (status !== 0) failed.push(name);
}
