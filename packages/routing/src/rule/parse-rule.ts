// Parses a router rule (syntax v3) into a tree. Checks names, arity and emptiness; what the arguments mean (regular
// expressions, addresses, paths) is checked where predicates are built. Bounded: length, nesting, no backtracking.

import { findMatcher, type MatcherDefinition, type RuleProtocol, unknownMatcherMessage } from './matcher-definition.ts';
import type { MatcherNode, RuleArgument, RuleNode } from './rule-node.ts';
import { RuleScanner, type RuleToken, type RuleTokenType } from './rule-scanner.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

/** Bytes of UTF-8. */
export const RULE_BYTES_MAX = 64 * 1024;
/** Parentheses and negations inside each other. */
export const RULE_DEPTH_MAX = 256;

/** How to begin, for error messages. */
const EXAMPLES: Readonly<Record<RuleProtocol, string>> = {
  http: 'Host(`example.com`)',
  tcp: 'HostSNI(`example.com`)',
  udp: 'ClientIP(`10.0.0.0/8`)',
};

/** @param protocol which matchers there are; default `http` @throws RuleSyntaxError and nothing else. */
export function parseRule(text: string, protocol: RuleProtocol = 'http'): RuleNode {
  if (Buffer.byteLength(text) > RULE_BYTES_MAX) {
    throw new RuleSyntaxError(`the rule is longer than ${RULE_BYTES_MAX} bytes`, '', 0);
  }
  return new RuleParser(text, protocol).parse();
}

class RuleParser {
  private readonly rule: string;
  private readonly protocol: RuleProtocol;
  private readonly scanner: RuleScanner;
  private token: RuleToken;
  private depth = 0;

  constructor(rule: string, protocol: RuleProtocol) {
    this.rule = rule;
    this.protocol = protocol;
    this.scanner = new RuleScanner(rule);
    this.token = this.scanner.next();
  }

  parse(): RuleNode {
    if (this.at('end')) this.fail(`the rule is empty; write a matcher such as ${EXAMPLES[this.protocol]}`);
    const node = this.parseOr();
    const newline = this.take('newline');
    if (this.at('end')) return node;
    if (newline) {
      this.fail(
        'a line break behind a closing parenthesis ends the rule; put the && or || at the end of the line before',
      );
    }
    if (this.at(')')) this.fail('this closing parenthesis has no opening one');
    return this.fail('expected && or || between two matchers');
  }

  private parseOr(): RuleNode {
    const nodes = [this.parseAnd()];
    while (this.take('||')) nodes.push(this.parseAnd());
    return nodes.length === 1 ? nodes[0]! : { type: 'or', nodes };
  }

  private parseAnd(): RuleNode {
    const nodes = [this.parseUnary()];
    while (this.take('&&')) nodes.push(this.parseUnary());
    return nodes.length === 1 ? nodes[0]! : { type: 'and', nodes };
  }

  private parseUnary(): RuleNode {
    const start = this.token;
    if (this.take('!')) {
      this.enter(start);
      const node = this.parseUnary();
      this.depth--;
      return { type: 'not', node };
    }
    if (!this.take('(')) return this.parseMatcher();
    this.enter(start);
    const node = this.parseOr();
    this.depth--;
    if (this.take(')')) return node;
    if (this.at('end')) this.fail('this parenthesis is never closed', start.offset);
    if (this.at('newline'))
      this.fail(
        'a line break is not accepted here; close the parenthesis on the same line, or end the line with && or ||',
      );
    return this.fail('expected && or || or a closing parenthesis');
  }

  private enter(start: RuleToken): void {
    if (++this.depth > RULE_DEPTH_MAX) this.fail(`the rule is nested deeper than ${RULE_DEPTH_MAX}`, start.offset);
  }

  private parseMatcher(): MatcherNode {
    const name = this.token;
    if (!this.take('name')) this.fail(this.expectedMatcher());
    const definition = findMatcher(name.text, this.protocol);
    if (definition === undefined) this.fail(this.unknownName(name), name.offset);
    if (!this.take('(')) this.fail(`expected an opening parenthesis, as in ${definition.usage}`);
    const list = this.parseArguments(definition);
    const { argumentsMin, argumentsMax } = definition;
    if (list.length < argumentsMin || list.length > argumentsMax) {
      const accepted = argumentsMin === argumentsMax ? `${argumentsMin}` : `${argumentsMin} or ${argumentsMax}`;
      const advice = definition.argumentsMax === 1 ? '; combine several with ||' : '';
      this.fail(
        `${definition.name} takes ${accepted} argument(s), as in ${definition.usage}, not ${list.length}${advice}`,
        name.offset,
      );
    }
    return { type: 'matcher', name: definition.name, arguments: list, offset: name.offset };
  }

  private parseArguments(definition: MatcherDefinition): RuleArgument[] {
    const list: RuleArgument[] = [];
    while (!this.at(')')) {
      const { offset, text, raw } = this.token;
      if (!this.take('string')) this.fail(`expected a string in backticks or double quotes, as in ${definition.usage}`);
      if (text === '') this.fail(`the arguments of ${definition.name} must not be empty`, offset);
      list.push({ value: text, offset, raw });
      if (this.take(',')) continue;
      if (this.at('newline')) this.fail('a line break behind the last argument needs a comma before it');
      if (!this.at(')')) this.fail('expected a comma or a closing parenthesis behind the argument');
    }
    this.advance();
    return list;
  }

  private expectedMatcher(): string {
    const example = EXAMPLES[this.protocol];
    switch (this.token.type) {
      case 'end':
        return `the rule ends where a matcher such as ${example} is expected`;
      case 'string':
        return `a string alone is not a matcher; write for example ${example}`;
      default:
        return `expected a matcher such as ${example}`;
    }
  }

  private unknownName(name: RuleToken): string {
    const lower = name.text.toLowerCase();
    if (lower === 'and' || lower === 'or' || lower === 'not') {
      return `"${name.text}" is not an operator; write && for "and", || for "or", ! for "not"`;
    }
    return unknownMatcherMessage(name.text, this.protocol);
  }

  private at(type: RuleTokenType): boolean {
    return this.token.type === type;
  }

  private take(type: RuleTokenType): boolean {
    if (!this.at(type)) return false;
    this.advance();
    return true;
  }

  private advance(): void {
    this.token = this.scanner.next();
  }

  private fail(message: string, offset: number = this.token.offset): never {
    throw new RuleSyntaxError(message, this.rule, offset);
  }
}
