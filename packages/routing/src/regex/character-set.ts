// Sets of code points as sorted, disjoint ranges, and their spelling as a JavaScript pattern without flags.
// Without the `u` flag JavaScript sees UTF-16 units, so characters above U+FFFF are spelled as surrogate pairs. A lone
// surrogate U+DC80…U+DCFF stands for one byte that is not UTF-8, which RE2 sees as U+FFFD.
// Knows nothing of RE2 syntax.

/** Flat list of inclusive ranges: low, high, low, high … ascending, neither overlapping nor adjacent. Never changed. */
export type CharacterSet = readonly number[];

export const CODE_POINT_MAX = 0x10ffff;
const SURROGATE_FIRST = 0xd800;
const SURROGATE_LAST = 0xdfff;
const SUPPLEMENTARY_FIRST = 0x10000;
const REPLACEMENT = 0xfffd;
const STRAY_BYTE_SOURCE = '(?<![\\ud800-\\udbff])[\\udc80-\\udcff]';

export const ANY_CHARACTER: CharacterSet = [0, CODE_POINT_MAX];
export const ANY_BUT_NEWLINE: CharacterSet = [0, 9, 11, CODE_POINT_MAX];

/** Sorts and merges ranges given in any order. */
export function toCharacterSet(ranges: readonly number[]): CharacterSet {
  const pairs: [number, number][] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i]!, ranges[i + 1]!]);
  pairs.sort((a, b) => a[0] - b[0]);
  const merged: number[] = [];
  for (const [low, high] of pairs) {
    const last = merged.length - 1;
    if (last > 0 && low <= merged[last]! + 1) merged[last] = Math.max(merged[last]!, high);
    else merged.push(low, high);
  }
  return merged;
}

export function negateSet(set: CharacterSet): CharacterSet {
  const negated: number[] = [];
  let next = 0;
  for (let i = 0; i < set.length; i += 2) {
    if (set[i]! > next) negated.push(next, set[i]! - 1);
    next = set[i + 1]! + 1;
  }
  if (next <= CODE_POINT_MAX) negated.push(next, CODE_POINT_MAX);
  return negated;
}

export function setHas(set: CharacterSet, codePoint: number): boolean {
  let low = 0;
  let high = set.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (codePoint < set[middle * 2]!) high = middle - 1;
    else if (codePoint > set[middle * 2 + 1]!) low = middle + 1;
    else return true;
  }
  return false;
}

/** A pattern atom (it can take a quantifier) that matches exactly one character of the set. */
export function characterSetSource(set: CharacterSet): string {
  const units: number[] = [];
  const pairs: string[] = [];
  for (let i = 0; i < set.length; i += 2) {
    const low = set[i]!;
    const high = set[i + 1]!;
    if (low < SURROGATE_FIRST) units.push(low, Math.min(high, SURROGATE_FIRST - 1));
    const bmpLow = Math.max(low, SURROGATE_LAST + 1);
    if (bmpLow <= Math.min(high, 0xffff)) units.push(bmpLow, Math.min(high, 0xffff));
    if (high >= SUPPLEMENTARY_FIRST) appendSurrogatePairs(Math.max(low, SUPPLEMENTARY_FIRST), high, pairs);
  }
  if (setHas(set, REPLACEMENT)) pairs.push(STRAY_BYTE_SOURCE);
  if (pairs.length === 0) return unitClassSource(units);
  if (units.length !== 0) pairs.unshift(unitClassSource(units));
  return `(?:${pairs.join('|')})`;
}

/** Spells one range above U+FFFF as alternatives of high surrogate class and low surrogate class. */
function appendSurrogatePairs(low: number, high: number, out: string[]): void {
  let start = low;
  while (start <= high) {
    const startHigh = highSurrogate(start);
    const startLow = lowSurrogate(start);
    if (startLow === 0xdc00 && high - start >= 0x3ff) {
      const fullBlocks = Math.floor((high + 1 - start) / 0x400);
      out.push(`${unitClassSource([startHigh, startHigh + fullBlocks - 1])}[\\udc00-\\udfff]`);
      start += fullBlocks * 0x400;
      continue;
    }
    const blockEnd = Math.min(high, start + (0xdfff - startLow));
    out.push(`${unitSource(startHigh)}${unitClassSource([startLow, lowSurrogate(blockEnd)])}`);
    start = blockEnd + 1;
  }
}

function highSurrogate(codePoint: number): number {
  return 0xd800 + ((codePoint - SUPPLEMENTARY_FIRST) >> 10);
}

function lowSurrogate(codePoint: number): number {
  return 0xdc00 + ((codePoint - SUPPLEMENTARY_FIRST) & 0x3ff);
}

function unitClassSource(units: readonly number[]): string {
  if (units.length === 0) return '[]';
  if (units.length === 2 && units[0] === units[1]) return unitSource(units[0]!);
  let source = '[';
  for (let i = 0; i < units.length; i += 2) {
    source += unitSource(units[i]!);
    if (units[i + 1]! > units[i]!) source += `-${unitSource(units[i + 1]!)}`;
  }
  return `${source}]`;
}

/** One UTF-16 unit, safe inside and outside of a class. */
function unitSource(unit: number): string {
  const isWord = (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || unit === 95 || (unit >= 97 && unit <= 122);
  if (isWord) return String.fromCharCode(unit);
  if (unit > 0x20 && unit < 0x7f) return `\\${String.fromCharCode(unit)}`;
  return `\\u${unit.toString(16).padStart(4, '0')}`;
}
