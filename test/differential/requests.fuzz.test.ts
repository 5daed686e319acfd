// Random hostile requests through Sluice to Node's server, nginx and HAProxy: each must see exactly the requests that Sluice
// has forwarded. A failure names its seed; FUZZ_SECONDS sets how long to look for one, FUZZ_SEED repeats one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCases } from '../../packages/dataplane/src/testing/case-file.ts';
import { fuzzBudgetMs } from '../../packages/dataplane/src/testing/schedule/fuzz-budget.ts';
import { RandomSource } from '../../packages/dataplane/src/testing/schedule/random-source.ts';
import { mutate } from './mutator.ts';
import { RequestLane } from './request-lane.ts';
import { startParsers } from './request-parsers.ts';

const TOGETHER = 12;
/** Rounds between two comparisons. */
const BATCH = 40;

test('three other parsers see the requests that Sluice has forwarded, and no others', async (t) => {
  const seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  const random = new RandomSource(seed);
  const cases = readCases('requests');
  const lanes = await Promise.all((await startParsers(t)).map((parser) => RequestLane.start(t, parser)));
  const until = Date.now() + fuzzBudgetMs();
  do {
    for (let i = 0; i < BATCH && (i === 0 || Date.now() < until); i++) {
      const texts = Array.from({ length: TOGETHER }, () => mutate(random, random.pick(cases).sent));
      await Promise.all(texts.flatMap((text) => lanes.map((lane) => lane.send(text))));
    }
    const differences = (await Promise.all(lanes.map((lane) => lane.differences()))).flat();
    assert.deepEqual(differences.slice(0, 10), [], `${differences.length} differences with FUZZ_SEED=${seed}`);
    for (const lane of lanes) lane.forget();
  } while (Date.now() < until);
  t.diagnostic(`${lanes[0]!.sent} streams; compared ${lanes.map(({ compared }) => compared)} requests`);
  // Otherwise nearly everything is refused, and nothing is compared.
  for (const lane of lanes) assert.ok(lane.compared > lane.sent / 10, `${lane.compared} of ${lane.sent}`);
});
