// What h2load prints, and what happens when it prints something else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { microseconds, parseH2loadOutput } from './h2load-output.ts';

const OUTPUT = `Main benchmark duration is over for thread #0. Stopping all clients.
Stopped all clients for thread #0

finished in 2.00s, 75529.00 req/s, 4.97MB/s
requests: 151058 total, 151378 started, 151058 done, 151055 succeeded, 3 failed, 1 errored, 0 timeout
status codes: 151055 2xx, 0 3xx, 0 4xx, 2 5xx
traffic: 9.94MB (10423492) total, 6.91MB (7250784) headers (space savings 51.02%), 442.55KB (453174) data
                     min         max         mean         sd        +/- sd
time for request:       29us      1.20s      2.05ms       750us    77.15%
time for connect:     3.37ms      7.45ms      5.12ms      1.34ms    70.00%
time to 1st byte:     7.54ms      8.59ms      8.06ms       348us    60.00%
req/s           :   14953.91    15243.56    15100.70      116.07    50.00%
`;

test('numbers of a run', () => {
  assert.deepEqual(parseH2loadOutput(OUTPUT), {
    durationUs: 2_000_000,
    requests: 151_055,
    errors: 3,
    meanUs: 2_050,
    maxUs: 1_200_000,
  });
});

test('units', () => {
  assert.deepEqual(['12us', '3.5ms', '1.50s', '2m'].map(microseconds), [12, 3_500, 1_500_000, 120_000_000]);
  assert.throws(() => microseconds('12'), /"12" where a time/);
  assert.throws(() => microseconds('-'), /where a time/);
});

test('a run that failed shows what h2load said', () => {
  assert.throws(() => parseH2loadOutput('Could not connect to the host\n'), /has no [\s\S]*Could not connect/);
  assert.throws(() => parseH2loadOutput(OUTPUT.replace('time for request', 'time of request')), /time for request/);
});
