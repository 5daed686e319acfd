// The running schedule of one server: when to check next, what an outcome means, when to stop. One timer per server.
// Writes no shared memory itself: whoever made it learns of a transition and publishes it. What is asked is the prober's business.

import type { CheckQueue } from './check-queue.ts';
import { HealthJudge } from './health-judge.ts';
import type { HealthState } from './health-target.ts';
import type { CheckOutcome } from './http-check.ts';
import { DELAY_MAX_MS, type Prober } from './prober.ts';
import type { CheckSchedule } from './stream/stream-target.ts';

/** A `StallWatch`. */
export interface StallClock {
  hasStalledSince(sinceMs: number): boolean;
}

export interface ServerCheckOptions {
  readonly prober: Prober;
  readonly schedule: CheckSchedule;
  readonly state: HealthState;
  /** True: the first check is due now; false: at a random moment of the first interval. */
  readonly checkAtOnce: boolean;
  readonly queue: CheckQueue;
  readonly stalls: StallClock;
  readonly onOutcome: (outcome: CheckOutcome, changedFrom: HealthState | undefined) => void;
}

/** Where a check takes longer than its interval, the server still gets this part of the interval as a rest. */
const REST_PART = 0.1;
const INTERVAL_DEFAULT_MS = 30_000;
/** Failures in a row that are put down to ourselves: a process that always stands still must judge all the same. */
const EXCUSED_MAX = 2;

export class ServerCheck {
  private readonly options: ServerCheckOptions;
  private readonly judge: HealthJudge;
  private isStopped = false;
  private timer: NodeJS.Timeout | undefined;
  private excused = 0;
  private readonly job = (): Promise<void> => this.run();

  constructor(options: ServerCheckOptions) {
    this.options = options;
    this.judge = new HealthJudge(options.state, options.schedule);
    if (options.checkAtOnce) options.queue.add(this.job);
    else this.schedule(Math.random() * this.intervalMs());
  }

  get state(): HealthState {
    return this.judge.state;
  }

  /** Why no check can succeed, or undefined. */
  get problem(): string | undefined {
    return this.options.prober.problem;
  }

  /** Nothing is reported after this, also when a check is under way. */
  stop(): void {
    this.isStopped = true;
    this.options.prober.close();
    clearTimeout(this.timer);
    this.options.queue.remove(this.job);
  }

  private async run(): Promise<void> {
    const startedAt = performance.now();
    const outcome = await this.options.prober.run();
    if (this.isStopped) return;
    if (this.isOurFault(outcome, startedAt)) {
      this.options.queue.add(this.job);
      this.options.onOutcome(outcome, undefined);
      return;
    }
    const before = this.judge.state;
    const changed = outcome.isUndecided !== true && this.judge.record(outcome.healthy);
    const intervalMs = this.intervalMs();
    const spentMs = performance.now() - startedAt;
    // Scheduled first: whatever the observer does, checking goes on unless it stops us.
    this.schedule(Math.max(intervalMs - spentMs, intervalMs * REST_PART));
    this.options.onOutcome(outcome, changed ? before : undefined);
  }

  private isOurFault({ healthy }: CheckOutcome, startedAtMs: number): boolean {
    const isExcused = !healthy && this.excused < EXCUSED_MAX && this.options.stalls.hasStalledSince(startedAtMs);
    this.excused = isExcused ? this.excused + 1 : 0;
    return isExcused;
  }

  private schedule(delayMs: number): void {
    this.timer = setTimeout(() => this.options.queue.add(this.job), Math.min(delayMs, DELAY_MAX_MS));
  }

  /** Decoding replaces intervals that are none; here they must only never become a loop without a pause. */
  private intervalMs(): number {
    const { interval, unhealthyInterval } = this.options.schedule;
    const intervalMs = this.judge.state === 'up' ? interval : unhealthyInterval;
    return intervalMs > 0 ? intervalMs : INTERVAL_DEFAULT_MS;
  }
}
