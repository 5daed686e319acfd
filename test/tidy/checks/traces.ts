// No trace of one machine or one package registry gets into the repository: paths, hosts, resolved addresses.
// Patterns are put together from pieces, so that this file does not find itself.

import { lineAt, type TidyCheck } from '../repository.ts';

const TRACES: readonly (readonly [string, RegExp])[] = [
  [
    'a path of one machine',
    new RegExp(`(?<![\\w.])/(?:${['wo' + 'rk', 'ro' + 'ot', 'Us' + 'ers'].join('|')})/[\\w.-]+`, 'g'),
  ],
  ['a home folder', new RegExp(`(?<![\\w.])/ho${'me'}/(?!<)[a-z][\\w-]*/`, 'g')],
  ['a package registry', new RegExp(`\\b(?:registry\\.npm${'js'}|npm${'mirror'}\\.com|registry\\.yarn${'pkg'})`, 'g')],
];

export const checkTraces: TidyCheck = (files) => {
  const problems: string[] = [];
  for (const { path, text } of files) {
    for (const [what, pattern] of TRACES) {
      for (const match of text.matchAll(pattern)) {
        problems.push(`${path}:${lineAt(text, match.index)}: "${match[0]}" is ${what}`);
      }
    }
    if (path === 'package-lock.json') problems.push(...resolvedAddresses(text));
  }
  return problems;
};

function resolvedAddresses(lock: string): string[] {
  const entries = Object.entries(JSON.parse(lock).packages as Record<string, { resolved?: string }>);
  return entries
    .filter(([, entry]) => entry.resolved?.includes('://'))
    .map(
      ([name]) =>
        `package-lock.json: "${name}" has a resolved address; npm's omit-lockfile-registry-resolved leaves it out`,
    );
}
