// Checks of one server of a TCP service.

import type { CheckProblem } from '../check-request.ts';
import { secureConnectionOf } from '../check-tls.ts';
import type { HealthTargetServer } from '../health-target.ts';
import { type CheckOutcome, UNUSABLE_TRANSPORT } from '../http-check.ts';
import { checkTimeoutMs, type Prober } from '../prober.ts';
import { planServerAddress } from '../server-address.ts';
import { runStreamCheck } from './run-stream-check.ts';
import type { CheckPlace, StreamCheck, StreamTarget } from './stream-target.ts';

export class StreamProber implements Prober {
  private readonly check: StreamCheck;
  private readonly place: CheckPlace | CheckProblem;
  private readonly stopped = new AbortController();

  constructor(server: HealthTargetServer, check: StreamCheck, tls: StreamTarget['tls']) {
    this.check = check;
    this.place = placeOf(server, check, tls);
  }

  get problem(): string | undefined {
    return 'problem' in this.place ? this.place.problem : undefined;
  }

  async run(): Promise<CheckOutcome> {
    if ('problem' in this.place) return { healthy: false, reason: this.place.problem };
    return runStreamCheck(this.place, this.check, checkTimeoutMs(this.check.timeout), this.stopped.signal);
  }

  close(): void {
    this.stopped.abort();
  }
}

function placeOf(server: HealthTargetServer, check: StreamCheck, tls: StreamTarget['tls']): CheckPlace | CheckProblem {
  const address = planServerAddress(server.url, check.port);
  if ('problem' in address) return address;
  const { mode, role, user } = check;
  if ((mode === 'postgres' || mode === 'mysql') && role !== 'any' && user === '') {
    return { problem: `the role of a server of ${mode} can only be asked for with a user` };
  }
  if (server.tls !== true) return { ...address, secure: undefined };
  if (tls === undefined) return { ...address, secure: {} };
  if (tls.transport === undefined) return { problem: UNUSABLE_TRANSPORT };
  return { ...address, secure: secureConnectionOf(tls.transport, tls.systemAuthorities) };
}
