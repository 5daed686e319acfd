// Finds the fuzz tests and shares a number of seconds among them. They are known by the call that asks for their time, such as
// `fuzzRounds(…)` or `fuzzBudgetMs()`; each takes its share from FUZZ_SECONDS.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const PLACES = ['packages/*/{src,test}/**/*.test.ts', 'test/differential/**/*.test.ts'];

export interface FuzzPlan {
  /** Paths relative to the repository. */
  readonly files: readonly string[];
  readonly tests: number;
  /** For each test: a share in hundredths, rounded down so that all together do not take longer than they may. */
  readonly secondsEach: number;
}

/** @throws Error when a fuzz test does not ask for its time, or there is none: it would run without a share. */
export function planFuzz(root: string, secondsInAll: number): FuzzPlan {
  const files: string[] = [];
  let tests = 0;
  for (const file of globSync(PLACES, { cwd: root }).sort()) {
    const count = readFileSync(join(root, file), 'utf8').match(/\bfuzz[A-Z]\w*\(/g)?.length ?? 0;
    if (count > 0) files.push(file);
    else if (file.endsWith('.fuzz.test.ts')) throw new Error(`${file}: no call of fuzz…() asks for its time`);
    tests += count;
  }
  if (tests === 0) throw new Error('no fuzz test found');
  return { files, tests, secondsEach: Math.max(0.01, Math.floor((100 * secondsInAll) / tests) / 100) };
}
