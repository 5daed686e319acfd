// Which requests get a line (`filters`): all without any filter, otherwise those that at least one filter wants.

import type { AccessLogConfiguration } from '@sluice/config';
import type { AccessRecord } from './access-record.ts';

const STATUSES = 1_000;

export class LineFilter {
  private readonly takesAll: boolean;
  private readonly statuses: Uint8Array | undefined;
  private readonly retried: boolean;
  /** Milliseconds; 0: not set. */
  private readonly minDurationMs: number;

  constructor({ statusCodes, retryAttempts, minDuration }: AccessLogConfiguration['filters']) {
    this.statuses = statusCodes.length === 0 ? undefined : statusTable(statusCodes);
    this.retried = retryAttempts;
    this.minDurationMs = minDuration;
    this.takesAll = this.statuses === undefined && !retryAttempts && minDuration === 0;
  }

  takes(record: AccessRecord): boolean {
    if (this.takesAll) return true;
    if (this.statuses?.[record.status] === 1) return true;
    if (this.retried && record.retries > 0) return true;
    return this.minDurationMs > 0 && record.durationMs > this.minDurationMs;
  }
}

function statusTable(ranges: readonly string[]): Uint8Array {
  const table = new Uint8Array(STATUSES);
  // Validated with the configuration: `200` or `300-302`.
  for (const text of ranges) {
    const [first, last = first] = text.trim().split('-');
    table.fill(1, Number(first), Number(last) + 1);
  }
  return table;
}
