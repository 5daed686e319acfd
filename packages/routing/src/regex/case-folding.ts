// Simple case folding (one character to one character) of character sets, for `(?i)`.
// Characters that fold together form an orbit: k, K and the Kelvin sign; s, S and the long s.

import { type CharacterSet, setHas, toCharacterSet } from './character-set.ts';

const LAST_CASED_CODE_POINT = 0x1ffff;

let orbitTable: readonly (readonly number[])[] | undefined;

/** The set with every character that differs from one of its characters in case only. */
export function foldCase(set: CharacterSet): CharacterSet {
  if (set.length === 0) return set;
  if (set[set.length - 1]! < 0x80) return foldAscii(set);
  const ranges = [...set];
  for (const orbit of orbits()) {
    if (!orbit.some((codePoint) => setHas(set, codePoint))) continue;
    for (const codePoint of orbit) ranges.push(codePoint, codePoint);
  }
  return toCharacterSet(ranges);
}

function foldAscii(set: CharacterSet): CharacterSet {
  const ranges = [...set];
  for (let lower = 0x61; lower <= 0x7a; lower++) {
    if (!setHas(set, lower) && !setHas(set, lower - 0x20)) continue;
    ranges.push(lower, lower, lower - 0x20, lower - 0x20);
    if (lower === 0x6b) ranges.push(0x212a, 0x212a);
    if (lower === 0x73) ranges.push(0x17f, 0x17f);
  }
  return toCharacterSet(ranges);
}

/** Built on first use (some milliseconds): only patterns with `(?i)` and a class or non-ASCII text need it. */
function orbits(): readonly (readonly number[])[] {
  orbitTable ??= buildOrbits();
  return orbitTable;
}

function buildOrbits(): number[][] {
  const orbitOf = new Map<number, number[]>();
  for (let codePoint = 0; codePoint <= LAST_CASED_CODE_POINT; codePoint++) {
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) continue;
    const text = String.fromCodePoint(codePoint);
    for (const other of [text.toLowerCase(), text.toUpperCase()]) {
      if (other === text || !isOneCharacter(other) || !foldsTogether(codePoint, other)) continue;
      join(orbitOf, codePoint, other.codePointAt(0)!);
    }
  }
  return [...new Set(orbitOf.values())];
}

function isOneCharacter(text: string): boolean {
  return text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1);
}

/** Asks the engine, whose `iu` comparison is defined as simple case folding. */
function foldsTogether(codePoint: number, other: string): boolean {
  return new RegExp(`^\\u{${codePoint.toString(16)}}$`, 'iu').test(other);
}

function join(orbitOf: Map<number, number[]>, a: number, b: number): void {
  const left = orbitOf.get(a) ?? [a];
  const right = orbitOf.get(b) ?? [b];
  if (left === right) return;
  const joined = [...left, ...right];
  for (const codePoint of joined) orbitOf.set(codePoint, joined);
}
