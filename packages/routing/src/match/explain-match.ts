// Why a request goes to a router: every candidate of an entry point in evaluation order, with the outcome of every
// matcher of its rule. For `sluice explain`; evaluates everything, without short cuts.

import { evaluatePredicate } from './interpreter.ts';
import type { Predicate } from './predicate.ts';
import type { RequestView } from './request-view.ts';

/** A RouterPlan is one. */
export interface ExplainableRouter {
  readonly matchIndex: number;
  readonly name: string;
  readonly rule: { readonly text: string; readonly predicate: Predicate };
  readonly priority: bigint;
}

export interface ExplainedPredicate {
  /** `and`, `or`, `not`, or a matcher such as Host(`a`). */
  readonly text: string;
  readonly outcome: boolean;
  readonly children: readonly ExplainedPredicate[];
}

export interface ExplainedCandidate {
  /** Index in the list of routers. */
  readonly index: number;
  readonly name: string;
  readonly rule: string;
  readonly priority: bigint;
  readonly matches: boolean;
  /** The first that matches. */
  readonly chosen: boolean;
  readonly predicate: ExplainedPredicate;
}

/** `routers` in evaluation order, as in a snapshot plan. */
export function explainMatch(
  routers: readonly ExplainableRouter[],
  matchIndex: number,
  request: RequestView,
): ExplainedCandidate[] {
  const candidates: ExplainedCandidate[] = [];
  let decided = false;
  routers.forEach((router, index) => {
    if (router.matchIndex !== matchIndex) return;
    const predicate = explainPredicate(router.rule.predicate, request);
    const matches = predicate.outcome;
    const { name, rule, priority } = router;
    candidates.push({ index, name, rule: rule.text, priority, matches, chosen: matches && !decided, predicate });
    decided ||= matches;
  });
  return candidates;
}

function explainPredicate(predicate: Predicate, request: RequestView): ExplainedPredicate {
  const outcome = evaluatePredicate(predicate, request);
  if (predicate.type === 'test') return { text: predicate.text, outcome, children: [] };
  const nodes = predicate.type === 'not' ? [predicate.node] : predicate.nodes;
  return { text: predicate.type, outcome, children: nodes.map((node) => explainPredicate(node, request)) };
}
