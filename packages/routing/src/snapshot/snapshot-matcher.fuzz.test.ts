// Random rules and requests: the snapshot matcher must choose what the interpreter chooses.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { arbitraryRequest, arbitraryRule } from '../../test/support/arbitrary-routing.ts';
import { fuzzRounds } from '../../test/support/fuzz-duration.ts';
import { MATCH_INDICES, planOf } from '../../test/support/test-plan.ts';
import { requestView } from '../../test/support/test-request.ts';
import { InterpretingMatcher } from '../match/interpreter.ts';
import { SnapshotMatcher } from './snapshot-matcher.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { writeSnapshot } from './snapshot-writer.ts';

it('the snapshot matcher agrees with the interpreter', () => {
  let matched = 0;
  let unmatched = 0;
  const agree = fc.property(
    fc.array(arbitraryRule, { minLength: 1, maxLength: 12 }),
    fc.array(arbitraryRequest, { minLength: 10, maxLength: 20 }),
    fc.tuple(fc.nat(12), fc.nat(12), fc.nat(12)),
    (rules, requests, splits) => {
      const matchIndexOf = (index: number) => splits.filter((split) => split <= index).length;
      const plan = planOf(rules.map((rule, index) => ({ name: `r${index}`, rule, matchIndex: matchIndexOf(index) })));
      const interpreter = new InterpretingMatcher(plan.routers);
      const matcher = new SnapshotMatcher(SnapshotReader.open(writeSnapshot(plan)));
      for (const request of requests) {
        for (const matchIndex of MATCH_INDICES) {
          const expected = interpreter.match(matchIndex, requestView(request));
          if (expected === -1) unmatched++;
          else matched++;
          assert.equal(matcher.match(matchIndex, requestView(request)), expected, JSON.stringify(request));
        }
      }
    },
  );
  fuzzRounds((seed) => fc.assert(agree, { seed, numRuns: 100 }));
  const share = matched / (matched + unmatched);
  assert.ok(share > 0.2 && share < 0.9, `${share} of the requests matched: the generators are out of balance`);
});
