import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain } from '../registry.ts';
import { problemsOf } from '../testing/index.ts';

test('names are a list, or one string with commas', () => {
  assert.deepEqual(chain.schema.parse({ middlewares: ['a', ' b@file '] }), { middlewares: ['a', 'b@file'] });
  assert.deepEqual(chain.schema.parse({ middlewares: 'a, b' }), { middlewares: ['a', 'b'] });
  assert.deepEqual(chain.schema.parse({}), { middlewares: [] });
  assert.notEqual(problemsOf(chain, { middlewares: 7 }), '');
});

test('a chain is never made: the compiler has put its members in its place', () => {
  assert.throws(() => chain.create({ middlewares: ['a'] }, 'all@file'), /"all@file" should have been replaced/);
});
