// What the supervisor asks to be checked: one service with its check settings and servers. Types only.

import type { HealthCheckConfiguration, ServersTransportConfiguration } from '@sluice/config';
import type { CheckTls } from './check-tls.ts';

/** Of an HTTP service. Those of TCP and UDP services are `StreamTarget` and `DatagramTarget`. */
export interface HealthTarget {
  readonly kind?: 'http';
  /** Qualified name, `web@file`. */
  readonly service: string;
  /** Undefined: the servers are always up. */
  readonly healthCheck?: HealthCheckConfiguration | undefined;
  /** Of the service's servers transport; 0 means none. */
  readonly forwardingTimeouts: ServersTransportConfiguration['forwardingTimeouts'];
  /** Of the service's servers transport, for checks over TLS. Default: as Node does it. */
  readonly tls?: CheckTls | undefined;
  readonly servers: readonly HealthTargetServer[];
}

export interface HealthTargetServer {
  /** As configured; `host:port` of TCP and UDP services. */
  readonly url: string;
  /** Of TCP services: spoken to over TLS. HTTP services have it in their URLs. Default false. */
  readonly tls?: boolean;
  /** Row in the server status table: the identity of the server through reloads. */
  readonly statusRow: number;
}

export type HealthState = 'up' | 'down' | 'unknown';

/** One transition; the shared status says `to` already. */
export interface HealthChange {
  readonly service: string;
  readonly url: string;
  readonly from: HealthState;
  readonly to: HealthState;
  /** For the log: `status 503`, `connect ECONNREFUSED 10.0.0.1:80`, `no answer within 5000 ms`, … */
  readonly reason: string;
  /** It is well, and in another role than the check asks for: to be expected where roles are found out. */
  readonly hasOtherRole: boolean;
}

/** The part of a pino logger that is used. */
export interface HealthLog {
  debug(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
