// Sums over a family of processes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRollup, readMemory } from './memory.ts';

const ROLLUP = `55d0c8a00000-7ffd0c5f9000 ---p 00000000 00:00 0                          [rollup]
Rss:               52340 kB
Pss:               48001 kB
Pss_Dirty:          9000 kB
Shared_Clean:       4400 kB
`;

test('resident and proportional memory', () => {
  assert.deepEqual(parseRollup(ROLLUP), { rssBytes: 52340 * 1024, pssBytes: 48001 * 1024 });
});

test('this process takes some', () => {
  const { rssBytes, pssBytes } = readMemory(process.pid);
  assert.ok(rssBytes > 10e6 && pssBytes > 1e6 && pssBytes <= rssBytes);
});
