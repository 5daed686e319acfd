// The decoded TCP part of the dynamic configuration (tcp-udp.md sections 2, 7, 8 and 10), after defaults are applied.
// Names are as declared inside one provider and qualified (`name@provider`) once merged. Durations are milliseconds.

import type { MiddlewareConfiguration } from './dynamic-configuration.ts';
import type { DurationMs } from './static-configuration.ts';
import type { RouterTlsConfiguration, TransportTlsConfiguration } from './tls-configuration.ts';

/** Each object is validated, kept and refused alone, as those of HTTP. */
export interface TcpConfiguration {
  readonly routers: Readonly<Record<string, TcpRouterConfiguration>>;
  readonly services: Readonly<Record<string, TcpServiceConfiguration>>;
  readonly middlewares: Readonly<Record<string, MiddlewareConfiguration>>;
  readonly serversTransports: Readonly<Record<string, TcpServersTransportConfiguration>>;
}

export interface TcpRouterConfiguration {
  /** Empty: the default ones. */
  readonly entryPoints: readonly string[];
  readonly rule: string;
  /** 0: the byte length of the rule, or -1 when it is nothing but HostSNI(`*`). */
  readonly priority: bigint;
  readonly middlewares: readonly string[];
  readonly service: string;
  /** Present: it takes connections over TLS, and no others. */
  readonly tls?: TcpRouterTlsConfiguration;
}

export interface TcpRouterTlsConfiguration extends RouterTlsConfiguration {
  /** TLS is the server's business: bytes go through as they are. */
  readonly passthrough: boolean;
}

/** Exactly one of the three is there. */
export interface TcpServiceConfiguration {
  readonly loadBalancer?: TcpLoadBalancerConfiguration;
  readonly weighted?: WeightedConfiguration;
  /** Our extension. */
  readonly failover?: FailoverConfiguration;
}

export type TcpStrategy = 'wrr' | 'leastconn' | 'hash' | 'maglev';

export interface TcpLoadBalancerConfiguration {
  readonly servers: readonly TcpServerConfiguration[];
  /** Our extension; default `wrr`. */
  readonly strategy: TcpStrategy;
  /** Empty: the static default transport. */
  readonly serversTransport: string;
  /** Deprecated in the reference; of effect only without `serversTransport`. */
  readonly proxyProtocol?: { readonly version: ProxyProtocolVersion };
  /** Likewise. */
  readonly terminationDelay?: DurationMs;
  readonly healthCheck?: TcpHealthCheckConfiguration;
  /** Our extensions, as all that follows. How long a connection may wait for a server below its `maxConnections`; 0: no limit. */
  readonly queueTimeout: DurationMs;
  /** Connections that may wait, over all workers; 0: none waits. */
  readonly maxQueued: number;
  /** Time in which a server that has come up gets more and more; 0: all at once. */
  readonly slowStart: DurationMs;
  readonly retry: TcpRetryConfiguration;
  readonly onServerDown: OnServerDown;
}

export interface TcpServerConfiguration {
  /** `host:port`; its spelling is the identity of the server. */
  readonly address: string;
  readonly tls: boolean;
  /** Our extension; default 1. */
  readonly weight: number;
  /** Our extension; over all workers; 0: no limit. */
  readonly maxConnections: number;
}

export interface TcpRetryConfiguration {
  /** Further servers that are tried when one cannot be connected to. */
  readonly attempts: number;
  /** For all of them together; absent: `dialTimeout` of the transport. */
  readonly timeout?: DurationMs;
}

/** What becomes of connections to a server that goes down: they stay, may end by themselves (no new ones), or are cut. */
export type OnServerDown = 'keep' | 'drain' | 'reset';

export type ProxyProtocolVersion = 1 | 2;

export interface TcpHealthCheckConfiguration {
  /** Default `tcp`; the others are our extension. */
  readonly mode: 'tcp' | 'postgres' | 'mysql' | 'redis';
  /** 0: the server's own. */
  readonly port: number;
  readonly send: string;
  readonly expect: string;
  /** What a server must be to be up, where the mode tells; our extension. */
  readonly role: 'any' | 'primary' | 'replica';
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** File that holds the password; empty: none. */
  readonly passwordFile: string;
  readonly database: string;
  readonly interval: DurationMs;
  readonly unhealthyInterval: DurationMs;
  readonly timeout: DurationMs;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  readonly initialState: 'up' | 'unknown';
}

export interface WeightedConfiguration {
  readonly services: readonly WeightedChildConfiguration[];
  /** Present: a child without a healthy server is passed over. */
  readonly healthCheck?: Readonly<Record<string, never>>;
}

export interface WeightedChildConfiguration {
  readonly name: string;
  /** 0: never chosen. */
  readonly weight: number;
}

export interface FailoverConfiguration {
  readonly service: string;
  /** Takes over while `service` has no healthy server. */
  readonly fallback: string;
}

/** `tcp.serversTransports.<name>`, and the static `tcpServersTransport`. */
export interface TcpServersTransportConfiguration {
  /** 0: no limit. */
  readonly dialTimeout: DurationMs;
  /** Negative: TCP keep-alive is off. */
  readonly dialKeepAlive: DurationMs;
  /** How long the other direction may go on once one has ended; negative: for ever. */
  readonly terminationDelay: DurationMs;
  readonly proxyProtocol?: { readonly version: ProxyProtocolVersion };
  /** For servers with `tls: true`. */
  readonly tls?: TransportTlsConfiguration;
}
