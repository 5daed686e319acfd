// The running schedule of one server: when to check next, what an outcome means, when to stop. One timer per server.
// Writes no shared memory itself: whoever made it learns of a transition and publishes it.

import type { HealthCheckConfiguration } from '@sluice/config';
import type { CheckQueue } from './check-queue.ts';
import { type CheckProblem, type CheckRequest, planCheckRequest } from './check-request.ts';
import { secureConnectionOf } from './check-tls.ts';
import { GrpcCheck } from './grpc-check.ts';
import { type GrpcTarget, planGrpcTarget } from './grpc-target.ts';
import { HealthJudge } from './health-judge.ts';
import type { HealthState, HealthTarget } from './health-target.ts';
import { type CheckLimits, type CheckOutcome, runHttpCheck, UNUSABLE_TRANSPORT } from './http-check.ts';

export interface ServerCheckOptions {
  readonly url: string;
  readonly check: HealthCheckConfiguration;
  readonly forwardingTimeouts: HealthTarget['forwardingTimeouts'];
  readonly tls: HealthTarget['tls'];
  readonly state: HealthState;
  /** True: the first check is due now; false: at a random moment of the first interval. */
  readonly checkAtOnce: boolean;
  readonly queue: CheckQueue;
  readonly onOutcome: (outcome: CheckOutcome, changedFrom: HealthState | undefined) => void;
}

/** Where a check takes longer than its interval, the server still gets this part of the interval as a rest. */
const REST_PART = 0.1;
const INTERVAL_DEFAULT_MS = 30_000;
const TIMEOUT_DEFAULT_MS = 5_000;
/** setTimeout's own limit is 2^31-1. */
const DELAY_MAX_MS = 2 ** 31 - 1;

export class ServerCheck {
  private readonly options: ServerCheckOptions;
  private readonly request: CheckRequest | GrpcTarget | CheckProblem;
  private readonly limits: CheckLimits;
  private readonly judge: HealthJudge;
  private readonly stopped = new AbortController();
  /** Undefined: another kind of check, or none can be made. */
  private readonly grpc: GrpcCheck | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly job = (): Promise<void> => this.run();

  constructor(options: ServerCheckOptions) {
    const { check, forwardingTimeouts } = options;
    this.options = options;
    const plan = check.mode === 'grpc' ? planGrpcTarget : planCheckRequest;
    this.request = plan(options.url, check);
    this.judge = new HealthJudge(options.state, check);
    this.limits = {
      timeoutMs: Math.min(positive(check.timeout, TIMEOUT_DEFAULT_MS), DELAY_MAX_MS),
      dialTimeoutMs: forwardingTimeouts.dialTimeout,
      responseHeadTimeoutMs: forwardingTimeouts.responseHeaderTimeout,
    };
    this.grpc = 'authority' in this.request ? this.grpcCheckOf(this.request) : undefined;
    if (options.checkAtOnce) options.queue.add(this.job);
    else this.schedule(Math.random() * this.intervalMs());
  }

  get state(): HealthState {
    return this.judge.state;
  }

  /** Why no check can succeed, or undefined. */
  get problem(): string | undefined {
    return 'problem' in this.request ? this.request.problem : undefined;
  }

  /** Nothing is reported after this, also when a check is under way. */
  stop(): void {
    this.stopped.abort();
    this.grpc?.close();
    clearTimeout(this.timer);
    this.options.queue.remove(this.job);
  }

  private async run(): Promise<void> {
    const startedAt = performance.now();
    const outcome = await this.check();
    if (this.stopped.signal.aborted) return;
    const before = this.judge.state;
    const changed = this.judge.record(outcome.healthy);
    const intervalMs = this.intervalMs();
    const spentMs = performance.now() - startedAt;
    // Scheduled first: whatever the observer does, checking goes on unless it stops us.
    this.schedule(Math.max(intervalMs - spentMs, intervalMs * REST_PART));
    this.options.onOutcome(outcome, changed ? before : undefined);
  }

  private async check(): Promise<CheckOutcome> {
    if ('problem' in this.request) return { healthy: false, reason: this.request.problem };
    const { signal } = this.stopped;
    const { check, tls } = this.options;
    if (!('authority' in this.request)) return runHttpCheck(this.request, check, this.limits, signal, tls);
    return this.grpc?.run() ?? { healthy: false, reason: UNUSABLE_TRANSPORT };
  }

  private grpcCheckOf(target: GrpcTarget): GrpcCheck | undefined {
    const { tls } = this.options;
    const { timeoutMs } = this.limits;
    if (tls === undefined || !target.secure) return new GrpcCheck(target, timeoutMs);
    if (tls.transport === undefined) return undefined;
    return new GrpcCheck(target, timeoutMs, secureConnectionOf(tls.transport, tls.systemAuthorities));
  }

  private schedule(delayMs: number): void {
    this.timer = setTimeout(() => this.options.queue.add(this.job), Math.min(delayMs, DELAY_MAX_MS));
  }

  private intervalMs(): number {
    const { interval, unhealthyInterval } = this.options.check;
    return positive(this.judge.state === 'up' ? interval : unhealthyInterval, INTERVAL_DEFAULT_MS);
  }
}

/** Decoding replaces such values and says so; here they must only never become a loop without a pause. */
function positive(value: number, otherwise: number): number {
  return value > 0 ? value : otherwise;
}
