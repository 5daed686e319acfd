// One list of cases for both matchers: the interpreter, which decides what is right, and the one over snapshots.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import cases from '../../test/cases/matching.json' with { type: 'json' };
import { planOf } from '../../test/support/test-plan.ts';
import { requestView, type TestRequest } from '../../test/support/test-request.ts';
import { SnapshotMatcher } from '../snapshot/snapshot-matcher.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { writeSnapshot } from '../snapshot/snapshot-writer.ts';
import { explainMatch } from './explain-match.ts';
import { InterpretingMatcher } from './interpreter.ts';
import type { Matcher } from './request-view.ts';

interface MatchingCase {
  readonly title: string;
  readonly rules: readonly string[];
  /** `expect`: index of the rule. */
  readonly requests: readonly (TestRequest & { readonly expect: number })[];
}

const matchers: readonly (readonly [string, (rules: readonly string[]) => Matcher])[] = [
  ['interpreter', (rules) => new InterpretingMatcher(plan(rules).routers)],
  ['snapshot', (rules) => new SnapshotMatcher(SnapshotReader.open(writeSnapshot(plan(rules))))],
];

function plan(rules: readonly string[]) {
  return planOf(rules.map((rule, index) => ({ name: `r${index}@file`, rule })));
}

for (const [name, build] of matchers) {
  describe(`matching cases, ${name}`, () => {
    for (const { title, rules, requests } of cases as unknown as readonly MatchingCase[]) {
      it(title, () => {
        const matcher = build(rules);
        for (const request of requests) {
          assert.equal(matcher.match(0, requestView(request)), request.expect, JSON.stringify(request));
        }
      });
    }
  });
}

describe('routers of several entry points, with TLS and without', () => {
  const routers = planOf([
    { name: 'a@file', rule: 'Host(`a`)', matchIndex: 0 },
    { name: 'b@file', rule: 'Host(`a`)', matchIndex: 1 },
    { name: 'c@file', rule: 'PathPrefix(`/`)', matchIndex: 1 },
    { name: 'd@file', rule: 'Host(`a`)', matchIndex: 3 },
    { name: 'e@file', rule: 'PathPrefix(`/`)', matchIndex: 3 },
  ]);
  for (const [name, matcher] of [
    ['interpreter', new InterpretingMatcher(routers.routers)],
    ['snapshot', new SnapshotMatcher(SnapshotReader.open(writeSnapshot(routers)))],
  ] as const) {
    it(`are kept apart by the ${name} matcher`, () => {
      assert.equal(matcher.match(0, requestView({ host: 'a' })), 0);
      assert.equal(matcher.match(1, requestView({ host: 'a' })), 1);
      assert.equal(matcher.match(0, requestView({ host: 'b' })), -1);
      assert.equal(matcher.match(1, requestView({ host: 'b' })), 2);
      assert.equal(matcher.match(2, requestView({ host: 'a' })), -1);
      assert.equal(matcher.match(3, requestView({ host: 'a' })), 3);
      assert.equal(matcher.match(3, requestView({ host: 'b' })), 4);
      for (const none of [4, -1]) assert.equal(matcher.match(none, requestView({ host: 'a' })), -1);
    });
  }
});

describe('explainMatch', () => {
  it('lists every candidate in order with the outcome of every matcher', () => {
    const { routers } = plan(['Host(`a`) && !Path(`/x`)', 'PathPrefix(`/`)', 'Host(`a`)']);
    const candidates = explainMatch(routers, 0, requestView({ host: 'a', path: '/x' }));
    assert.deepEqual(
      candidates.map(({ name, matches, chosen }) => [name, matches, chosen]),
      [
        ['r0@file', false, false],
        ['r1@file', true, true],
        ['r2@file', true, false],
      ],
    );
    assert.deepEqual(candidates[0]!.predicate, {
      text: 'and',
      outcome: false,
      children: [
        { text: 'Host(`a`)', outcome: true, children: [] },
        { text: 'not', outcome: false, children: [{ text: 'Path(`/x`)', outcome: true, children: [] }] },
      ],
    });
  });
});
