// Random schedules of exchanges against the whole data path. A failure names its seed; FUZZ_SECONDS sets how long to look
// for one, FUZZ_SEED repeats one (as far as time allows).

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fuzzBudgetMs } from '../src/testing/schedule/fuzz-budget.ts';
import { runSchedule } from '../src/testing/schedule/schedule.ts';

const CONNECTIONS = 60;
const CONCURRENT = 24;

it('every exchange of a random schedule ends as planned, and nothing is left', async (t) => {
  const until = Date.now() + fuzzBudgetMs();
  const totals = { schedules: 0, exchanges: 0, completed: 0, refusals: 0, reloads: 0 };
  let seed = Number(process.env.FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));
  do {
    const { violations, ...counts } = await runSchedule(seed, CONNECTIONS, CONCURRENT);
    assert.deepEqual(violations, [], `FUZZ_SEED=${seed}`);
    totals.schedules++;
    for (const key of ['exchanges', 'completed', 'refusals', 'reloads'] as const) totals[key] += counts[key];
    seed++;
  } while (Date.now() < until);
  t.diagnostic(JSON.stringify(totals));
  // Otherwise something fails so early that nothing is tested.
  assert.ok(totals.completed > totals.exchanges / 3, JSON.stringify(totals));
});
