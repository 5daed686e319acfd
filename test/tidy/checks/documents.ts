// The documents tell the truth about the repository: links lead somewhere, named files and npm scripts exist,
// and docs/dependencies.md has exactly one line for each outside dependency.

import { posix } from 'node:path';
import { lineAt, type TidyCheck, type TidyFile } from '../repository.ts';

const ROOTS = '(?:packages|docs|scripts|test|examples|native-bench|\\.ci)';
const NAMED_PATH = new RegExp(`\`(${ROOTS}/[^\`\\s]*)\``, 'g');
const LINK = /\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)]*)?\)/g;
const NPM_RUN = /\bnpm (?:run ([\w:-]+)|(start|test)\b)/g;

export const checkLinks: TidyCheck = (files) => {
  const known = knownPaths(files);
  return documents(files).flatMap(({ path, text }) =>
    [...text.matchAll(LINK)]
      .filter((match) => !known.has(posix.normalize(posix.join(posix.dirname(path), match[1]!)).replace(/\/$/, '')))
      .map((match) => `${path}:${lineAt(text, match.index)}: the link to "${match[1]}" leads nowhere`),
  );
};

export const checkNamedPaths: TidyCheck = (files) => {
  const known = knownPaths(files);
  return documents(files).flatMap(({ path, text }) =>
    [...text.matchAll(NAMED_PATH)]
      .filter((match) => !/[*<>{}…]/.test(match[1]!) && !known.has(match[1]!.replace(/(:\d+)?\/?$/, '')))
      .map((match) => `${path}:${lineAt(text, match.index)}: there is no "${match[1]}"`),
  );
};

export const checkCommands: TidyCheck = (files) => {
  const manifest = files.find((file) => file.path === 'package.json');
  const scripts: Record<string, string> = manifest === undefined ? {} : (JSON.parse(manifest.text).scripts ?? {});
  return documents(files).flatMap(({ path, text }) =>
    [...text.matchAll(NPM_RUN)]
      .filter((match) => scripts[(match[1] ?? match[2])!] === undefined)
      .map((match) => `${path}:${lineAt(text, match.index)}: package.json has no script for "${match[0]}"`),
  );
};

export const checkDependencies: TidyCheck = (files) => {
  const text = files.find((file) => file.path === 'docs/dependencies.md')?.text ?? '';
  const explained = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!);
  const used = new Map<string, string>();
  for (const { path, text: manifest } of files) {
    if (!/^(packages\/[^/]+\/)?package\.json$/.test(path)) continue;
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(manifest);
    for (const name of Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })) {
      if (!name.startsWith('@sluice/')) used.set(name, path);
    }
  }
  const problems: string[] = [];
  for (const [name, path] of used) {
    const count = explained.filter((each) => each === name).length;
    if (count !== 1) problems.push(`docs/dependencies.md: "${name}" of ${path} has ${count} lines; it needs one`);
  }
  for (const name of explained) {
    if (!used.has(name)) problems.push(`docs/dependencies.md: "${name}" is in no package.json`);
  }
  return problems;
};

function documents(files: readonly TidyFile[]): TidyFile[] {
  return files.filter(({ path }) => path.endsWith('.md'));
}

/** Files and the folders they lie in. */
function knownPaths(files: readonly TidyFile[]): Set<string> {
  const known = new Set<string>();
  for (const { path } of files) {
    for (let each = path; each !== '.' && !known.has(each); each = posix.dirname(each)) known.add(each);
  }
  return known;
}
