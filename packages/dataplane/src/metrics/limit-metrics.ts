// How often limits of one entry point or service were reached. A limit gets its row when it is reached for the first time.
// Runs when somebody is turned away, never for a request that is served.

import type { CatalogueEntry, ErrorCode } from '@sluice/errors';
import type { MetricRows } from '@sluice/observability/metrics';
import { LIMIT_LABELS, type LimitLabel } from '@sluice/shared-state';

/** By what happens to whoever is beyond the limit. */
const LIMIT_OF: { readonly [Code in ErrorCode]?: LimitLabel } = {
  DOWNSTREAM_CONNECTIONS_EXCEEDED: 'maxConnections',
  DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED: 'maxConnectionsPerClient',
  DOWNSTREAM_BODY_TOO_SLOW: 'minReceiveBytesPerSecond',
  DOWNSTREAM_READER_TOO_SLOW: 'minSendBytesPerSecond',
  BUFFERS_EXHAUSTED: 'maxBufferedBytesPerWorker',
  UPSTREAM_QUEUE_FULL: 'maxQueuedPerServer',
  UPSTREAM_QUEUE_TIMEOUT: 'queueTimeout',
  TLS_HANDSHAKES_EXCEEDED: 'tlsHandshakes',
};

export class LimitMetrics {
  private readonly rows: MetricRows;
  private readonly kind: number;
  private readonly name: number;

  /** @param name its `nameHash`. */
  constructor(rows: MetricRows, kind: number, name: number) {
    this.rows = rows;
    this.kind = kind;
    this.name = name;
  }

  /** Entries that say nothing of a limit count nowhere. */
  reached({ code }: CatalogueEntry): void {
    const limit = LIMIT_OF[code as ErrorCode];
    if (limit === undefined) return;
    const { rows, kind, name } = this;
    const labels = LIMIT_LABELS.indexOf(limit);
    rows.block.add(rows.rowFor({ kind, name, other: 0, labels, text: '' }), 1);
  }
}
