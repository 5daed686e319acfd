// Random hostile responses of a server behind Sluice, read by Node's client and by curl in front of it: both must see exactly
// what Sluice has written, and never the answer to another request. A failure names its seed; FUZZ_SECONDS sets how long to
// look for one, FUZZ_SEED repeats one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCases } from '../../packages/dataplane/src/testing/case-file.ts';
import { fuzzBudgetMs } from '../../packages/dataplane/src/testing/schedule/fuzz-budget.ts';
import { RandomSource } from '../../packages/dataplane/src/testing/schedule/random-source.ts';
import { mutate } from './mutator.ts';
import { ResponseLane } from './response-lane.ts';

/** Each client of its own, with the next request after each answer. */
const TOGETHER = 8;
const REQUESTS_EACH = 6;
/** A process for each: only a few. */
const CURL_EVERY = 40;

test('Node and curl see the responses that Sluice has written, and those of no other request', async (t) => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const random = new RandomSource(seed);
  const cases = readCases('responses');
  const lane = await ResponseLane.start(t, () => mutate(random, random.pick(cases).sent));
  const until = Date.now() + fuzzBudgetMs();
  let rounds = 0;
  do {
    await Promise.all(Array.from({ length: TOGETHER }, () => lane.converse(REQUESTS_EACH, random.chance(0.2))));
    if (rounds++ % CURL_EVERY === 0) await lane.curl();
  } while (Date.now() < until);
  const differences = lane.differences;
  assert.deepEqual(differences.slice(0, 10), [], `${differences.length} differences with FUZZ_SEED=${seed}`);
  t.diagnostic(lane.summary);
  assert.ok(lane.completed > lane.asked / 20, lane.summary);
});
