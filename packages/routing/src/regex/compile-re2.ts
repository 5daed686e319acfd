// RE2 patterns as JavaScript regular expressions. The compiled expression has no flags and works on Unicode text (see
// character-set.ts for bytes that are not UTF-8). Differences left: JavaScript forgets the captures of an earlier iteration of a
// repeated group, and skips empty iterations; neither changes whether a pattern matches.

import { emitJavaScript } from './javascript-emitter.ts';
import { parseRe2 } from './re2-parser.ts';
import { Re2SyntaxError } from './re2-syntax-error.ts';

/** Sources above this many units are executed once, because V8 reports "too large" only then. */
const TRIAL_SOURCE_MIN = 1 << 14;

export interface Re2Options {
  /** Default true. False: groups do not capture, for expressions that are only tested. */
  readonly captures?: boolean;
}

/** What a tested-only pattern becomes: a source for `new RegExp(source)`, without flags. @throws Re2SyntaxError */
export function translateRe2(pattern: string): string {
  const { source } = emitLinear(pattern, parseRe2(pattern), false);
  construct(source);
  return source;
}

/**
 * Compiles an RE2 pattern; matching is unanchored and leftmost-first. Capture arrays are numbered and named as RE2 does.
 * @throws Re2SyntaxError with the offset in `pattern` of what RE2 refuses.
 */
export function compileRe2(pattern: string, options: Re2Options = {}): RegExp {
  const parsed = parseRe2(pattern);
  const keepGroups = options.captures ?? true;
  const { source, groups } = emitLinear(pattern, parsed, keepGroups);
  const expression = construct(source);
  const isPlain = groups.every((group, index) => group === index + 1) && parsed.groupNames.every((name) => name === '');
  if (!keepGroups || isPlain) return expression;
  return new Re2Expression(source, { groups, groupCount: parsed.groupCount, names: parsed.groupNames });
}

/**
 * No pattern may stall a worker: one that V8's linear-time engine could not take over from backtracking is refused. Those are
 * `(?m)` with `$`, and classes repeated so often that spelling them out would be too large.
 */
function emitLinear(pattern: string, parsed: ReturnType<typeof parseRe2>, keepGroups: boolean) {
  const emitted = emitJavaScript(parsed, keepGroups);
  if (emitted.linear) return emitted;
  const offset = Math.max(0, pattern.indexOf('$'));
  throw new Re2SyntaxError(
    'this cannot be matched in linear time here: use \\z for $ with (?m), or a smaller repetition',
    offset,
  );
}

function construct(source: string): RegExp {
  try {
    const expression = new RegExp(source);
    if (source.length > TRIAL_SOURCE_MIN) expression.test('');
    return expression;
  } catch {
    throw new Re2SyntaxError('the regular expression is too large', 0);
  }
}

interface GroupLayout {
  readonly groups: readonly number[];
  readonly groupCount: number;
  readonly names: readonly string[];
}

const layouts = new WeakMap<RegExp, GroupLayout>();

/** An expression whose JavaScript groups are copies of RE2 groups, or whose groups have names. */
class Re2Expression extends RegExp {
  constructor(source: string, layout: GroupLayout, flags = '') {
    super(source, flags);
    layouts.set(this, layout);
  }

  override exec(input: string): RegExpExecArray | null {
    const match = super.exec(input);
    return match === null ? null : renumber(match, layouts.get(this)!);
  }
}

/** Of several copies of a group the last one that took part is the last iteration, which is what RE2 reports. */
function renumber(match: RegExpExecArray, layout: GroupLayout): RegExpExecArray {
  const values: (string | undefined)[] = new Array(layout.groupCount + 1).fill(undefined);
  values[0] = match[0];
  layout.groups.forEach((group, index) => {
    const value = match[index + 1];
    if (value !== undefined) values[group] = value;
  });
  const named: Record<string, string> = Object.create(null);
  layout.names.forEach((name, index) => {
    if (name !== '') named[name] = values[index + 1] as string;
  });
  return Object.assign(values, { index: match.index, input: match.input, groups: named }) as unknown as RegExpExecArray;
}

/** The same expression, finding one match after the other (flag `g`). */
export function globalTwin(expression: RegExp): RegExp {
  const layout = layouts.get(expression);
  return layout === undefined ? new RegExp(expression.source, 'g') : new Re2Expression(expression.source, layout, 'g');
}
