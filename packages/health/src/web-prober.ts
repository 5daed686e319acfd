// Checks of one server of an HTTP service, over HTTP or gRPC.

import type { HealthCheckConfiguration } from '@sluice/config';
import { type CheckProblem, type CheckRequest, planCheckRequest } from './check-request.ts';
import { secureConnectionOf } from './check-tls.ts';
import { GrpcCheck } from './grpc-check.ts';
import { type GrpcTarget, planGrpcTarget } from './grpc-target.ts';
import type { HealthTarget } from './health-target.ts';
import { type CheckLimits, type CheckOutcome, runHttpCheck, UNUSABLE_TRANSPORT } from './http-check.ts';
import { checkTimeoutMs, type Prober } from './prober.ts';

export class WebProber implements Prober {
  private readonly check: HealthCheckConfiguration;
  private readonly tls: HealthTarget['tls'];
  private readonly request: CheckRequest | GrpcTarget | CheckProblem;
  private readonly limits: CheckLimits;
  private readonly stopped = new AbortController();
  /** Undefined: another kind of check, or none can be made. */
  private readonly grpc: GrpcCheck | undefined;

  constructor(
    url: string,
    check: HealthCheckConfiguration,
    { forwardingTimeouts, tls }: Pick<HealthTarget, 'forwardingTimeouts' | 'tls'>,
  ) {
    this.check = check;
    this.tls = tls;
    const plan = check.mode === 'grpc' ? planGrpcTarget : planCheckRequest;
    this.request = plan(url, check);
    this.limits = {
      timeoutMs: checkTimeoutMs(check.timeout),
      dialTimeoutMs: forwardingTimeouts.dialTimeout,
      responseHeadTimeoutMs: forwardingTimeouts.responseHeaderTimeout,
    };
    this.grpc = 'authority' in this.request ? this.grpcCheckOf(this.request) : undefined;
  }

  get problem(): string | undefined {
    return 'problem' in this.request ? this.request.problem : undefined;
  }

  async run(): Promise<CheckOutcome> {
    if ('problem' in this.request) return { healthy: false, reason: this.request.problem };
    const { check, tls, limits, stopped } = this;
    if (!('authority' in this.request)) return runHttpCheck(this.request, check, limits, stopped.signal, tls);
    return this.grpc?.run() ?? { healthy: false, reason: UNUSABLE_TRANSPORT };
  }

  close(): void {
    this.stopped.abort();
    this.grpc?.close();
  }

  private grpcCheckOf(target: GrpcTarget): GrpcCheck | undefined {
    const { tls } = this;
    const { timeoutMs } = this.limits;
    if (tls === undefined || !target.secure) return new GrpcCheck(target, timeoutMs);
    if (tls.transport === undefined) return undefined;
    return new GrpcCheck(target, timeoutMs, secureConnectionOf(tls.transport, tls.systemAuthorities));
  }
}
