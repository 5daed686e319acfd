// Says that a listener does not accept, and that it does again. With as many clients as there may be it stops and goes on
// with each that comes and leaves: that is said once in a while, with how often it happened.

import { Errors } from '@sluice/errors';
import type { Logger } from 'pino';

const SILENCE_MS = 10_000;

export class AcceptLog {
  private readonly log: Logger;
  private readonly entryPoint: string;
  private quietUntilMs = Number.NEGATIVE_INFINITY;
  /** Pauses since the last one that was said. */
  private unsaid = 0;
  private told = false;

  constructor(log: Logger, entryPoint: string) {
    this.log = log;
    this.entryPoint = entryPoint;
  }

  /** @param errno what the kernel said; 0: there are as many clients as there may be. */
  paused(errno: number, clientsMax: number, nowMs: number): void {
    if (nowMs < this.quietUntilMs) {
      this.unsaid++;
      return;
    }
    const { entryPoint, unsaid } = this;
    const entry = errno === 0 ? Errors.CONNECTION_LIMIT_REACHED : Errors.ACCEPTING_FAILED;
    const why = errno === 0 ? { clientsMax } : { errno };
    const earlier = unsaid === 0 ? undefined : unsaid;
    this.log[entry.logLevel]({ code: entry.code, entryPoint, ...why, earlier }, entry.meaning);
    this.quietUntilMs = nowMs + SILENCE_MS;
    this.unsaid = 0;
    this.told = true;
  }

  resumed(): void {
    if (!this.told) return;
    this.told = false;
    this.log.info({ entryPoint: this.entryPoint }, 'accepting goes on');
  }
}
