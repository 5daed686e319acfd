// The decoded UDP part of the dynamic configuration (tcp-udp.md section 12), after defaults are applied. Names are as declared
// inside one provider and qualified (`name@provider`) once merged. Durations are milliseconds.

import type { DurationMs } from './static-configuration.ts';
import type { WeightedConfiguration } from './tcp-configuration.ts';

/** Each object is validated, kept and refused alone, as those of HTTP. */
export interface UdpConfiguration {
  readonly routers: Readonly<Record<string, UdpRouterConfiguration>>;
  readonly services: Readonly<Record<string, UdpServiceConfiguration>>;
}

export interface UdpRouterConfiguration {
  /** Empty: all of UDP. */
  readonly entryPoints: readonly string[];
  /** Our extension; empty: every flow. */
  readonly rule: string;
  /** Our extension, as of TCP routers; 0 without a rule means -1. */
  readonly priority: bigint;
  readonly service: string;
}

/** Exactly one of the two is there. */
export interface UdpServiceConfiguration {
  readonly loadBalancer?: UdpLoadBalancerConfiguration;
  readonly weighted?: WeightedConfiguration;
}

export interface UdpLoadBalancerConfiguration {
  readonly servers: readonly UdpServerConfiguration[];
  /** Our extension; default `wrr`. */
  readonly strategy: 'wrr' | 'hash';
  /** Our extension. */
  readonly healthCheck?: UdpHealthCheckConfiguration;
}

export interface UdpServerConfiguration {
  /** `host:port`; its spelling is the identity of the server. */
  readonly address: string;
  /** Our extension; default 1. */
  readonly weight: number;
}

export interface UdpHealthCheckConfiguration {
  /** What is checked with: a connection, or a datagram that has to be answered. */
  readonly mode: 'tcp' | 'udp';
  /** 0: the server's own. */
  readonly port: number;
  readonly send: string;
  /** Start of the answer; empty: any, and with `tcp` none. */
  readonly expect: string;
  readonly interval: DurationMs;
  readonly unhealthyInterval: DurationMs;
  readonly timeout: DurationMs;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly initialState: 'up' | 'unknown';
}
