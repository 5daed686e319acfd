// Hostile rule texts: parsing and compiling end soon and throw nothing but RuleSyntaxError.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { arbitraryRule } from '../../test/support/arbitrary-routing.ts';
import { fuzzRounds } from '../../test/support/fuzz-duration.ts';
import { compileRule } from '../plan/compiled-rule.ts';
import { parseRule, RULE_BYTES_MAX } from './parse-rule.ts';
import { RuleSyntaxError } from './rule-syntax-error.ts';

const ONE_RULE_MS_MAX = 20_000;

const FRAGMENTS = [
  ...[
    'Host',
    'HostSNI',
    'ALPN',
    'HostRegexp',
    'PathRegexp',
    'Query',
    'ClientIP',
    'Header',
    '(',
    ')',
    ',',
    '&&',
    '||',
    '!',
    ' ',
    '\n',
    '\r',
  ],
  ...[
    '`',
    '"',
    "'",
    '\\',
    '/*',
    '*/',
    '//',
    '`a`',
    '`/a`',
    '"\\x',
    '\\u12',
    '[',
    ']',
    '{',
    '}',
    '{2,1000}',
    '(?',
    '(?i)',
  ],
  ...[
    '\\p{L}',
    '*',
    '+',
    '?',
    '^',
    '$',
    '|',
    '.',
    '\0',
    '\ud800',
    '😀',
    'é',
    '[[:alpha:]]',
    '\\Q',
    '10.0.0.0/8',
    ';',
    '#',
  ],
];

function survives(text: string): void {
  const start = performance.now();
  for (const protocol of ['http', 'tcp', 'udp'] as const) {
    try {
      compileRule(text, protocol);
    } catch (error) {
      assert.ok(error instanceof RuleSyntaxError, (error as Error).stack);
      assert.ok(error.offset >= 0 && error.offset <= text.length && error.line >= 1 && error.column >= 1);
      assert.ok(error.message.length > 10);
    }
  }
  assert.ok(performance.now() - start < ONE_RULE_MS_MAX, `takes too long: ${text.slice(0, 200)}`);
}

describe('hostile rules', () => {
  it('of fragments, characters and damaged valid rules', () => {
    const fragments = fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 30 }).map((parts) => parts.join(''));
    const regexps = fragments.map((text) => `PathRegexp(\`${text.replaceAll('`', '')}\`)`);
    const damaged = fc.tuple(arbitraryRule, fc.nat(), fc.constantFrom(...FRAGMENTS)).map(([rule, at, part]) => {
      const place = at % (rule.length + 1);
      return rule.slice(0, place) + part + rule.slice(place + (at % 3));
    });
    const texts = fc.oneof(fragments, regexps, damaged, fc.string({ unit: 'binary' }));
    fuzzRounds((seed) => fc.assert(fc.property(texts, survives), { seed, numRuns: 300 }));
  });

  it('of the greatest length', () => {
    const fill = (part: string) => part.repeat(Math.floor(RULE_BYTES_MAX / Buffer.byteLength(part)));
    for (const part of [
      '(',
      '!',
      '((',
      'Host(`a`)||',
      '!(',
      '/*',
      '`',
      '"',
      'a',
      'Host(',
      ' ',
      '\n',
      '//',
      'Host(`a`)&&',
    ]) {
      survives(fill(part));
      survives(`${fill(part).slice(0, -20)}Host(\`a\`)`);
    }
    for (const part of [
      '(',
      '[',
      'a*',
      '(a',
      'a|',
      '\\pL',
      '(?i)é',
      '[^a]',
      '(a{9}){9}',
      'a{1000}',
      '{',
      '(?P<a',
      '.*',
      '\\Q',
    ]) {
      survives(`PathRegexp(\`${fill(part).slice(0, RULE_BYTES_MAX - 20)}\`)`);
    }
    assert.throws(() => parseRule(' '.repeat(RULE_BYTES_MAX + 1)), RuleSyntaxError);
  });

  it('conjunctions of disjunctions do not multiply without bound', () => {
    const disjunction = (kind: string) => `(${Array.from({ length: 500 }, (_, i) => `${kind}(\`/${i}\`)`).join('||')})`;
    const { keys } = compileRule([disjunction('Path'), disjunction('PathPrefix'), disjunction('Host')].join('&&'));
    assert.ok(keys.length > 0 && keys.length <= 8192, `${keys.length} keys`);
  });
});
