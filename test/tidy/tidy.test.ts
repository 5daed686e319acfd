// The house rules, checked on the repository as it is now.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkCommands, checkDependencies, checkLinks, checkNamedPaths } from './checks/documents.ts';
import { checkFloors, floorsOf } from './checks/floors.ts';
import { checkLock, checkPackages } from './checks/packages.ts';
import { checkFileSizes, checkFunctionSizes } from './checks/sizes.ts';
import { checkLintRules, checkMarkers, checkNames, checkOpenings } from './checks/style.ts';
import { checkTraces } from './checks/traces.ts';
import { REPOSITORY, repositoryFiles, type TidyCheck } from './repository.ts';

const files = repositoryFiles();

const CHECKS: Record<string, TidyCheck> = {
  'packages import downwards, by name, and only what they declare': checkFloors,
  'packages look alike': checkPackages,
  'the lock file is up to date': checkLock,
  'files are small': checkFileSizes,
  'functions are short': () => checkFunctionSizes(REPOSITORY),
  'names are in kebab-case': checkNames,
  'files open with what they are for': checkOpenings,
  'nothing is marked unfinished or skipped': checkMarkers,
  'Biome refuses console and any': checkLintRules,
  'no path or registry of one machine': checkTraces,
  'links in documents lead somewhere': checkLinks,
  'files named in documents exist': checkNamedPaths,
  'commands named in documents exist': checkCommands,
  'every dependency is explained, and no other': checkDependencies,
};

for (const [name, check] of Object.entries(CHECKS)) {
  test(name, () => {
    const problems = check(files);
    assert.equal(problems.length, 0, `\n${problems.join('\n')}\n`);
  });
}

test('the checks see the repository', () => {
  assert.ok(files.length > 50, 'too few files are listed');
  assert.ok(floorsOf(files).length >= 12, 'docs/architecture.md lists too few floors');
});
