// The kernel's table of limits.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hardLimitIn, openFilesLimit } from './descriptors.ts';

const TABLE = `Limit                     Soft Limit           Hard Limit           Units
Max processes             96383                96383                processes
Max open files            1024                 20000                files
`;

test('the hard limit', () => {
  assert.equal(hardLimitIn(TABLE), 20_000);
  assert.equal(hardLimitIn(TABLE.replace('20000', 'unlimited')), Number.POSITIVE_INFINITY);
});

test('this machine has one', () => {
  assert.ok(openFilesLimit() >= 256);
});
