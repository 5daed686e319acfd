// Parses RE2 syntax (as Go's regexp package reads it) and refuses what RE2 refuses: lookaround, backreferences,
// possessive and stacked repetition, repetition counts above 1000. Knows nothing of JavaScript's syntax.

import { foldCase } from './case-folding.ts';
import { ANY_BUT_NEWLINE, ANY_CHARACTER, type CharacterSet } from './character-set.ts';
import { parseBracketClass } from './re2-class-parser.ts';
import { Re2Cursor } from './re2-cursor.ts';
import type { Re2Assertion, Re2Node, Re2Pattern } from './re2-node.ts';

/** RE2's own limits. */
const NESTING_MAX = 1000;
const REPEAT_MAX = 1000;

interface Flags {
  readonly ignoreCase: boolean;
  readonly multiLine: boolean;
  readonly dotMatchesNewline: boolean;
  readonly ungreedy: boolean;
}

const NO_FLAGS: Flags = { ignoreCase: false, multiLine: false, dotMatchesNewline: false, ungreedy: false };
const FLAG_LETTERS: Readonly<Record<string, keyof Flags>> = {
  i: 'ignoreCase',
  m: 'multiLine',
  s: 'dotMatchesNewline',
  U: 'ungreedy',
};
const ESCAPED_ASSERTIONS: Readonly<Record<string, Re2Assertion>> = {
  A: 'text-start',
  z: 'text-end',
  b: 'word-boundary',
  B: 'not-word-boundary',
};
const REFUSED_GROUPS: readonly (readonly [string, string])[] = [
  ['(?=', 'lookahead (?=…) is not part of RE2 syntax'],
  ['(?!', 'negative lookahead (?!…) is not part of RE2 syntax; in a rule use ! in front of the matcher'],
  ['(?<=', 'lookbehind (?<=…) is not part of RE2 syntax'],
  ['(?<!', 'negative lookbehind (?<!…) is not part of RE2 syntax'],
  ['(?>', 'atomic groups (?>…) are not part of RE2 syntax'],
  ['(?#', 'comments (?#…) are not part of RE2 syntax'],
  ['(?P=', 'backreferences such as (?P=name) are not part of RE2 syntax'],
];

/** @throws Re2SyntaxError with an offset into `pattern`. */
export function parseRe2(pattern: string): Re2Pattern {
  return new Re2Parser(pattern).parse();
}

class Re2Parser {
  private readonly cursor: Re2Cursor;
  private readonly groupNames: string[] = [];
  private flags: Flags = NO_FLAGS;
  private depth = 0;

  constructor(pattern: string) {
    this.cursor = new Re2Cursor(pattern);
  }

  parse(): Re2Pattern {
    const root = this.parseAlternation();
    if (!this.cursor.atEnd)
      this.cursor.fail('this closing parenthesis has no opening one; write \\) for a literal one');
    return { root, groupCount: this.groupNames.length, groupNames: this.groupNames };
  }

  private parseAlternation(): Re2Node {
    const alternatives = [this.parseConcatenation()];
    while (this.cursor.skip('|')) alternatives.push(this.parseConcatenation());
    return alternatives.length === 1 ? alternatives[0]! : { type: 'alternation', nodes: alternatives };
  }

  private parseConcatenation(): Re2Node {
    const cursor: Re2Cursor = this.cursor;
    const nodes: Re2Node[] = [];
    let repeatedAt = -1;
    while (!cursor.atEnd && cursor.next !== '|' && cursor.next !== ')') {
      const start = cursor.offset;
      const repeated = this.takeRepetition(nodes, repeatedAt === start);
      if (repeated) repeatedAt = cursor.offset;
      else this.parseAtom(nodes);
    }
    return nodes.length === 1 ? nodes[0]! : { type: 'concatenation', nodes };
  }

  /** Reads a repetition operator, if one comes next, and wraps the last node in it. */
  private takeRepetition(nodes: Re2Node[], followsRepetition: boolean): boolean {
    const cursor: Re2Cursor = this.cursor;
    const start = cursor.offset;
    const bounds = this.takeBounds();
    if (bounds === undefined) return false;
    const operator = cursor.pattern.slice(start, cursor.offset);
    if (followsRepetition) {
      cursor.fail(
        `two repetition operators in a row ("${operator}" is the second): possessive and stacked repetition are not part of RE2 syntax`,
        start,
      );
    }
    const node = nodes.pop();
    if (node === undefined)
      cursor.fail(`nothing to repeat before "${operator}"; write \\${operator[0]} for a literal one`, start);
    const lazy = cursor.skip('?');
    const repeat: Re2Node = { type: 'repeat', node, ...bounds, greedy: lazy === this.flags.ungreedy };
    if (!repeatFits(repeat, REPEAT_MAX))
      cursor.fail(`repeated more than ${REPEAT_MAX} times, nested counts multiplied`, start);
    nodes.push(repeat);
    return true;
  }

  private takeBounds(): { min: number; max: number } | undefined {
    const cursor: Re2Cursor = this.cursor;
    if (cursor.skip('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (cursor.skip('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (cursor.skip('?')) return { min: 0, max: 1 };
    if (cursor.next !== '{') return undefined;
    const match = /^\{(\d+)(,(\d*))?\}/.exec(cursor.pattern.slice(cursor.offset, cursor.offset + 64));
    if (match === null) return undefined;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && (max > REPEAT_MAX || max < min))) {
      cursor.fail(`invalid repetition count ${match[0]}: the counts must ascend and not exceed ${REPEAT_MAX}`);
    }
    cursor.offset += match[0].length;
    return { min, max };
  }

  private parseAtom(nodes: Re2Node[]): void {
    const cursor: Re2Cursor = this.cursor;
    const next = cursor.next;
    if (next === '(') this.parseGroup(nodes);
    else if (next === '[') nodes.push({ type: 'set', set: parseBracketClass(cursor, this.flags.ignoreCase) });
    else if (next === '\\') this.parseEscape(nodes);
    else if (cursor.skip('.')) {
      nodes.push({ type: 'set', set: this.flags.dotMatchesNewline ? ANY_CHARACTER : ANY_BUT_NEWLINE });
    } else if (cursor.skip('^')) {
      nodes.push({ type: 'assertion', assertion: this.flags.multiLine ? 'line-start' : 'text-start' });
    } else if (cursor.skip('$')) {
      nodes.push({ type: 'assertion', assertion: this.flags.multiLine ? 'line-end' : 'text-end' });
    } else nodes.push(this.literal(cursor.takeCodePoint()));
  }

  private literal(codePoint: number): Re2Node {
    return { type: 'set', set: this.folded([codePoint, codePoint]) };
  }

  private folded(set: CharacterSet): CharacterSet {
    return this.flags.ignoreCase ? foldCase(set) : set;
  }

  private parseEscape(nodes: Re2Node[]): void {
    const cursor: Re2Cursor = this.cursor;
    const letter = cursor.pattern.charAt(cursor.offset + 1);
    const assertion = Object.hasOwn(ESCAPED_ASSERTIONS, letter) ? ESCAPED_ASSERTIONS[letter] : undefined;
    if (assertion !== undefined) {
      cursor.offset += 2;
      nodes.push({ type: 'assertion', assertion });
    } else if (letter === 'Q') this.parseQuoted(nodes);
    else if (letter === 'C') cursor.fail('\\C (one byte) is not supported; use . or (?s:.) for one character');
    else if (letter === 'Z') cursor.fail('\\Z is not part of RE2 syntax; use \\z or $ for the end of the text');
    else if (letter === 'k') cursor.fail('backreferences such as \\k<name> are not part of RE2 syntax');
    else {
      const set = cursor.takeClassEscape();
      nodes.push(
        set === undefined ? this.literal(cursor.takeCharacterEscape()) : { type: 'set', set: this.folded(set) },
      );
    }
  }

  private parseQuoted(nodes: Re2Node[]): void {
    const cursor: Re2Cursor = this.cursor;
    cursor.offset += 2;
    while (!cursor.atEnd && !cursor.skip('\\E')) nodes.push(this.literal(cursor.takeCodePoint()));
  }

  private parseGroup(nodes: Re2Node[]): void {
    const cursor: Re2Cursor = this.cursor;
    const start = cursor.offset;
    for (const [prefix, message] of REFUSED_GROUPS) if (cursor.looksAt(prefix)) cursor.fail(message);
    const outerFlags = this.flags;
    let index = 0;
    if (cursor.skip('(?P<') || cursor.skip('(?<')) index = this.takeGroupName(start);
    else if (cursor.skip('(?')) {
      if (this.takeFlags(start) === ')') return;
    } else {
      cursor.offset++;
      index = this.groupNames.push('');
    }
    const node = this.parseNested(start);
    this.flags = outerFlags;
    nodes.push(
      index === 0
        ? { type: 'concatenation', nodes: [node] }
        : { type: 'group', index, name: this.groupNames[index - 1]!, node },
    );
  }

  private parseNested(start: number): Re2Node {
    if (++this.depth > NESTING_MAX) this.cursor.fail(`groups are nested deeper than ${NESTING_MAX}`, start);
    const node = this.parseAlternation();
    this.depth--;
    if (!this.cursor.skip(')'))
      this.cursor.fail('this opening parenthesis is never closed; write \\( for a literal one', start);
    return node;
  }

  private takeGroupName(start: number): number {
    const cursor: Re2Cursor = this.cursor;
    const end = cursor.pattern.indexOf('>', cursor.offset);
    const name = end === -1 ? '' : cursor.pattern.slice(cursor.offset, end);
    if (!/^[A-Za-z0-9_]+$/.test(name)) {
      cursor.fail('a group name is made of letters, digits and underscores and ends with ">"', start);
    }
    if (this.groupNames.includes(name)) cursor.fail(`the group name "${name}" is used twice`, start);
    cursor.offset = end + 1;
    return this.groupNames.push(name);
  }

  /** Reads `i-s:` or `i-s)` and sets the flags; returns the character it ended with. */
  private takeFlags(start: number): string {
    const cursor: Re2Cursor = this.cursor;
    const match = /^([imsU]*)(-([imsU]+))?([:)])/.exec(cursor.pattern.slice(cursor.offset, cursor.offset + 256));
    if (match === null)
      cursor.fail(
        'unknown group: known are (…), (?:…), (?P<name>…), (?<name>…) and the flags i, m, s, U as in (?i) or (?i-s:…)',
        start,
      );
    cursor.offset += match[0].length;
    const flags: Record<keyof Flags, boolean> = { ...this.flags };
    for (const letter of match[1]!) flags[FLAG_LETTERS[letter]!] = true;
    for (const letter of match[3] ?? '') flags[FLAG_LETTERS[letter]!] = false;
    this.flags = flags;
    return match[4]!;
  }
}

/** Nested counts multiply: `((a{100}){100})` would be ten thousand copies. */
function repeatFits(node: Re2Node, limit: number): boolean {
  if (node.type === 'repeat') {
    const count = node.max === Number.POSITIVE_INFINITY ? node.min : node.max;
    if (node.max === 0) return true;
    if (count > limit) return false;
    return repeatFits(node.node, count > 0 ? Math.floor(limit / count) : limit);
  }
  if (node.type === 'group') return repeatFits(node.node, limit);
  if (node.type === 'concatenation' || node.type === 'alternation')
    return node.nodes.every((child) => repeatFits(child, limit));
  return true;
}
