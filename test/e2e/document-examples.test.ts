// What the operations pages show is what Sluice reads: every block of configuration says which kind it is and loads without a
// complaint; on the pages of TCP and UDP every dynamic one is complete beside the first static one of its page.

import assert from 'node:assert/strict';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeDynamic, decodeStaticText } from '@sluice/config';
import { type Diagnostic, formatDiagnostic } from '@sluice/errors';
import { middlewareTypes } from '@sluice/middlewares';
import { checkProject } from '../../packages/cli/src/project/check-project.ts';
import { loadProject } from '../../packages/cli/src/project/load-project.ts';

const ROOT = join(import.meta.dirname, '../..');
const BLOCK = /^```yaml\n([\s\S]*?)^```$/gm;
/** The first line of a block. */
const KINDS = { static: '# static configuration', dynamic: '# dynamic configuration' } as const;
/** Nothing is left out in their examples. */
const COMPLETE = ['tcp.md', 'udp.md'];

interface Page {
  readonly name: string;
  readonly static: readonly string[];
  readonly dynamic: readonly string[];
  /** First lines of what is of other programs, or says nothing of itself. */
  readonly other: readonly string[];
}

function pageOf(file: string): Page {
  const blocks = [...readFileSync(join(ROOT, file), 'utf8').matchAll(BLOCK)].map((match) => match[1]!);
  const firstLine = (block: string) => block.slice(0, block.indexOf('\n'));
  const of = (kind: string) => blocks.filter((block) => firstLine(block) === kind);
  const others = blocks.map(firstLine).filter((line) => !Object.values<string>(KINDS).includes(line));
  return { name: basename(file), static: of(KINDS.static), dynamic: of(KINDS.dynamic), other: others };
}

const pages = globSync('docs/operations/*.md', { cwd: ROOT }).sort().map(pageOf);

function assertQuiet(where: string, block: string, diagnostics: readonly Diagnostic[]): void {
  assert.deepEqual(diagnostics.map(formatDiagnostic), [], `${where}:\n${block}`);
}

test('every block of configuration says what it is', () => {
  assert.ok(pages.filter((page) => page.static.length + page.dynamic.length > 0).length >= 7, 'the blocks are found');
  for (const { name, other } of pages) for (const line of other) assert.match(line, /^# \w/, name);
});

test('every block of configuration is right in itself', () => {
  for (const page of pages) {
    for (const text of page.static) {
      assertQuiet(page.name, text, decodeStaticText(text, 'yaml', page.name).diagnostics);
    }
    for (const text of page.dynamic) {
      const decoded = decodeDynamic({ text, format: 'yaml', file: page.name, middlewareTypes });
      assertQuiet(page.name, text, decoded.diagnostics);
    }
  }
});

test('what the pages of TCP and UDP show refers to nothing that is not there', async (context) => {
  for (const page of pages.filter(({ name }) => COMPLETE.includes(name))) {
    assert.notEqual(page.static.length, 0, page.name);
    for (const text of page.dynamic) assertQuiet(page.name, text, await checkWhole(context, page, text));
  }
});

/** As `sluice validate` does it. Files that only a reader has, such as certificates, need not be there. */
async function checkWhole(context: TestContext, page: Page, dynamic: string): Promise<readonly Diagnostic[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'dynamic.yaml'), dynamic);
  writeFileSync(join(folder, 'sluice.yaml'), page.static[0]!);
  const project = await loadProject({
    staticArguments: [`--configFile=${join(folder, 'sluice.yaml')}`],
    files: [join(folder, 'dynamic.yaml')],
    environment: {},
    workingDirectory: folder,
  });
  const found = [...project.diagnostics, ...checkProject(project)];
  return found.filter(({ code }) => code !== 'CONFIG_FILE');
}
