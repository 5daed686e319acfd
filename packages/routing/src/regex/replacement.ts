// Replacement templates as Go's regexp package reads them: `$1`, `${1}`, `$name`, `${name}`, `$$`.
// A bare `$` takes the longest name, so `$1x` is the group named `1x`; unknown and unmatched groups are empty.

import { globalTwin } from './compile-re2.ts';

/** Text as it is, or the value of a group (a number, or a name). */
export type ReplacementSegment = string | { readonly group: number | string };

const GROUP_NUMBER_MAX = 1e8;

const globalTwins = new WeakMap<RegExp, RegExp>();

/** Splits a template once, for use with many matches. Never fails: a malformed `$` is text. */
export function parseReplacement(template: string): ReplacementSegment[] {
  const segments: ReplacementSegment[] = [];
  let text = '';
  const reference = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
  let position = 0;
  for (const match of template.matchAll(reference)) {
    text += template.slice(position, match.index);
    position = match.index + match[0].length;
    const name = match[1] ?? match[2];
    if (name === undefined) {
      text += '$';
      continue;
    }
    if (text !== '') segments.push(text);
    text = '';
    segments.push({ group: groupKey(name) });
  }
  text += template.slice(position);
  if (text !== '') segments.push(text);
  return segments;
}

function groupKey(name: string): number | string {
  const isNumber = /^(?:0|[1-9][0-9]*)$/.test(name) && Number(name) < GROUP_NUMBER_MAX;
  return isNumber ? Number(name) : name;
}

/** `match` comes from an expression made by `compileRe2`. */
export function expandReplacement(template: string | readonly ReplacementSegment[], match: RegExpExecArray): string {
  const segments = typeof template === 'string' ? parseReplacement(template) : template;
  let result = '';
  for (const segment of segments) {
    if (typeof segment === 'string') result += segment;
    else if (typeof segment.group === 'number') result += match[segment.group] ?? '';
    else result += match.groups?.[segment.group] ?? '';
  }
  return result;
}

/**
 * Replaces every match, like Go's ReplaceAllString: an empty match right behind the previous match does not count.
 * `expression` comes from `compileRe2`.
 */
export function replaceAllRe2(
  expression: RegExp,
  input: string,
  template: string | readonly ReplacementSegment[],
): string {
  const segments = typeof template === 'string' ? parseReplacement(template) : template;
  const finder = finderOf(expression);
  finder.lastIndex = 0;
  let result = '';
  let copied = 0;
  let previousEnd = -1;
  for (let match = finder.exec(input); match !== null; match = finder.exec(input)) {
    const end = match.index + match[0].length;
    if (match[0] === '') finder.lastIndex = afterCharacter(input, end);
    if (match[0] !== '' || end !== previousEnd) {
      result += input.slice(copied, match.index) + expandReplacement(segments, match);
      copied = end;
    }
    previousEnd = end;
    if (finder.lastIndex > input.length) break;
  }
  return result + input.slice(copied);
}

function finderOf(expression: RegExp): RegExp {
  let finder = globalTwins.get(expression);
  if (finder === undefined) {
    finder = globalTwin(expression);
    globalTwins.set(expression, finder);
  }
  return finder;
}

function afterCharacter(input: string, index: number): number {
  const codePoint = input.codePointAt(index);
  return index + (codePoint !== undefined && codePoint > 0xffff ? 2 : 1);
}
