// The files a reader of the repository sees, with their text. Nothing here judges them.
// Listed by git, so that what is ignored does not count and what is new does.

import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface TidyFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
}

/** Every check has this shape: problems as sentences that name the file. */
export type TidyCheck = (files: readonly TidyFile[]) => string[];

export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export function repositoryFiles(): TidyFile[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const paths = execFileSync('git', list, { cwd: REPOSITORY, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  const files: TidyFile[] = [];
  for (const path of new Set(paths.split('\0'))) {
    const absolute = join(REPOSITORY, path);
    const stats = statSync(absolute, { throwIfNoEntry: false });
    if (path !== '' && stats?.isFile() === true) {
      files.push({ path, text: readFileSync(absolute, 'utf8'), bytes: stats.size });
    }
  }
  return files;
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/') || /^packages\/[^/]+\/test\//.test(path);
}

/** 1-based line of a position. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
