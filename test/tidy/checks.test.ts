// A check that finds nothing proves nothing: every check gets a bad sample that it must catch and a good one that it must pass.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkCommands, checkDependencies, checkLinks, checkNamedPaths } from './checks/documents.ts';
import { checkFloors, floorsOf } from './checks/floors.ts';
import { checkLock, checkPackages } from './checks/packages.ts';
import {
  checkFileSizes,
  checkFunctionSizes,
  FILE_MAX_BYTES,
  FILE_MAX_LINES,
  FUNCTION_MAX_LINES,
} from './checks/sizes.ts';
import { checkLintRules, checkMarkers, checkNames, checkOpenings, ONE_LINE_SUFFICES_UP_TO } from './checks/style.ts';
import { checkTraces } from './checks/traces.ts';
import type { TidyCheck, TidyFile } from './repository.ts';

const FLOORS =
  '# A\n\n## Floors\n\n| package | what |\n|---|---|\n| `top` | x |\n| `low` | y |\n\n## Other\n\n| `no` | z |\n';

function file(path: string, text: string): TidyFile {
  return { path, text, bytes: text.length };
}

function manifest(folder: string, dependencies: Record<string, string>): TidyFile {
  const base = { name: `@sluice/${folder}`, type: 'module', license: 'Apache-2.0', exports: { '.': './src/index.ts' } };
  return file(`packages/${folder}/package.json`, JSON.stringify({ ...base, dependencies }));
}

/** The problems of one file among the files a house needs. */
function floorFaults(path: string, text: string): string[] {
  const rootManifest = file('package.json', JSON.stringify({ devDependencies: { 'fast-check': '1.0.0' } }));
  const house = [file('docs/architecture.md', FLOORS), rootManifest];
  return checkFloors([
    ...house,
    manifest('top', { '@sluice/low': '*', zod: '1.0.0' }),
    manifest('low', {}),
    file(path, text),
  ]);
}

function assertCaught(check: TidyCheck, files: readonly TidyFile[], pattern: RegExp): void {
  const problems = check(files);
  assert.equal(problems.length, 1, problems.join('\n'));
  assert.match(problems[0]!, pattern);
}

test('floors are read from their own section only', () => {
  assert.deepEqual(floorsOf([file('docs/architecture.md', FLOORS)]), ['top', 'low']);
});

test('imports: good ones pass', () => {
  assert.deepEqual(floorFaults('packages/top/src/a.ts', "import { x } from '@sluice/low';\nimport './b.ts';\n"), []);
  assert.deepEqual(
    floorFaults('packages/top/src/a.ts', "import {\n  x,\n  y,\n} from 'zod';\nimport 'node:fs';\n"),
    [],
  );
  assert.deepEqual(floorFaults('packages/low/src/a.test.ts', "import fc from 'fast-check';\n"), []);
});

test('imports: ordinary strings are no imports', () => {
  const text = "export const kinds = ['import', 'from'];\nexport type Kind = 'a' | 'b';\nexport function f() {}\n";
  const folder = "const golden = new URL('golden', import.meta.url);\n";
  assert.deepEqual(floorFaults('packages/low/test/a.ts', folder), []);
  assert.deepEqual(floorFaults('packages/low/src/a.ts', text), []);
});

test('imports: upwards, undeclared and across folders are caught', () => {
  const upward = floorFaults('packages/low/src/a.ts', "\nimport { x } from '@sluice/top';\n");
  assert.match(upward.join('\n'), /^packages\/low\/src\/a\.ts:2: "@sluice\/top" is not on a floor below low/);
  assert.match(
    floorFaults('packages/low/src/a.ts', "import type { x } from 'zod';\n").join(),
    /not among the dependencies/,
  );
  assert.match(
    floorFaults('packages/low/src/a.ts', "import fc from 'fast-check';\n").join(),
    /not among the dependencies/,
  );
  assert.match(floorFaults('packages/top/src/a.ts', "export * from '../../low/src/b.ts';\n").join(), /another package/);
  assert.match(floorFaults('packages/low/src/a.ts', "await import('@sluice/top');\n").join(), /floor below/);
  assert.match(
    floorFaults('packages/low/src/a.ts', "import {\n  x,\n  y,\n} from '@sluice/top';\n").join(),
    /floor below/,
  );
});

test('a package without a floor is caught', () => {
  const files = [file('docs/architecture.md', FLOORS), manifest('cellar', {})];
  assertCaught(checkFloors, files, /packages\/cellar: has no row/);
});

test('packages: a range, a wrong name and a missing project are caught', () => {
  const project = file('packages/low/tsconfig.json', '{}');
  assert.deepEqual(checkPackages([manifest('low', { zod: '1.2.3', '@sluice/errors': '*' }), project]), []);
  assertCaught(checkPackages, [manifest('low', { zod: '^1.2.3' }), project], /"zod".*must be an exact version/);
  assertCaught(checkPackages, [manifest('low', {})], /has no tsconfig\.json/);
  const misnamed = file('packages/low/package.json', manifest('other', {}).text);
  assertCaught(checkPackages, [misnamed, project], /its name must be "@sluice\/low"/);
});

test('lock file: a dependency it does not know is caught', () => {
  const lock = (dependencies: object) =>
    file('package-lock.json', JSON.stringify({ packages: { 'packages/low': { dependencies } } }));
  assert.deepEqual(checkLock([lock({ zod: '1.0.0' }), manifest('low', { zod: '1.0.0' })]), []);
  assertCaught(checkLock, [lock({}), manifest('low', { zod: '1.0.0' })], /dependencies of packages\/low/);
});

test('file sizes: too many lines and too many bytes are caught', () => {
  assert.deepEqual(checkFileSizes([file('a.ts', '\n'.repeat(FILE_MAX_LINES))]), []);
  assertCaught(checkFileSizes, [file('a.cc', '\n'.repeat(FILE_MAX_LINES + 1))], /^a\.cc: 601 lines/);
  assertCaught(checkFileSizes, [file('a.bin', 'x'.repeat(FILE_MAX_BYTES + 1))], /bytes are more than/);
});

test('function sizes: a long one is caught by name of its file and first line', () => {
  const root = mkdtempSync(join(tmpdir(), 'sluice-tidy-'));
  try {
    const body = (lines: number) => `{\n${'  void 0;\n'.repeat(lines - 2)}}`;
    const fits = `export function fits() ${body(FUNCTION_MAX_LINES)}\n`;
    const long = `export const long = (a = '}') => ${body(FUNCTION_MAX_LINES + 1)};\n`;
    writeFileSync(join(root, 'tsconfig.json'), '{ "include": ["*.ts"] }');
    writeFileSync(join(root, 'a.ts'), `${fits}\n${long}`);
    writeFileSync(join(root, 'b.test.ts'), long);
    const problems = checkFunctionSizes(root);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0]!, /^a\.ts:82: a function of 81 lines/);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('names: other cases are caught, prescribed names pass', () => {
  const good = ['docs/README.md', 'packages/a/src/http-head/field-id.test.ts', 'test/.hidden/a.ts', 'LICENSE'];
  assert.deepEqual(checkNames(good.map((path) => file(path, ''))), []);
  assertCaught(checkNames, [file('packages/a/src/FieldId.ts', '')], /kebab-case/);
  assertCaught(checkNames, [file('packages/a/src/field_id/b.ts', '')], /"field_id"/);
});

test('openings: none, one line and six lines are caught', () => {
  const opening = (lines: number, more = ONE_LINE_SUFFICES_UP_TO) =>
    file('packages/a/src/b.ts', `${'// text\n'.repeat(lines)}\n${'void 0;\n'.repeat(more)}`);
  assert.deepEqual(checkOpenings([opening(2), opening(5), file('packages/a/src/index.ts', 'export {};')]), []);
  assert.deepEqual(checkOpenings([opening(1, 10)]), []);
  assertCaught(checkOpenings, [opening(0, 10)], /opens with 0 comment lines; 1 to 5/);
  assert.deepEqual(checkOpenings([file('packages/a/bin.mjs', '#!/usr/bin/env node\n// one\n// two\n')]), []);
  for (const lines of [0, 1, 6]) assertCaught(checkOpenings, [opening(lines)], /comment lines/);
});

test('markers: unfinished work and tests that do not run are caught', () => {
  assert.deepEqual(checkMarkers([file('a.ts', 'const todoList = 1;\n')]), []);
  assertCaught(checkMarkers, [file('a.ts', `\n// TO${'DO'}: later\n`)], /^a\.ts:2: /);
  assertCaught(checkMarkers, [file('a.test.ts', `test.${'only'}('x', () => {});`)], /every test runs/);
  assertCaught(checkMarkers, [file('a.test.ts', `test('x', { ${'skip'}: true }, () => {});`)], /every test runs/);
});

test('lint rules: a rule switched off is caught', () => {
  const rules = (noConsole: string) =>
    file('biome.json', JSON.stringify({ linter: { rules: { suspicious: { noExplicitAny: 'error', noConsole } } } }));
  assert.deepEqual(checkLintRules([rules('error')]), []);
  assertCaught(checkLintRules, [rules('off')], /noConsole/);
});

test('traces: machine paths, registries and resolved addresses are caught', () => {
  assert.deepEqual(
    checkTraces([file('a.md', `see docs/wo${'rk'}/flow.md, https://example.org/ro${'ot'}/x and ./ro${'ot'}/y`)]),
    [],
  );
  assertCaught(checkTraces, [file('a.md', `see /wo${'rk'}/thing`)], /path of one machine/);
  assertCaught(checkTraces, [file('a.md', `/ho${'me'}/someone/x`)], /home folder/);
  assertCaught(checkTraces, [file('a.md', `https://registry.npm${'js'}.org/x`)], /package registry/);
  const lock = (resolved: string) => file('package-lock.json', JSON.stringify({ packages: { x: { resolved } } }));
  assert.deepEqual(checkTraces([lock('packages/a')]), []);
  assertCaught(checkTraces, [lock('http://host/x.tgz')], /resolved address/);
});

test('documents: dead links, paths and commands are caught', () => {
  const scripts = file('package.json', JSON.stringify({ scripts: { test: 'x' } }));
  const doc = (text: string) => [file('docs/a.md', text), file('docs/deep/b.md', ''), scripts];
  const good = '[b](deep/b.md#part) [d](deep/) [w](https://x.y) `docs/deep` `packages/<name>/src` npm test';
  for (const check of [checkLinks, checkNamedPaths, checkCommands]) assert.deepEqual(check(doc(good)), []);
  assertCaught(checkLinks, doc('\n[c](deep/c.md)'), /^docs\/a\.md:2: the link to "deep\/c\.md"/);
  assertCaught(checkNamedPaths, doc('`packages/gone/src/x.ts`'), /there is no/);
  assertCaught(checkCommands, doc('npm run nothing'), /no script for "npm run nothing"/);
});

test('dependencies: an unexplained and a vanished one are caught', () => {
  const page = file('docs/dependencies.md', '| name | why |\n|---|---|\n| `zod` | x | y |\n');
  assert.deepEqual(checkDependencies([page, manifest('a', { zod: '1.0.0', '@sluice/b': '*' })]), []);
  assertCaught(checkDependencies, [page, manifest('a', { zod: '1.0.0', yaml: '1.0.0' })], /"yaml".*0 lines/);
  assertCaught(checkDependencies, [page, manifest('a', {})], /"zod" is in no package\.json/);
});
