import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HealthJudge } from './health-judge.ts';

function states(judge: HealthJudge, outcomes: string): string {
  return [...outcomes]
    .map((outcome) => (judge.record(outcome === '+') ? judge.state[0]!.toUpperCase() : judge.state[0]))
    .join('');
}

test('with thresholds of one every contrary outcome is a transition', () => {
  const judge = new HealthJudge('up', { healthyThreshold: 1, unhealthyThreshold: 1 });
  assert.equal(states(judge, '+-+--++'), 'uDUDdUu');
});

test('thresholds count outcomes in a row; flapping below them changes nothing', () => {
  const judge = new HealthJudge('up', { healthyThreshold: 2, unhealthyThreshold: 3 });
  assert.equal(states(judge, '--+--+---'), 'uuuuuuuuD');
  assert.equal(states(judge, '+-+-++'), 'dddddU');
});

test('from unknown the first outcome decides', () => {
  const thresholds = { healthyThreshold: 5, unhealthyThreshold: 5 };
  assert.equal(states(new HealthJudge('unknown', thresholds), '+'), 'U');
  assert.equal(states(new HealthJudge('unknown', thresholds), '-+'), 'Dd');
});
