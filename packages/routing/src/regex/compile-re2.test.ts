import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { compileRe2, translateRe2 } from './compile-re2.ts';
import { Re2SyntaxError } from './re2-syntax-error.ts';

/** Pattern, texts that match, texts that do not. */
const CASES: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['abc', ['abc', 'xabcx'], ['ABC', 'ab']],
  ['^a$', ['a'], ['a\n', '\na', 'ba']],
  ['(?m)^a', ['a', 'x\na', 'a\nx'], ['x\ra', 'ba']],
  ['(?m)^a\\z', ['a', 'x\na'], ['a\nx', 'a\u2028']],
  ['(?m:^)a', ['x\na'], ['xa']],
  ['^.$', ['a', '\r', '\u2028', '\u2029', 'é', '😀', '\udc80'], ['\n', '', 'ab']],
  ['(?s)^.$', ['\n', '😀'], ['ab']],
  ['(?s:.)(?-s:.)', ['\na'], ['a\n']],
  ['^\\s+$', [' \t\n\f\r'], ['\v', '\u00a0', '\ufeff', 'a']],
  ['^\\S$', ['\v', '\u00a0', '😀'], [' ']],
  ['^\\w+$', ['aZ_9'], ['é', 'ſ', '-']],
  ['(?i)^\\w$', ['ſ', '\u212a'], ['é']],
  ['^\\W$', ['é', '😀'], ['a', '_']],
  ['^\\d\\D$', ['1a', '1٣'], ['٣1', '11']],
  ['\\bé', ['aé'], ['éé', 'é']],
  ['a\\B', ['ab'], ['a', 'a-']],
  ['\\Aa\\z', ['a'], ['a\n', 'ba']],
  ['^\\Qa.b\\E$', ['a.b'], ['axb']],
  ['^\\Qab\\E*$', ['a', 'abbb'], ['abab']],
  ['^\\Q[(', ['[('], ['x']],
  ['^[[:alpha:]]+$', ['aZ'], ['1', 'é']],
  ['^[[:^alpha:]x]$', ['1', 'é', 'x'], ['a']],
  ['^[^[:space:]]$', ['a', '\u00a0'], ['\v', ' ']],
  ['^[[:word:]-]$', ['-', '_'], ['.']],
  ['^\\pN$', ['1', '²', '٣', '𝟘'], ['a']],
  ['^\\p{Greek}\\P{Greek}$', ['αa'], ['aα', 'αα']],
  ['^\\p{^Lu}$', ['a', '1'], ['A']],
  ['^[\\pL\\d]$', ['é', '7', '𝒜'], ['-']],
  ['^\\p{Any}$', ['a', '\n', '😀'], ['']],
  ['^\\x41\\x{1F600}\\101$', ['A😀A'], ['A']],
  ['^\\a\\f\\t\\n\\r\\v$', ['\x07\f\t\n\r\v'], ['x']],
  ['^\\.\\*\\-\\/\\_\\"$', ['.*-/_"'], ['x']],
  ['^[]a]$', [']', 'a'], ['b']],
  ['^[^]a]$', ['b', '\n', '😀'], [']', 'a']],
  ['^[a-]$', ['a', '-'], ['b']],
  ['^[a\\-z]$', ['-', 'z'], ['b']],
  ['^[\\w.]$', ['.', 'a'], ['-']],
  ['^[à-ü]$', ['é'], ['e']],
  ['^[😀-😂]$', ['😁'], ['😃', '\ud83d']],
  ['^[^😀]$', ['😁', 'a'], ['😀']],
  ['[^😀]x', ['😁x'], ['😀x']],
  ['^😀+$', ['😀😀'], ['😀\ude00']],
  ['^.{2}$', ['😀😀', 'ab'], ['😀']],
  ['\\x{FFFD}', ['\ufffd', '\udcff'], ['a', '😀', '\u{1f480}']],
  ['(?i)^straße$', ['STRAßE', 'ſtraẞe'], ['strasse']],
  ['(?i)^σ$', ['Σ', 'ς', 'σ'], ['s']],
  ['(?i)^[k-m]$', ['K', '\u212a', 'L'], ['j']],
  ['(?i)^[^k]$', ['a'], ['k', 'K', '\u212a']],
  ['(?i)a(?-i)b', ['Ab'], ['AB']],
  ['(?i:a)b', ['Ab'], ['AB']],
  ['(a(?i)b)c', ['aBc'], ['aBC']],
  ['(?i)a|b', ['B'], ['c']],
  ['^a{,2}$', ['a{,2}'], ['aa']],
  ['^a{$', ['a{'], ['a']],
  ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
  ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
  ['^a{0}$', [''], ['a']],
  ['^(?:ab){18,20}$', ['ab'.repeat(18), 'ab'.repeat(20)], ['ab'.repeat(17), 'ab'.repeat(21)]],
  ['^a{20,}$', ['a'.repeat(20), 'a'.repeat(50)], ['a'.repeat(19)]],
  ['^[a-z]{1,63}\\.com$', [`${'a'.repeat(63)}.com`], [`${'a'.repeat(64)}.com`, '.com']],
  ['^((a{4}){4}){4}$', ['a'.repeat(64)], ['a'.repeat(63), 'a'.repeat(65)]],
  ['^(?:a{10}){100}$', ['a'.repeat(1000)], ['a'.repeat(999)]],
  ['^\\pL{1,20}$', ['é'.repeat(20)], ['é'.repeat(21)]],
  ['', ['', 'a'], []],
  ['()|a', [''], []],
  ['^*a', ['a', 'ba'], ['b']],
  ['(|a)+b', ['aab'], ['a']],
  ['(?P<x>a)(?<y>b)', ['ab'], ['a']],
  ['a$|b', ['a', 'bc'], ['ac']],
  ['[a&&b]', ['&'], ['c']],
  ['^[\\[\\]]$', ['[', ']'], ['a']],
  ['x*?', [''], []],
];

const REFUSED: readonly (readonly [string, number, RegExp])[] = [
  ['a(?=b)', 1, /lookahead/],
  ['a(?!b)', 1, /lookahead/],
  ['(?<=a)b', 0, /lookbehind/],
  ['(?<!a)b', 0, /lookbehind/],
  ['(?>a)', 0, /atomic/],
  ['(?#a)', 0, /comments/],
  ['(a)\\1', 3, /backreference/],
  ['(a)\\9', 3, /backreference/],
  ['(?P<n>a)(?P=n)', 8, /backreference/],
  ['\\k<n>', 0, /backreference/],
  ['a++', 2, /possessive/],
  ['a*+', 2, /possessive/],
  ['a**', 2, /row/],
  ['a{2}{3}', 4, /row/],
  ['a*{2}', 2, /row/],
  ['*a', 0, /nothing to repeat/],
  ['a|*', 2, /nothing to repeat/],
  ['(+)', 1, /nothing to repeat/],
  ['a{1001}', 1, /1000/],
  ['a{2,1}', 1, /ascend/],
  ['(a{50}){50}', 7, /more than 1000/],
  ['[b-a]', 1, /backwards/],
  ['[a', 0, /closing bracket/],
  ['[]', 0, /closing bracket/],
  ['[[:foo:]]', 1, /unknown class/],
  ['[a-\\d]', 3, /unknown escape/],
  ['[\\b]', 1, /unknown escape/],
  ['(a', 0, /never closed/],
  ['a)', 1, /no opening/],
  ['(?z)', 0, /unknown group/],
  ['(?i', 0, /unknown group/],
  ['(?-)', 0, /unknown group/],
  ['(?P<a', 0, /group name/],
  ['(?P<a-b>x)', 0, /group name/],
  ['(?P<a>x)(?P<a>y)', 8, /twice/],
  ['\\C', 0, /\\C/],
  ['\\Z', 0, /\\Z/],
  ['(?m)a$', 5, /linear time/],
  ['\\pL{1,300}', 0, /linear time/],
  ['\\E', 0, /unknown escape/],
  ['\\h', 0, /unknown escape/],
  ['\\é', 0, /unknown escape/],
  ['a\\', 1, /backslash/],
  ['\\x4', 0, /hexadecimal/],
  ['\\x{110000}', 0, /hexadecimal/],
  ['\\x{', 0, /hexadecimal/],
  ['\\p{Foo}', 0, /unknown Unicode class/],
  ['\\p{Greek', 0, /closing brace/],
  ['\\pX', 0, /unknown Unicode class/],
  ['\ud800', 0, /surrogate/],
  [`${'('.repeat(1001)}${')'.repeat(1001)}`, 1000, /nested/],
];

describe('compileRe2', () => {
  for (const [pattern, matching, failing] of CASES) {
    it(`matches like RE2: ${JSON.stringify(pattern)}`, () => {
      for (const captures of [true, false]) {
        const expression = compileRe2(pattern, { captures });
        for (const text of matching) assert.ok(expression.test(text), `${JSON.stringify(text)} should match`);
        for (const text of failing) assert.ok(!expression.test(text), `${JSON.stringify(text)} should not match`);
      }
    });
  }

  for (const [pattern, offset, message] of REFUSED) {
    it(`refuses ${JSON.stringify(pattern.slice(0, 30))}`, () => {
      assert.throws(
        () => compileRe2(pattern),
        (error) => error instanceof Re2SyntaxError && message.test(error.message) && error.offset === offset,
      );
    });
  }

  it('prefers the leftmost alternative, and fewer characters with (?U)', () => {
    assert.equal(compileRe2('a|ab').exec('ab')![0], 'a');
    assert.equal(compileRe2('(?U)a+').exec('aaa')![0], 'a');
    assert.equal(compileRe2('(?U)a+?').exec('aaa')![0], 'aaa');
    assert.equal(compileRe2('a{1,20}?').exec('aaa')![0], 'a');
    assert.equal(compileRe2('a{1,20}').exec('aaa')![0], 'aaa');
    assert.equal(compileRe2('(?:a|ab){17,18}c').exec(`${'ab'.repeat(17)}c`)![0].length, 35);
  });

  it('numbers and names groups as RE2 does, also when they are spelled as copies', () => {
    const match = compileRe2('(?P<1st>x)((\\w)\\.){2,20}(y)').exec('xa.b.c.y')!;
    assert.deepEqual([...match], ['xa.b.c.y', 'x', 'c.', 'c', 'y']);
    assert.equal(match.groups!['1st'], 'x');
    assert.equal(match.index, 0);
  });
});

describe('linear time', () => {
  it('is possible for every pattern that is accepted', () => {
    const sources = CASES.map(([pattern]) => translateRe2(pattern));
    const script = `for (const source of JSON.parse(require('fs').readFileSync(0, 'utf8'))) new RegExp(source, 'l');`;
    const { status, stderr } = spawnSync(process.execPath, ['--enable-experimental-regexp-engine', '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
      input: JSON.stringify(sources),
    });
    assert.equal(status, 0, stderr.slice(0, 2000));
  });

  it('bounds patterns that explode when backtracking, in processes started as workers are', () => {
    const explosive: readonly (readonly [string, string])[] = [
      ['(a+)+$', `${'a'.repeat(5000)}!`],
      ['^(a|aa)+$', `${'a'.repeat(5000)}!`],
      ['(?i)^(é|É)+$', `${'é'.repeat(5000)}!`],
      ['^(?:a?){30}a{30}$', `${'a'.repeat(29)}`],
      ['^(.*a){12}$', `${'a'.repeat(500)}!`],
      ['^([a-z]{1,20}\\.?)+$', `${'a'.repeat(2000)}!`],
      ['^(\\pL+\\s?)*$', `${'é'.repeat(300)}!`],
    ];
    const pairs = explosive.map(([pattern, text]) => [compileRe2(pattern, { captures: false }).source, text]);
    const script = `for (const [source, text] of ${JSON.stringify(pairs)}) {
      const expression = new RegExp(source);
      for (let i = 0; i < 3; i++) if (expression.test(text)) throw new Error(source);
    }`;
    const flag = '--enable-experimental-regexp-engine-on-excessive-backtracks';
    const { status, error, stderr } = spawnSync(process.execPath, [flag, '-e', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(error, undefined, 'takes too long');
    assert.equal(status, 0, stderr.slice(0, 2000));
  });
});
