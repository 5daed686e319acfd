// What wrk prints with our script, and what happens when it prints something else.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOf, parseWrkOutput } from './wrk-output.ts';

const OUTPUT = `Running 2s test @ http://127.0.0.1:8080/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.21ms  310.00us   9.87ms   91.00%
  Latency Distribution
     50%    1.17ms
     99%    2.31ms
  105000 requests in 2.00s, 15.20MB read
  Socket errors: connect 0, read 3, write 0, timeout 1
Requests/sec:  52500.00
Transfer/sec:      7.60MB
bench-result {"durationUs":2000123,"requests":105000,"bytes":15938355,"p50Us":1170,"p99Us":2310,"p999Us":5010,\
"maxUs":9870,"connectErrors":0,"readErrors":3,"writeErrors":0,"statusErrors":2,"timeouts":1}
`;

test('numbers of a run', () => {
  const result = parseWrkOutput(OUTPUT);
  assert.equal(result.requests, 105_000);
  assert.equal(result.p999Us, 5010);
  assert.equal(result.durationUs, 2_000_123);
  assert.equal(errorsOf(result), 6);
});

test('a run that failed shows what wrk said', () => {
  assert.throws(
    () => parseWrkOutput('unable to connect to 127.0.0.1:1 Connection refused\n'),
    /no result:[\s\S]*refused/,
  );
});

test('a damaged line is no result', () => {
  assert.throws(() => parseWrkOutput('bench-result {"durationUs":5'), /damaged/);
  assert.throws(() => parseWrkOutput('bench-result {"durationUs":5,"requests":"7"}'), /no requests, bytes/);
});
