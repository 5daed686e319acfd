// Medians, quantiles, comparisons and the order of rounds.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compare, quantile, rotate, spreadOf, summarise } from './statistics.ts';

test('the median of odd and even numbers of samples', () => {
  assert.deepEqual(summarise([5, 1, 3]), { median: 3, min: 1, max: 5, count: 3 });
  assert.equal(summarise([4, 1, 2, 100]).median, 3);
  assert.throws(() => summarise([]), RangeError);
});

test('quantiles are interpolated and stay within the values', () => {
  assert.equal(quantile([0, 10, 20], 0.25), 5);
  assert.equal(quantile([7], 0.99), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ noNaN: true, min: 0, max: 1 }), (list, fraction) => {
      const sorted = list.toSorted((a, b) => a - b);
      const value = quantile(sorted, fraction);
      assert.ok(value >= sorted[0]! - 1e-3 && value <= sorted.at(-1)! + 1e-3);
    }),
  );
});

test('spread is half the range in shares of the median', () => {
  assert.equal(spreadOf(summarise([90, 100, 130])), 0.2);
  assert.equal(spreadOf(summarise([0, 0])), 0);
});

test('a comparison is clear only when the ranges are apart', () => {
  assert.deepEqual(compare(summarise([10, 11]), summarise([20, 22])), { ratio: 0.5, isClear: true });
  assert.equal(compare(summarise([10, 21]), summarise([20, 22]))?.isClear, false);
  assert.equal(compare(summarise([1]), summarise([0])), undefined);
  assert.equal(compare(undefined, summarise([1])), undefined);
});

test('rotation gives everybody every place', () => {
  assert.deepEqual(rotate(['a', 'b', 'c'], 1), ['b', 'c', 'a']);
  assert.deepEqual(rotate(['a', 'b', 'c'], 3), ['a', 'b', 'c']);
  assert.deepEqual(rotate([], 5), []);
});
