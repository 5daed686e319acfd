// Cores on machines of different sizes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseCores, parseCoreList } from './cores.ts';

test('lists as the kernel writes them', () => {
  assert.deepEqual(parseCoreList('0-2,5'), [0, 1, 2, 5]);
  assert.deepEqual(parseCoreList('3'), [3]);
  assert.deepEqual(parseCoreList(''), []);
});

test('two cores: the proxy has one of its own', () => {
  const cores = chooseCores([0, 1]);
  assert.deepEqual(cores, { proxy: [0], load: [1], upstream: [1], two: [0, 1], twoAreApart: false });
});

test('four cores: nobody shares', () => {
  const cores = chooseCores([4, 5, 6, 7]);
  assert.deepEqual(cores, { proxy: [4], load: [7], upstream: [6], two: [4, 5], twoAreApart: true });
});

test('one core is not enough', () => {
  assert.throws(() => chooseCores([0]), /two processors/);
});
