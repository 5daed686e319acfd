// What the parts of one worker share: transport, tables, pools and the revision in force. A bag of references;
// behaviour belongs to the parts.

import type { StreamTransport } from '@sluice/native';
import type { AccessLog } from '@sluice/observability/access-log';
import type { ServerStatus } from '@sluice/shared-state';
import type { Logger } from 'pino';
import type { Detection } from '../detect/detection.ts';
import type { OpenHttp2 } from '../detect/open-http2.ts';
import type { ExchangePool } from '../http/exchange-pool.ts';
import type { HeadWriter } from '../http/head-writer.ts';
import type { ClientBalance } from '../listen/client-balance.ts';
import type { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { TcpPlane } from '../tcp/tcp-plane.ts';
import type { TlsTermination } from '../tls/tls-termination.ts';
import type { IdleSeats } from '../upstream/idle-seats.ts';
import type { NameResolver } from '../upstream/name-resolver.ts';
import type { UpstreamPools } from '../upstream/upstream-pools.ts';
import type { UpstreamTls } from '../upstream/upstream-tls.ts';
import type { BufferedBytes } from './buffered-bytes.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { Revision } from './revision.ts';
import type { ServiceRegistry } from './service-registry.ts';

export interface WorkerContext {
  readonly slot: number;
  readonly transport: StreamTransport;
  readonly connections: ConnectionTable;
  readonly status: ServerStatus;
  /** Undefined when nothing is counted. */
  readonly metrics: WorkerMetrics | undefined;
  /** Undefined when there is none. */
  readonly accessLog: AccessLog | undefined;
  readonly log: Logger;
  /** Undefined when there is no other worker. */
  readonly balance: ClientBalance | undefined;
  /** For X-Forwarded-Server. */
  readonly serverName: string;
  readonly exchanges: ExchangePool;
  readonly headWriter: HeadWriter;
  readonly buffered: BufferedBytes;
  readonly pools: UpstreamPools;
  readonly detection: Detection;
  /** For TLS of clients. */
  readonly tls: TlsTermination;
  /** Puts a connection of HTTP/2 into the place of another one. */
  readonly openHttp2: OpenHttp2;
  readonly idleSeats: IdleSeats;
  /** For TLS to servers. */
  readonly upstreamTls: UpstreamTls;
  readonly services: ServiceRegistry;
  readonly tcp: TcpPlane;
  readonly resolver: NameResolver;
  /** New exchanges start on it. */
  revision: Revision;
  /** The worker is leaving: answers say `Connection: close`. */
  draining: boolean;
}
