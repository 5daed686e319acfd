// Reads a bracketed class (`[^a-z[:digit:]\pL]`) of an RE2 pattern into a character set.

import { foldCase } from './case-folding.ts';
import { type CharacterSet, negateSet, toCharacterSet } from './character-set.ts';
import { POSIX_CLASSES } from './named-classes.ts';
import type { Re2Cursor } from './re2-cursor.ts';

/** The position is on `[`; ends after the closing bracket. @throws Re2SyntaxError */
export function parseBracketClass(cursor: Re2Cursor, ignoreCase: boolean): CharacterSet {
  const start = cursor.offset;
  cursor.offset++;
  const negated = cursor.skip('^');
  const ranges: number[] = [];
  for (let first = true; first || cursor.next !== ']'; first = false) {
    if (cursor.atEnd) cursor.fail('the class has no closing bracket "]"', start);
    const named = takePosixClass(cursor) ?? (cursor.next === '\\' ? cursor.takeClassEscape() : undefined);
    if (named !== undefined) for (const bound of named) ranges.push(bound);
    else appendRange(cursor, start, ranges);
  }
  cursor.offset++;
  const listed = toCharacterSet(ranges);
  const set = ignoreCase ? foldCase(listed) : listed;
  return negated ? negateSet(set) : set;
}

function appendRange(cursor: Re2Cursor, classStart: number, ranges: number[]): void {
  const start = cursor.offset;
  const low = takeClassCharacter(cursor, classStart);
  let high = low;
  if (cursor.next === '-' && cursor.pattern.charAt(cursor.offset + 1) !== ']') {
    cursor.offset++;
    high = takeClassCharacter(cursor, classStart);
  }
  if (high < low)
    cursor.fail('the range in the class runs backwards: its first character must not come after its last', start);
  ranges.push(low, high);
}

function takeClassCharacter(cursor: Re2Cursor, classStart: number): number {
  if (cursor.atEnd) cursor.fail('the class has no closing bracket "]"', classStart);
  return cursor.next === '\\' ? cursor.takeCharacterEscape() : cursor.takeCodePoint();
}

function takePosixClass(cursor: Re2Cursor): CharacterSet | undefined {
  if (!cursor.looksAt('[:')) return undefined;
  const end = cursor.pattern.indexOf(':]', cursor.offset + 2);
  if (end === -1) return undefined;
  const name = cursor.pattern.slice(cursor.offset + 2, end);
  const negated = name.startsWith('^');
  const set = POSIX_CLASSES.get(negated ? name.slice(1) : name);
  if (set === undefined) cursor.fail(`unknown class [:${name}:]: known are ${[...POSIX_CLASSES.keys()].join(', ')}`);
  cursor.offset = end + 2;
  return negated ? negateSet(set) : set;
}
