// The middlewares of one exchange: request hooks in order, with waiting in between, response hooks in reverse, body
// transforms. Trusts no middleware: a verdict that fits nothing is a fault and never lets a request pass.

import { type BodyTransform, type Middleware, Verdict } from '@sluice/middlewares/behaviours';
import { composeTransforms } from './compose-transforms.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';

const NONE: readonly Middleware[] = [];

export class MiddlewareChain {
  /** A middleware holds the exchange object and may call back later: it must not serve another exchange. */
  lent = false;
  private readonly exchange: HttpExchange;
  private next = 0;
  private resumed = false;

  constructor(exchange: HttpExchange) {
    this.exchange = exchange;
  }

  reset(): void {
    this.lent = false;
    this.next = 0;
  }

  /** How many middlewares are outside the one whose request hook ran last. */
  get outer(): number {
    return this.next - 1;
  }

  /** The middleware that is running may have called `resume` before it says SUSPENDED. */
  noteResume(): void {
    this.resumed = true;
  }

  /**
   * Runs the request hooks that have not run yet. True when all have passed; false when one has answered or asked for time.
   * @throws what a hook throws, and TypeError for a verdict that is none.
   */
  runRequestHooks(): boolean {
    const { exchange, middlewares } = this;
    while (this.next < middlewares.length) {
      const middleware = middlewares[this.next++];
      if (middleware.onRequest === undefined) continue;
      this.resumed = false;
      const verdict = middleware.onRequest(exchange);
      // Answered in any way: the verdict says nothing new, and this object may serve the next exchange already.
      if (exchange.phase !== Phase.ROUTING) return false;
      if (verdict === Verdict.SUSPENDED) {
        this.lent = true;
        if (this.resumed) continue;
        exchange.suspend(Phase.SUSPENDED);
        return false;
      }
      if (verdict !== Verdict.NEXT) throw new TypeError('onRequest neither answered nor returned NEXT or SUSPENDED');
    }
    return true;
  }

  /** `count`: how many middlewares, from the outermost, see the response. @throws what a hook throws. */
  runResponseHooks(count: number): void {
    const { exchange, middlewares } = this;
    for (let i = Math.min(count, middlewares.length) - 1; i >= 0; i--) middlewares[i].onResponse?.(exchange);
  }

  requestTransform(): BodyTransform | undefined {
    const { exchange, middlewares } = this;
    if (exchange.route?.transformsRequest !== true) return undefined;
    return composeTransforms(middlewares.map((middleware) => middleware.requestBody?.(exchange)));
  }

  /** Innermost first: it is the nearest to the server. */
  responseTransform(): BodyTransform | undefined {
    const { exchange, middlewares } = this;
    if (exchange.route?.transformsResponse !== true) return undefined;
    return composeTransforms(middlewares.map((middleware) => middleware.responseBody?.(exchange)).reverse());
  }

  private get middlewares(): readonly Middleware[] {
    return this.exchange.route?.middlewares ?? NONE;
  }
}
