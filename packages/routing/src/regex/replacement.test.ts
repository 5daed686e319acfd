// biome-ignore-all lint/suspicious/noTemplateCurlyInString: replacement templates look like template strings
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileRe2 } from './compile-re2.ts';
import { expandReplacement, parseReplacement, replaceAllRe2 } from './replacement.ts';

/** Pattern, input, template, result. */
const CASES: readonly (readonly [string, string, string, string])[] = [
  ['^/old/(.*)$', '/old/a/b', '/new/$1', '/new/a/b'],
  ['^http://(\\[[\\w:.]+\\]|[\\w\\._-]+)(:\\d+)?/(.*)', 'http://a.com:80/x', 'https://${1}/$3', 'https://a.com/x'],
  ['(a)(b)?', 'a', '[$1|$2|$3|$0]', '[a|||a]'],
  ['(a)', 'a', '$1x', ''],
  ['(a)', 'a', '${1}x', 'ax'],
  ['(a)', 'a', '$$1 $$$1', '$1 $a'],
  ['(?P<name>a)', 'a', '$name ${name} $names ${other}', 'a a  '],
  ['(?P<1x>a)', 'a', '$1x', 'a'],
  ['(a)', 'a', '$01', ''],
  ['(a)', 'a', '$', '$'],
  ['(a)', 'a', '${', '${'],
  ['(a)', 'a', '${}', '${}'],
  ['(a)', 'a', '${1', '${1'],
  ['(a)', 'a', '${a-b}$-$é', '${a-b}$-'],
  ['a', 'aXaXa', 'b', 'bXbXb'],
  ['a*', 'baaac', '-', '-b-c-'],
  ['', 'ab', '-', '-a-b-'],
  ['', '😀', '-', '-😀-'],
  ['x', 'ab', '-', 'ab'],
  ['^a', 'aaa', 'b', 'baa'],
  ['(\\w\\.){17,20}', 'a.'.repeat(20), '$1', 'a.'],
];

describe('replacement templates', () => {
  for (const [pattern, input, template, expected] of CASES) {
    it(`${JSON.stringify(input)} with ${pattern} and ${template}`, () => {
      assert.equal(replaceAllRe2(compileRe2(pattern), input, template), expected);
    });
  }

  it('can be used for one match and parsed once', () => {
    const segments = parseReplacement('a$1$$b${name}');
    assert.deepEqual(segments, ['a', { group: 1 }, '$b', { group: 'name' }]);
    const match = compileRe2('(x)(?P<name>y)').exec('xy')!;
    assert.equal(expandReplacement(segments, match), 'ax$by');
  });

  it('replaces again from the start, whatever was replaced before', () => {
    const expression = compileRe2('a');
    for (let i = 0; i < 3; i++) assert.equal(replaceAllRe2(expression, 'aba', 'c'), 'cbc');
  });
});
