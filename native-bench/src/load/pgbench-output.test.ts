// What pgbench prints, and what happens when it prints something else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePgbenchOutput } from './pgbench-output.ts';

const OUTPUT = `pgbench (15.18 (Debian 15.18-0+deb12u1))
transaction type: <builtin: select only>
scaling factor: 1
query mode: prepared
number of clients: 16
number of threads: 1
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 41234
number of failed transactions: 2 (0.005%)
latency average = 0.775 ms
initial connection time = 21.190 ms
tps = 20645.152333 (without initial connection time)
`;

test('numbers of a run', () => {
  assert.deepEqual(parsePgbenchOutput(OUTPUT), {
    transactions: 41_234,
    failed: 2,
    transactionsPerSecond: 20_645.152333,
    meanUs: 775,
  });
});

test('a run that failed shows what pgbench said', () => {
  assert.throws(() => parsePgbenchOutput('connection refused\n'), /has no [\s\S]*connection refused/);
});
