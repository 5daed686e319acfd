import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { planFuzz } from '../../scripts/fuzz-tests.ts';
import { REPOSITORY } from './repository.ts';

test('every fuzz test has a share, and the shares are not more than the whole', () => {
  const named = globSync(
    ['packages', 'test'].map((folder) => `${folder}/**/*.fuzz.test.ts`),
    { cwd: REPOSITORY },
  ).filter((file) => !file.includes('node_modules'));
  for (const seconds of [20, 600]) {
    const { files, tests, secondsEach } = planFuzz(REPOSITORY, seconds);
    assert.deepEqual(
      named.filter((file) => !files.includes(file)),
      [],
    );
    assert.ok(tests >= files.length);
    assert.ok(tests * secondsEach <= seconds, `${tests} tests of ${secondsEach} s`);
    assert.ok(tests * secondsEach > seconds * 0.9, `${tests} tests of ${secondsEach} s`);
  }
});

test('a fuzz test that would take a time of its own is refused', () => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-fuzz-plan-'));
  try {
    const folder = join(root, 'packages/some/src');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, 'one.test.ts'),
      `import { fuzzRounds } from './x.ts';\nfuzzRounds(1);\nfuzzRounds(2);\n`,
    );
    assert.equal(planFuzz(root, 10).secondsEach, 5);
    writeFileSync(join(folder, 'two.fuzz.test.ts'), 'run(process.env.FUZZ_SECONDS);\n');
    assert.throws(() => planFuzz(root, 10), /two\.fuzz\.test\.ts/);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
