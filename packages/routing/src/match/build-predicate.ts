// From a parsed rule to its meaning: checks every argument and brings it into the form in which it is compared.
// Evaluates nothing; errors name the argument and say what is accepted.

import { translateRe2 } from '../regex/compile-re2.ts';
import { Re2SyntaxError } from '../regex/re2-syntax-error.ts';
import type { MatcherNode, RuleArgument, RuleNode } from '../rule/rule-node.ts';
import { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import { isAscii, toByteText } from './byte-text.ts';
import { parseClientNetwork } from './client-network.ts';
import type { Predicate, RequestTest } from './predicate.ts';

/** What the reference accepts in HostSNI, apart from `*` alone; a dot alone is no name. */
const SERVER_NAME = /^(?:\*\.)?[0-9A-Za-z_.:-]*[0-9A-Za-z_:-]\.?$/;
const ACME_PROTOCOL = 'acme-tls/1';

/** `rule` is the text `node` was parsed from. @throws RuleSyntaxError when an argument makes no sense. */
export function buildPredicate(node: RuleNode, rule: string): Predicate {
  switch (node.type) {
    case 'not':
      return { type: 'not', node: buildPredicate(node.node, rule) };
    case 'and':
    case 'or':
      return { type: node.type, nodes: node.nodes.map((child) => buildPredicate(child, rule)) };
    case 'matcher':
      return { type: 'test', test: new TestBuilder(node, rule).build(), text: canonicalText(node) };
  }
}

function canonicalText(node: MatcherNode): string {
  const list = node.arguments.map(({ value }) => (value.includes('`') ? JSON.stringify(value) : `\`${value}\``));
  return `${node.name}(${list.join(', ')})`;
}

class TestBuilder {
  private readonly node: MatcherNode;
  private readonly rule: string;

  constructor(node: MatcherNode, rule: string) {
    this.node = node;
    this.rule = rule;
  }

  build(): RequestTest {
    const [first, second] = this.node.arguments as [RuleArgument, RuleArgument | undefined];
    switch (this.node.name) {
      case 'Host':
        return this.host(first);
      case 'HostRegexp':
        this.requireAscii(first);
        return { kind: 'host-regexp', source: this.regexp(first) };
      case 'Path':
        return { kind: 'path', value: this.absolutePath(first) };
      case 'PathPrefix':
        return { kind: 'path-prefix', value: this.absolutePath(first) };
      case 'PathRegexp':
        return { kind: 'path-regexp', source: this.regexp(first) };
      case 'Method':
        return { kind: 'method', value: first.value.replace(/[a-z]+/g, (letters) => letters.toUpperCase()) };
      case 'Header':
        return this.header(first, {
          kind: 'header',
          name: first.value.toLowerCase(),
          value: toByteText(second!.value),
        });
      case 'HeaderRegexp':
        return this.header(first, {
          kind: 'header-regexp',
          name: first.value.toLowerCase(),
          source: this.regexp(second!),
        });
      case 'Query':
        return { kind: 'query', key: toByteText(first.value), value: toByteText(second?.value ?? '') };
      case 'QueryRegexp':
        if (second === undefined) return { kind: 'query', key: toByteText(first.value), value: '' };
        return { kind: 'query-regexp', key: toByteText(first.value), source: this.regexp(second) };
      case 'ClientIP':
        return this.client(first);
      case 'HostSNI':
        return this.serverName(first);
      case 'HostSNIRegexp':
        this.requireAscii(first);
        return { kind: 'server-name-regexp', source: this.regexp(first) };
      case 'ALPN':
        return this.alpn(first);
    }
  }

  private serverName(argument: RuleArgument): RequestTest {
    this.requireAscii(argument);
    const { value, offset } = argument;
    if (value === '*') return { kind: 'always' };
    if (SERVER_NAME.test(value)) return { kind: 'host', value: value.toLowerCase().replace(/\.$/, '') };
    return this.fail('HostSNI takes a name such as db.example.com, *.example.com, or * alone', offset);
  }

  private alpn({ value, offset }: RuleArgument): RequestTest {
    if (value === ACME_PROTOCOL)
      this.fail(`${ACME_PROTOCOL} is for the certificate authority, not for routers`, offset);
    return { kind: 'alpn', protocol: toByteText(value) };
  }

  private host(argument: RuleArgument): RequestTest {
    this.requireAscii(argument);
    return argument.value === '*' ? { kind: 'always' } : { kind: 'host', value: argument.value.toLowerCase() };
  }

  private requireAscii({ value, offset }: RuleArgument): void {
    if (isAscii(value)) return;
    this.fail(`${this.node.name} takes ASCII only; write international names in punycode (xn--…)`, offset);
  }

  private absolutePath({ value, offset }: RuleArgument): string {
    if (!value.startsWith('/')) this.fail(`the path of ${this.node.name} must start with "/"`, offset);
    return value;
  }

  /** The Host field is not among the headers a matcher sees. */
  private header(name: RuleArgument, test: RequestTest): RequestTest {
    return name.value.toLowerCase() === 'host' ? { kind: 'never' } : test;
  }

  private client({ value, offset }: RuleArgument): RequestTest {
    const network = parseClientNetwork(value);
    if (network === undefined) {
      this.fail('ClientIP takes an IP address or a range such as 10.0.0.0/8 or 2001:db8::/32', offset);
    }
    return { kind: 'client', network };
  }

  private regexp({ value, offset, raw }: RuleArgument): string {
    try {
      return translateRe2(value);
    } catch (error) {
      if (!(error instanceof Re2SyntaxError)) throw error;
      const at = raw ? offset + 1 + error.offset : offset;
      return this.fail(`invalid regular expression: ${error.message}`, at);
    }
  }

  private fail(message: string, offset: number): never {
    throw new RuleSyntaxError(message, this.rule, offset);
  }
}
