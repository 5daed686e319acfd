// Who may import whom: packages only from floors below, only by package name, only what their package.json declares.
// The order of the floors is read from docs/architecture.md, where people read it too.

import { posix } from 'node:path';
import { isTest, lineAt, type TidyCheck, type TidyFile } from '../repository.ts';

interface Import {
  readonly specifier: string;
  readonly line: number;
}

const IMPORTS = [
  /^(?:import|export)\s[\w\s{},*$]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"$]+)['"]/g,
  /\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/g,
];
/** Always relative, with or without a leading `./`. */
const URLS = /\bnew URL\(\s*['"]([^'":]+)['"]\s*,\s*import\.meta\.url/g;

export const checkFloors: TidyCheck = (files) => {
  const floors = floorsOf(files);
  const manifests = manifestsOf(files);
  const problems: string[] = [];
  for (const name of manifests.keys()) {
    if (!floors.includes(name))
      problems.push(`packages/${name}: has no row in the floors table of docs/architecture.md`);
  }
  const development = developmentDependencies(files);
  for (const file of files) {
    const [, folder] = /^packages\/([^/]+)\/.*\.(?:ts|mjs)$/.exec(file.path) ?? [];
    if (folder === undefined) continue;
    const declared = new Set(manifests.get(folder) ?? []);
    if (isTest(file.path)) for (const each of development) declared.add(each);
    for (const each of importsOf(file.text)) {
      const fault = judge(file.path, folder, each.specifier, floors, declared);
      if (fault !== undefined) problems.push(`${file.path}:${each.line}: ${fault}`);
    }
  }
  return problems;
};

/** Names of the first column of the table under "## Floors", top floor first. */
export function floorsOf(files: readonly TidyFile[]): string[] {
  const text = files.find((file) => file.path === 'docs/architecture.md')?.text ?? '';
  const section = /^## Floors$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(text)?.[1] ?? '';
  return [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]!);
}

export function importsOf(text: string): Import[] {
  const at = (match: RegExpExecArray, prefix = '') => ({
    specifier: prefix + match[1]!,
    line: lineAt(text, match.index),
  });
  const imports = IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => at(match)));
  return [...imports, ...[...text.matchAll(URLS)].map((match) => at(match, './'))];
}

function judge(
  path: string,
  folder: string,
  specifier: string,
  floors: readonly string[],
  declared: ReadonlySet<string>,
): string | undefined {
  if (specifier.startsWith('node:')) return undefined;
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`packages/${folder}/`) || !target.startsWith('packages/')
      ? undefined
      : `"${specifier}" reaches into another package; import it by its name`;
  }
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  const [, below] = /^@sluice\/(.+)$/.exec(name) ?? [];
  if (below !== undefined && below !== folder && floors.indexOf(below) <= floors.indexOf(folder)) {
    return `"${name}" is not on a floor below ${folder}; imports go down only`;
  }
  if (below === folder) return undefined;
  return declared.has(name) ? undefined : `"${name}" is not among the dependencies of packages/${folder}/package.json`;
}

function manifestsOf(files: readonly TidyFile[]): Map<string, string[]> {
  const manifests = new Map<string, string[]>();
  for (const { path, text } of files) {
    const [, folder] = /^packages\/([^/]+)\/package\.json$/.exec(path) ?? [];
    if (folder !== undefined) manifests.set(folder, Object.keys(JSON.parse(text).dependencies ?? {}));
  }
  return manifests;
}

function developmentDependencies(files: readonly TidyFile[]): string[] {
  const root = files.find((file) => file.path === 'package.json');
  return root === undefined ? [] : Object.keys(JSON.parse(root.text).devDependencies ?? {});
}
