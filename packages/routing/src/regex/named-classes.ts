// The classes RE2 knows by name: Perl (`\d`), POSIX (`[:alpha:]`) and Unicode categories and scripts (`\p{Greek}`).

import { type CharacterSet, CODE_POINT_MAX, toCharacterSet } from './character-set.ts';

const DIGIT: CharacterSet = [0x30, 0x39];
const WORD: CharacterSet = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];

/** By lower-case letter; the upper-case letter is the negation. ASCII only, and `\s` has no vertical tab. */
export const PERL_CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: DIGIT,
  s: [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20],
  w: WORD,
};

export const POSIX_CLASSES: ReadonlyMap<string, CharacterSet> = new Map<string, CharacterSet>([
  ['alnum', [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a]],
  ['alpha', [0x41, 0x5a, 0x61, 0x7a]],
  ['ascii', [0x00, 0x7f]],
  ['blank', [0x09, 0x09, 0x20, 0x20]],
  ['cntrl', [0x00, 0x1f, 0x7f, 0x7f]],
  ['digit', DIGIT],
  ['graph', [0x21, 0x7e]],
  ['lower', [0x61, 0x7a]],
  ['print', [0x20, 0x7e]],
  ['punct', [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e]],
  ['space', [0x09, 0x0d, 0x20, 0x20]],
  ['upper', [0x41, 0x5a]],
  ['word', WORD],
  ['xdigit', [0x30, 0x39, 0x41, 0x46, 0x61, 0x66]],
]);

const unicodeClasses = new Map<string, CharacterSet>();

/** A general category (`N`, `Lu`) or script (`Greek`) by its RE2 name; undefined when there is none. Cached. */
export function unicodeClass(name: string): CharacterSet | undefined {
  const known = unicodeClasses.get(name);
  if (known !== undefined) return known;
  const matcher = propertyExpression(name);
  if (matcher === undefined) return undefined;
  const set = collect(matcher);
  unicodeClasses.set(name, set);
  return set;
}

function propertyExpression(name: string): RegExp | undefined {
  if (name === 'Any') return /^.$/su;
  if (!/^[A-Z][A-Za-z_]*$/.test(name)) return undefined;
  const property = name.length <= 2 ? `General_Category=${name}` : `Script=${name}`;
  try {
    return new RegExp(`^\\p{${property}}$`, 'u');
  } catch {
    return undefined;
  }
}

/** Walks all code points once: tens of milliseconds, only for configurations that name a Unicode class. */
function collect(matcher: RegExp): CharacterSet {
  const ranges: number[] = [];
  let start = -1;
  for (let codePoint = 0; codePoint <= CODE_POINT_MAX + 1; codePoint++) {
    const isMember = codePoint <= CODE_POINT_MAX && matcher.test(String.fromCodePoint(codePoint));
    if (isMember && start === -1) start = codePoint;
    if (!isMember && start !== -1) {
      ranges.push(start, codePoint - 1);
      start = -1;
    }
  }
  return toCharacterSet(ranges);
}
