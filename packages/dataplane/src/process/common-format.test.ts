import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCommonFormat } from './common-format.ts';

const TIME = '2026-01-02T03:04:05.678Z';

function line(fields: Readonly<Record<string, unknown>>): string {
  return toCommonFormat(`${JSON.stringify({ level: 30, time: TIME, ...fields })}\n`);
}

test('time, level, message, then fields', () => {
  assert.equal(line({ slot: 1, msg: 'worker ready' }), '2026-01-02T03:04:05Z INF worker ready slot=1\n');
  assert.equal(line({ level: 50, msg: 'x', reason: 'two words' }), '2026-01-02T03:04:05Z ERR x reason="two words"\n');
});

test('nothing in a record can look like another line or drive a terminal', () => {
  const text = line({ msg: 'a\nb\u001b[31m', value: 'c\nd\u001b' });
  assert.equal(text.split('\n').length, 2);
  assert.ok(!text.includes('\u001b'));
});

test('nested values are JSON', () => {
  assert.equal(
    line({ msg: '', err: { message: 'no' } })
      .trimEnd()
      .split(' ')
      .at(-1),
    `err=${JSON.stringify('{"message":"no"}')}`,
  );
});

test('what is no record stays as it is', () => {
  assert.equal(toCommonFormat('hello\n'), 'hello\n');
});
