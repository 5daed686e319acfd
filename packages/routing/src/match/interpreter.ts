// The plain matcher: tries the routers of a match index one after the other. It decides what is right; the snapshot
// matcher is tested against it. Not for serving requests.

import { evaluateTest } from './evaluate-test.ts';
import type { Predicate } from './predicate.ts';
import type { Matcher, RequestView } from './request-view.ts';

/** A router as the interpreter needs it (a RouterPlan is one); the list it is in gives its index. */
export interface InterpretedRouter {
  readonly matchIndex: number;
  readonly rule: { readonly predicate: Predicate };
}

export class InterpretingMatcher implements Matcher {
  private readonly routers: readonly InterpretedRouter[];

  /** In evaluation order: within one match index the first whose rule matches wins. */
  constructor(routers: readonly InterpretedRouter[]) {
    this.routers = routers;
  }

  match(matchIndex: number, request: RequestView): number {
    return this.routers.findIndex(
      (router) => router.matchIndex === matchIndex && evaluatePredicate(router.rule.predicate, request),
    );
  }
}

export function evaluatePredicate(predicate: Predicate, request: RequestView): boolean {
  switch (predicate.type) {
    case 'test':
      return evaluateTest(predicate.test, request);
    case 'not':
      return !evaluatePredicate(predicate.node, request);
    case 'and':
      return predicate.nodes.every((node) => evaluatePredicate(node, request));
    case 'or':
      return predicate.nodes.some((node) => evaluatePredicate(node, request));
  }
}
