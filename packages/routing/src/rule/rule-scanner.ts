// Splits a rule into tokens the way Go's scanner does, because the rule language is Go's expression grammar:
// a newline right behind a name, a string or a closing parenthesis ends the expression.

import { readInterpretedString } from './interpreted-string.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

export type RuleTokenType = 'name' | 'string' | '&&' | '||' | '!' | '(' | ')' | ',' | 'newline' | 'end';

export interface RuleToken {
  readonly type: RuleTokenType;
  readonly offset: number;
  /** The name as spelled, or the value of the string. */
  readonly text: string;
  readonly raw: boolean;
}

const PUNCTUATION: readonly RuleTokenType[] = ['&&', '||', '!', '(', ')', ','];
const NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy;

export class RuleScanner {
  private readonly rule: string;
  private offset = 0;
  private newlineEnds = false;

  constructor(rule: string) {
    this.rule = rule;
  }

  /** At the end of the rule it returns `end` again and again. @throws RuleSyntaxError */
  next(): RuleToken {
    const newline = this.skipSpace();
    if (newline !== -1) return this.token('newline', newline, '', newline);
    const start = this.offset;
    if (start >= this.rule.length) return this.token('end', start, '', start);
    const symbol = PUNCTUATION.find((text) => this.rule.startsWith(text, start));
    if (symbol !== undefined) return this.token(symbol, start, symbol, start + symbol.length);
    const character = this.rule[start]!;
    if (character === '`') return this.rawString(start);
    if (character === '"') {
      const { value, end } = readInterpretedString(this.rule, start);
      return this.token('string', start, value, end);
    }
    NAME.lastIndex = start;
    const name = NAME.exec(this.rule)?.[0];
    if (name === undefined) this.fail(unexpectedCharacter(this.rule, start), start);
    return this.token('name', start, name, start + name.length);
  }

  private token(type: RuleTokenType, offset: number, text: string, end: number, raw = false): RuleToken {
    this.offset = end;
    this.newlineEnds = type === 'name' || type === 'string' || type === ')';
    return { type, offset, text, raw };
  }

  private rawString(start: number): RuleToken {
    const end = this.rule.indexOf('`', start + 1);
    if (end === -1) this.fail('this backtick opens a string that is never closed', start);
    const text = this.rule.slice(start + 1, end);
    return this.token('string', start, text.replaceAll('\r', ''), end + 1, !text.includes('\r'));
  }

  /** Skips spaces and comments. Returns where a newline ended the expression, or -1. */
  private skipSpace(): number {
    for (;;) {
      const character = this.rule[this.offset];
      if (character === '\n' && this.newlineEnds) return this.offset++;
      if (character === ' ' || character === '\t' || character === '\r' || character === '\n') this.offset++;
      else if (this.rule.startsWith('//', this.offset)) {
        const end = this.rule.indexOf('\n', this.offset);
        this.offset = end === -1 ? this.rule.length : end;
      } else if (this.rule.startsWith('/*', this.offset)) {
        const start = this.offset;
        const end = this.rule.indexOf('*/', start + 2);
        if (end === -1) this.fail('this comment is never closed; end it with */', start);
        this.offset = end + 2;
        if (this.newlineEnds && this.rule.slice(start, end).includes('\n')) return start;
      } else return -1;
    }
  }

  private fail(message: string, offset: number): never {
    throw new RuleSyntaxError(message, this.rule, offset);
  }
}

function unexpectedCharacter(rule: string, offset: number): string {
  const character = String.fromCodePoint(rule.codePointAt(offset)!);
  switch (character) {
    case "'":
      return 'single quotes are not accepted; write strings in backticks, as in Host(`example.com`), or in double quotes';
    case '&':
      return 'a single & is not an operator; write && for "and"';
    case '|':
      return 'a single | is not an operator; write || for "or"';
    case ';':
      return 'a rule is one expression; combine matchers with && and || instead of ;';
    default:
      return `unexpected ${JSON.stringify(character)}; a rule is made of matchers such as Host(\`example.com\`), &&, ||, ! and parentheses`;
  }
}
