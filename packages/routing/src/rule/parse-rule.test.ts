import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileRule } from '../plan/compiled-rule.ts';
import { findMatcher, MATCHER_NAMES } from './matcher-definition.ts';
import { parseRule, RULE_BYTES_MAX, RULE_DEPTH_MAX } from './parse-rule.ts';
import type { RuleNode } from './rule-node.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

/** The tree as text, with every grouping in parentheses. */
function shape(node: RuleNode): string {
  switch (node.type) {
    case 'matcher':
      return `${node.name}(${node.arguments.map(({ value }) => JSON.stringify(value)).join(',')})`;
    case 'not':
      return `!${shape(node.node)}`;
    default:
      return `(${node.nodes.map(shape).join(node.type === 'and' ? ' && ' : ' || ')})`;
  }
}

const ACCEPTED: readonly (readonly [string, string])[] = [
  ['Host(`a`) || Path(`/b`) && Method(`GET`)', '(Host("a") || (Path("/b") && Method("GET")))'],
  ['(Host(`a`) || Path(`/b`)) && Method(`GET`)', '((Host("a") || Path("/b")) && Method("GET"))'],
  ['!Host(`a`) && !!Path(`/b`)', '(!Host("a") && !!Path("/b"))'],
  ['!(Host(`a`) && Host(`b`))', '!(Host("a") && Host("b"))'],
  ['((Host(`a`)))', 'Host("a")'],
  ['\t Host \t(  `a` , )  ', 'Host("a")'],
  ['Host(`a`) &&\nPath(`/b`) ||\n!\n(\nHost(\n`c`,\n))\n\n', '((Host("a") && Path("/b")) || !Host("c"))'],
  ['Host(`a`) // one\n', 'Host("a")'],
  ['/* x\n */ Host(`a`) /* y */ && // z\n Path(`/b`)', '(Host("a") && Path("/b"))'],
  ['Host(`a`) // last', 'Host("a")'],
  ['Path(`/a\r\nb\\n`)', 'Path("/a\\nb\\\\n")'],
  ['Path("/\\101\\x41\\u00e9\\U0001f600\\xc3\\xa9")', 'Path("/AAé😀é")'],
  ['Query(`k`)', 'Query("k")'],
  ['Query(`k`, `v`)', 'Query("k","v")'],
];

const REFUSED: readonly (readonly [rule: string, line: number, column: number, message: RegExp])[] = [
  ['', 1, 1, /empty/],
  [' \n ', 2, 2, /empty/],
  ['Host(`a`)\n&& Path(`/b`)', 2, 1, /line break/],
  ['Host(`a`) /* \n */ && Path(`/b`)', 2, 5, /line break/],
  ['Host(`a`\n)', 1, 9, /comma/],
  ['(Host(`a`)\n)', 1, 11, /line break/],
  ["Host('a')", 1, 6, /single quotes/],
  ['Host("a\\.b")', 1, 8, /unknown escape/],
  ['Host("\\d")', 1, 7, /unknown escape/],
  ['Host("\\\'")', 1, 7, /unknown escape/],
  ['Host("\\400")', 1, 7, /unknown escape/],
  ['Host("\\ud800")', 1, 7, /not a Unicode character/],
  ['Host("\\xff")', 1, 6, /UTF-8/],
  ['Host("a', 1, 6, /not closed/],
  ['Host("a\n")', 1, 6, /not closed/],
  ['Host(`a', 1, 6, /never closed/],
  ['Host(`a`) /* x', 1, 11, /never closed/],
  ['Host(`a`) & Path(`/b`)', 1, 11, /single &/],
  ['Host(`a`) | Path(`/b`)', 1, 11, /single \|/],
  ['Host(`a`) and Path(`/b`)', 1, 11, /&& or/],
  ['or(`a`)', 1, 1, /not an operator/],
  ['Host(`a`);', 1, 10, /one expression/],
  ['Host(`a` + `b`)', 1, 10, /unexpected "\+"/],
  ['Host(1)', 1, 6, /unexpected "1"/],
  ['Host(a)', 1, 6, /expected a string/],
  ['Host(Host(`a`))', 1, 6, /expected a string/],
  ['Host((`a`))', 1, 6, /expected a string/],
  ['Host(`a` `b`)', 1, 10, /comma/],
  ['(Host)(`a`)', 1, 6, /parenthesis, as in/],
  ['Host', 1, 5, /parenthesis, as in/],
  ['`a`', 1, 1, /alone/],
  ['Host(`a`) Path(`/b`)', 1, 11, /&& or/],
  ['Host(`a`) &&', 1, 13, /ends where/],
  ['!', 1, 2, /ends where/],
  ['(Host(`a`)', 1, 1, /never closed/],
  ['Host(`a`))', 1, 10, /no opening one/],
  ['Host()', 1, 1, /takes 1 argument.*not 0/],
  ['Host(`a`, `b`)', 1, 1, /combine several with \|\|/],
  ['Header(`a`)', 1, 1, /takes 2/],
  ['Query(`a`, `b`, `c`)', 1, 1, /takes 1 or 2/],
  ['Host(``)', 1, 6, /must not be empty/],
  ['Query(`a`, "")', 1, 12, /must not be empty/],
  ['hOST(`a`)', 1, 1, /did you mean Host\?/],
  ['Pathprefixx(`/a`)', 1, 1, /did you mean/],
  ['Nothing(`a`)', 1, 1, /known matchers are/],
  ['Headers(`a`, `b`)', 1, 1, /syntax v2/],
  ['HostHeader(`a`)', 1, 1, /syntax v2/],
];

/** Refused only where arguments get their meaning. */
const MEANINGLESS: readonly (readonly [string, number, RegExp])[] = [
  ['Host(`é`)', 6, /punycode/],
  ['HostRegexp(`é`)', 12, /punycode/],
  ['Path(`a`)', 6, /start with/],
  ['PathPrefix(`a/`)', 12, /start with/],
  ['PathRegexp(`^/(a`)', 15, /never closed/],
  ['PathRegexp("^/(a")', 12, /never closed/],
  ['HeaderRegexp(`a`, `(?=x)`)', 20, /lookahead/],
  ['ClientIP(`10.0.0`)', 10, /IP address/],
  ['ClientIP(`10.0.0.0/33`)', 10, /IP address/],
  ['ClientIP(`::1/129`)', 10, /IP address/],
  ['ClientIP(`10.0.0.0/08`)', 10, /IP address/],
  ['ClientIP(`fe80::1%eth0`)', 10, /IP address/],
  ['ClientIP(`a`)', 10, /IP address/],
];

describe('parseRule', () => {
  for (const [rule, expected] of ACCEPTED)
    it(`reads ${JSON.stringify(rule)}`, () => assert.equal(shape(parseRule(rule)), expected));

  for (const [rule, line, column, message] of REFUSED) {
    it(`refuses ${JSON.stringify(rule)}`, () => {
      assert.throws(
        () => parseRule(rule),
        (error) => {
          assert.ok(error instanceof RuleSyntaxError);
          assert.match(error.message, message);
          assert.deepEqual([error.line, error.column], [line, column]);
          return true;
        },
      );
    });
  }

  it('reads Go escapes as their characters', () => {
    const node = parseRule('Path("/\\a\\b\\f\\n\\r\\t\\v\\\\\\"")');
    assert.equal(node.type === 'matcher' && node.arguments[0]!.value, '/\x07\b\f\n\r\t\x0b\\"');
  });

  it('knows four spellings of every matcher and no other', () => {
    for (const name of MATCHER_NAMES) {
      const lower = name.toLowerCase();
      const protocol = findMatcher(name) === undefined ? 'tcp' : 'http';
      const list = /^(Header|HeaderRegexp)$/.test(name) ? '`a`, `b`' : '`/a`';
      for (const spelling of [name, lower, name.toUpperCase(), lower[0]!.toUpperCase() + lower.slice(1)]) {
        assert.ok(shape(parseRule(`${spelling}(${list})`, protocol)).startsWith(`${name}(`));
      }
      const mixed = lower[0]! + name.slice(1).toUpperCase();
      assert.throws(() => parseRule(`${mixed}(${list})`, protocol), RuleSyntaxError);
    }
  });

  it('knows for each protocol the matchers of its routers, and says what is meant instead of others', () => {
    const problem = (rule: string, protocol: 'http' | 'tcp' | 'udp') => {
      try {
        return shape(parseRule(rule, protocol));
      } catch (error) {
        return (error as Error).message;
      }
    };
    assert.equal(problem('HostSNI(`a`) && ALPN(`h2`)', 'tcp'), '(HostSNI("a") && ALPN("h2"))');
    assert.equal(problem('ClientIP(`::1`) || HostSNIRegexp(`a`)', 'udp'), '(ClientIP("::1") || HostSNIRegexp("a"))');
    assert.match(problem('Host(`a`)', 'tcp'), /Host is a matcher for routers of HTTP.* of TCP; here it is HostSNI\(/);
    assert.match(problem('HostSNI(`a`)', 'http'), /routers of TCP and UDP.* of HTTP; here it is Host\(/);
    assert.match(
      problem('ALPN(`h2`)', 'udp'),
      /of TCP, this one is of UDP; known matchers are ClientIP, HostSNI, HostSNIRegexp$/,
    );
    assert.match(problem('Path(`/`)', 'tcp'), /known matchers are ClientIP, HostSNI, HostSNIRegexp, ALPN$/);
    assert.match(problem('HostSN(`a`)', 'tcp'), /did you mean HostSNI\?/);
    assert.match(problem('', 'udp'), /such as ClientIP/);
  });

  it('has limits of length and nesting', () => {
    const nested = (depth: number) => `${'('.repeat(depth)}Host(\`a\`)${')'.repeat(depth)}`;
    assert.equal(shape(parseRule(nested(RULE_DEPTH_MAX))), 'Host("a")');
    assert.throws(() => parseRule(nested(RULE_DEPTH_MAX + 1)), /nested deeper/);
    assert.throws(() => parseRule(`${'!'.repeat(RULE_DEPTH_MAX + 1)}Host(\`a\`)`), /nested deeper/);
    const long = `Host(\`${'a'.repeat(RULE_BYTES_MAX - 8)}\`)`;
    assert.equal(parseRule(long).type, 'matcher');
    assert.throws(() => parseRule(`${long} `), /longer than/);
    assert.throws(() => parseRule(`Path(\`/${'é'.repeat(RULE_BYTES_MAX / 2)}\`)`), /longer than/);
  });
});

describe('compileRule', () => {
  for (const [rule, column, message] of MEANINGLESS) {
    it(`refuses ${JSON.stringify(rule)}`, () => {
      assert.throws(
        () => compileRule(rule),
        (error) => error instanceof RuleSyntaxError && message.test(error.message) && error.column === column,
      );
    });
  }

  it('counts the bytes of the rule for its priority', () => {
    assert.equal(compileRule('HostRegexp(`[a-z]+\\.t\\.com`)').byteLength, 28);
    assert.equal(compileRule('Path(`/é`)').byteLength, 11);
  });
});
