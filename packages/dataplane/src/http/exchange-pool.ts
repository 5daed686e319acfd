// Exchange objects, reused: an idle connection holds none, a busy one exactly one.

import type { WorkerContext } from '../worker/worker-context.ts';
import { HttpExchange } from './http-exchange.ts';

/** Kept for reuse; more are left to the garbage collector. */
const FREE_MAX = 1_024;

export class ExchangePool {
  private readonly free: HttpExchange[] = [];
  /** Exchanges now running. */
  active = 0;

  take(context: WorkerContext): HttpExchange {
    this.active++;
    return this.free.pop() ?? new HttpExchange(context);
  }

  giveBack(exchange: HttpExchange): void {
    this.active--;
    if (this.free.length < FREE_MAX) this.free.push(exchange);
  }
}
