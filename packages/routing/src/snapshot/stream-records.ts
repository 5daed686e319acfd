// What of TCP and UDP can be read back from a snapshot: plain records decoded once per object and revision, never per connection.
// Types only. Durations are milliseconds. What a service says together with its transport is settled in the service record.

import type {
  OnServerDown,
  ProxyProtocolVersion,
  TcpStrategy,
  UdpLoadBalancerConfiguration,
  WeightedChildConfiguration,
} from '@sluice/config';

/**
 * `closed`: its TLS options cannot be used, so what it matches is closed without a handshake.
 * `passthrough`: bytes of TLS go to the server as they are.
 */
export type TcpRouterTls = 'none' | 'terminate' | 'passthrough' | 'closed';

export interface TcpRouterRecord {
  readonly index: number;
  /** Qualified. */
  readonly name: string;
  readonly rule: string;
  readonly priority: bigint;
  readonly tls: TcpRouterTls;
  /** Name of the TLS options when it is `terminate`; empty otherwise. */
  readonly tlsOptions: string;
  /** Its rule is exactly HostSNI(`*`): with TLS it comes after HTTPS routers without a host. */
  readonly isCatchAll: boolean;
  /** Indices of TCP middlewares, outermost first. */
  readonly middlewares: readonly number[];
  /** Index of a TCP service. */
  readonly service: number;
}

/** `ipAllowList` {sourceRange} or `inFlightConn` {amount}. */
export interface TcpMiddlewareRecord {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  /** Canonical JSON of the validated options. */
  readonly optionsJson: string;
}

interface StreamServiceRecord {
  readonly index: number;
  /** Qualified. */
  readonly name: string;
  /**
   * Equal hashes in two revisions mean an unchanged service: a worker carries its picker over. Of a weighted or failover service
   * only the names and weights of its children count, not what these are.
   */
  readonly hash: string;
}

export interface TcpServersServiceRecord extends StreamServiceRecord {
  readonly kind: 'servers';
  readonly strategy: TcpStrategy;
  readonly servers: readonly TcpServerRecord[];
  /** Index of a TCP transport. */
  readonly transport: number;
  /** Settled from service and transport; 0: no PROXY header. */
  readonly proxyProtocolVersion: 0 | ProxyProtocolVersion;
  /** Settled likewise; negative: for ever. */
  readonly terminationDelayMs: number;
  /** 0: no limit. */
  readonly queueTimeoutMs: number;
  readonly maxQueued: number;
  readonly slowStartMs: number;
  /** Further servers to try when a connect fails, within `retryTimeoutMs` altogether (0: no limit). */
  readonly retryAttempts: number;
  readonly retryTimeoutMs: number;
  readonly onServerDown: OnServerDown;
  /** Its health checks say so: servers with TLS are asked for it first, whatever the client has begun with. */
  readonly isPostgres: boolean;
}

export interface TcpServerRecord {
  /** As configured. */
  readonly address: string;
  /** IP literal without brackets, or a name to resolve. */
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly weight: number;
  /** Over all workers; 0: no limit. */
  readonly maxConnections: number;
  readonly statusRow: number;
}

/** Children are indices of services of the same protocol; circles have been refused. */
export interface WeightedServiceRecord extends StreamServiceRecord {
  readonly kind: 'weighted';
  readonly children: readonly WeightedChildRecord[];
  /** A child without a healthy server is passed over. */
  readonly skipsUnhealthy: boolean;
}

export interface WeightedChildRecord extends WeightedChildConfiguration {
  readonly service: number;
}

export interface FailoverServiceRecord extends StreamServiceRecord {
  readonly kind: 'failover';
  readonly service: number;
  readonly fallback: number;
}

export type TcpServiceRecord = TcpServersServiceRecord | WeightedServiceRecord | FailoverServiceRecord;

export interface TcpTransportRecord {
  readonly index: number;
  readonly name: string;
  readonly hash: string;
  /** 0: no limit. */
  readonly dialTimeoutMs: number;
  /** Negative: TCP keep-alive is off. */
  readonly keepAliveMs: number;
  /** Key in `TlsMaterial.transports`; not there: servers with TLS must not be connected to. */
  readonly tlsKey: string;
}

export interface UdpRouterRecord {
  readonly index: number;
  readonly name: string;
  /** Empty: every session. */
  readonly rule: string;
  readonly priority: bigint;
  /** Index of a UDP service. */
  readonly service: number;
}

export interface UdpServersServiceRecord extends StreamServiceRecord {
  readonly kind: 'servers';
  readonly strategy: UdpLoadBalancerConfiguration['strategy'];
  readonly servers: readonly UdpServerRecord[];
}

export type UdpServerRecord = Omit<TcpServerRecord, 'tls' | 'maxConnections'>;

export type UdpServiceRecord = UdpServersServiceRecord | WeightedServiceRecord;

/** What connections to an entry point are matched on; -1: there is no such router. */
export interface TcpTables {
  /** Match index of connections without TLS. */
  readonly plainIndex: number;
  /** Of those over TLS, terminated here or not. */
  readonly tlsIndex: number;
  /** A router of TCP or HTTP takes TLS: what is no catch-all of plain TCP has to be looked at. */
  readonly hasTlsRoutes: boolean;
  /** There are routers of plain TCP, and none for TLS: match before a byte has arrived, so that servers can speak first. */
  readonly matchesAtOnce: boolean;
  /** There is a router of HTTPS for any host: it comes before a TCP router that is a catch-all. */
  readonly hasHttpsCatchAll: boolean;
}

/** The part of a snapshot reader that streams need. */
export interface StreamTables {
  readonly tcpRouterCount: number;
  readonly udpRouterCount: number;
  tcpTables(entryPoint: number): TcpTables;
  /** Match index of the sessions of an entry point; -1: there is no router. */
  udpIndex(entryPoint: number): number;
  tcpRouter(index: number): TcpRouterRecord;
  /** As in its record; allocates nothing. */
  isTcpCatchAll(index: number): boolean;
  tcpMiddleware(index: number): TcpMiddlewareRecord;
  tcpService(index: number): TcpServiceRecord;
  tcpTransport(index: number): TcpTransportRecord;
  udpRouter(index: number): UdpRouterRecord;
  udpService(index: number): UdpServiceRecord;
}
