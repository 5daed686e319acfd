// What is asked of servers of UDP services. Types only.

import type { HealthTargetServer } from '../health-target.ts';
import type { CheckSchedule } from '../stream/stream-target.ts';

export interface DatagramCheck extends CheckSchedule {
  /** 0: that of the server. */
  readonly port: number;
  /** One datagram, as UTF-8; may be empty. */
  readonly send: string;
  /** What the answer must begin with; empty: any answer will do. */
  readonly expect: string;
}

export interface DatagramTarget {
  readonly kind: 'udp';
  /** Qualified name, `dns@file`. */
  readonly service: string;
  /** Undefined: the servers are always up. */
  readonly healthCheck?: DatagramCheck | undefined;
  /** Urls are `host:port` as configured. */
  readonly servers: readonly HealthTargetServer[];
}
