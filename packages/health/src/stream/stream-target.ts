// What is asked of servers of TCP services, in what is called a stream check. Types only.

import type { CheckTls, SecureConnection } from '../check-tls.ts';
import type { HealthState, HealthTargetServer } from '../health-target.ts';

/** When a server is checked and what outcomes mean, whatever is asked of it. Milliseconds. */
export interface CheckSchedule {
  readonly interval: number;
  readonly unhealthyInterval: number;
  readonly timeout: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly initialState: HealthState;
}

export type StreamCheckMode = 'tcp' | 'postgres' | 'mysql' | 'redis';
/** `any`: it is not asked for. */
export type ServerRole = 'any' | 'primary' | 'replica';

export interface StreamCheck extends CheckSchedule {
  readonly mode: StreamCheckMode;
  /** 0: that of the server. */
  readonly port: number;
  /** Mode tcp: sent once connected, as UTF-8; empty: nothing. */
  readonly send: string;
  /** Mode tcp: what the first read must begin with; empty: nothing is read. */
  readonly expect: string;
  /** Other modes; empty: without credentials the server only has to show that it is there. Redis has a user by default. */
  readonly user: string;
  readonly password: string;
  /** Of PostgreSQL and MySQL; empty: `postgres`, or none. */
  readonly database: string;
  /** Needs credentials, except for a Redis without any. */
  readonly role: ServerRole;
}

export interface StreamTarget {
  readonly kind: 'tcp';
  /** Qualified name, `db@file`. */
  readonly service: string;
  /** Undefined: the servers are always up. */
  readonly healthCheck?: StreamCheck | undefined;
  /** Of the service's servers transport. Default: as Node does it */
  readonly tls?: CheckTls | undefined;
  /** Urls are `host:port` as configured. */
  readonly servers: readonly HealthTargetServer[];
}

/** Where one check goes. */
export interface CheckPlace {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** Undefined: without TLS. */
  readonly secure: SecureConnection | undefined;
}
