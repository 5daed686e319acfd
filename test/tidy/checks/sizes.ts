// Files and functions stay small enough to be read in one sitting; nothing big gets into the history.
// Function lengths come from the compiler's own parse, not from counting braces.

import { join } from 'node:path';
import type { Node, SourceFile } from 'typescript/unstable/ast';
import { isFunctionLikeDeclaration } from 'typescript/unstable/ast/is';
import { API } from 'typescript/unstable/sync';
import { isTest, lineAt, type TidyCheck } from '../repository.ts';

export const FILE_MAX_LINES = 600;
export const FUNCTION_MAX_LINES = 80;
export const FILE_MAX_BYTES = 512 * 1024;

export const checkFileSizes: TidyCheck = (files) =>
  files.flatMap(({ path, text, bytes }) => {
    if (bytes > FILE_MAX_BYTES) return [`${path}: ${bytes} bytes are more than the ${FILE_MAX_BYTES} a file may have`];
    if (!/\.(ts|mjs|cc|h|tsx)$/.test(path)) return [];
    const lines = text.split('\n').length - 1;
    return lines > FILE_MAX_LINES ? [`${path}: ${lines} lines; ${FILE_MAX_LINES} are the limit, split it`] : [];
  });

/**
 * Checks the TypeScript files of a project on disk.
 * @param root folder with the `tsconfig.json`; problems name files relative to it.
 */
export function checkFunctionSizes(root: string): string[] {
  const api = new API({ cwd: root });
  try {
    const snapshot = api.updateSnapshot({ openProjects: [join(root, 'tsconfig.json')] });
    const problems: string[] = [];
    for (const { program } of snapshot.getProjects()) {
      for (const name of program.getSourceFileNames()) {
        if (!name.startsWith(`${root}/`) || name.includes('/node_modules/')) continue;
        const path = name.slice(root.length + 1);
        const source = isTest(path) ? undefined : program.getSourceFile(name);
        if (source !== undefined) problems.push(...longFunctions(source, path));
      }
    }
    return problems;
  } finally {
    api.close();
  }
}

function longFunctions(source: SourceFile, path: string): string[] {
  const problems: string[] = [];
  const visit = (node: Node): void => {
    if (isFunctionLikeDeclaration(node)) {
      const first = lineAt(source.text, node.getStart(source));
      const lines = lineAt(source.text, node.end) - first + 1;
      if (lines > FUNCTION_MAX_LINES) {
        problems.push(`${path}:${first}: a function of ${lines} lines; ${FUNCTION_MAX_LINES} are the limit, split it`);
      }
    }
    node.forEachChild(visit);
  };
  visit(source);
  return problems;
}
