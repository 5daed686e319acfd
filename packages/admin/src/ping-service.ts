// `ping@internal`: whether the process serves, and from the moment it was told to stop that it does not for long. Any method,
// any path; knows nothing of configuration and servers (observability.md section 7.1).

import { STATUS_CODES } from 'node:http';
import type { InternalAnswer, InternalService } from './internal-service.ts';

const SERVING = 200;

export class PingService implements InternalService {
  private readonly terminatingStatus: number;
  private terminating = false;

  constructor(terminatingStatus: number) {
    this.terminatingStatus = terminatingStatus;
  }

  /** From now on the process is about to end. */
  terminate(): void {
    this.terminating = true;
  }

  answer(): InternalAnswer {
    const status = this.terminating ? this.terminatingStatus : SERVING;
    return { status, fields: [], body: STATUS_CODES[status] ?? '' };
  }
}
