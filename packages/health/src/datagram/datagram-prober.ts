// Checks of one server of a UDP service.

import type { CheckProblem } from '../check-request.ts';
import type { CheckOutcome } from '../http-check.ts';
import { checkTimeoutMs, type Prober } from '../prober.ts';
import { planServerAddress, type ServerAddress } from '../server-address.ts';
import type { DatagramCheck } from './datagram-target.ts';
import { runDatagramCheck } from './run-datagram-check.ts';

export class DatagramProber implements Prober {
  private readonly check: DatagramCheck;
  private readonly address: ServerAddress | CheckProblem;
  private readonly stopped = new AbortController();

  constructor(address: string, check: DatagramCheck) {
    this.check = check;
    this.address = planServerAddress(address, check.port);
  }

  get problem(): string | undefined {
    return 'problem' in this.address ? this.address.problem : undefined;
  }

  async run(): Promise<CheckOutcome> {
    if ('problem' in this.address) return { healthy: false, reason: this.address.problem };
    return runDatagramCheck(this.address, this.check, checkTimeoutMs(this.check.timeout), this.stopped.signal);
  }

  close(): void {
    this.stopped.abort();
  }
}
