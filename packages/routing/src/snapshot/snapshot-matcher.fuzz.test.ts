// Random rules and requests: the snapshot matcher must choose what the interpreter chooses.

import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import {
  arbitraryConnection,
  arbitraryRequest,
  arbitraryRule,
  arbitraryTcpRule,
} from '../../test/support/arbitrary-routing.ts';
import { fuzzRounds } from '../../test/support/fuzz-duration.ts';
import { MATCH_INDICES, planOf, STREAM_INDICES, streamPlanOf } from '../../test/support/test-plan.ts';
import { requestView } from '../../test/support/test-request.ts';
import { connectionView } from '../../test/support/test-streams.ts';
import { ConnectionRequest } from '../match/connection-request.ts';
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

it('the snapshot matcher agrees with the interpreter on connections and sessions', () => {
  let matched = 0;
  let unmatched = 0;
  const agree = fc.property(
    fc.array(arbitraryTcpRule, { minLength: 1, maxLength: 12 }),
    fc.array(arbitraryConnection, { minLength: 10, maxLength: 20 }),
    fc.tuple(fc.nat(12), fc.nat(12)),
    (rules, connections, [tlsFrom, udpFrom]) => {
      const ofUdp = (rule: string, index: number) => index >= Math.max(tlsFrom, udpFrom) && !rule.includes('ALPN');
      const matchIndexOf = (rule: string, index: number) => (ofUdp(rule, index) ? 2 : index < tlsFrom ? 0 : 1);
      const routers = rules.map((rule, index) => {
        return { name: `${ofUdp(rule, index) ? 'u' : 't'}${index}`, rule, matchIndex: matchIndexOf(rule, index) };
      });
      const plan = streamPlanOf(routers.sort((a, b) => a.matchIndex - b.matchIndex));
      const interpreters = [plan.tcpRouters, plan.udpRouters].map((list) => new InterpretingMatcher(list));
      const matcher = new SnapshotMatcher(SnapshotReader.open(writeSnapshot(plan)));
      for (const connection of connections) {
        const view = connectionView(connection);
        const request = new ConnectionRequest().of(view);
        for (const index of Object.values(STREAM_INDICES)) {
          const expected = interpreters[index === STREAM_INDICES.udp ? 1 : 0]!.match(index, request);
          if (expected === -1) unmatched++;
          else matched++;
          const found = index === STREAM_INDICES.udp ? matcher.matchUdp(index, view) : matcher.matchTcp(index, view);
          assert.equal(found, expected, JSON.stringify(connection));
        }
      }
    },
  );
  fuzzRounds((seed) => fc.assert(agree, { seed, numRuns: 100 }));
  const share = matched / (matched + unmatched);
  assert.ok(share > 0.1 && share < 0.9, `${share} of the connections matched: the generators are out of balance`);
});
