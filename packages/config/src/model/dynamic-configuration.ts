// The decoded dynamic configuration: routers, services, middlewares and transports, after defaults are applied.
// Names are as declared (unqualified) inside one provider and qualified (`name@provider`) once merged.

import type { DurationMs, ServersTransportConfiguration } from './static-configuration.ts';
import type { TcpConfiguration } from './tcp-configuration.ts';
import type { RouterTlsConfiguration, TlsConfiguration } from './tls-configuration.ts';
import type { UdpConfiguration } from './udp-configuration.ts';

/** The four kinds of HTTP object; each is validated, kept and refused alone. */
export interface HttpConfiguration {
  readonly routers: Readonly<Record<string, RouterConfiguration>>;
  readonly services: Readonly<Record<string, ServiceConfiguration>>;
  readonly middlewares: Readonly<Record<string, MiddlewareConfiguration>>;
  readonly serversTransports: Readonly<Record<string, ServersTransportConfiguration>>;
}

/** Everything with routers and services. */
export interface RoutedConfiguration {
  readonly http: HttpConfiguration;
  readonly tcp: TcpConfiguration;
  readonly udp: UdpConfiguration;
}

export interface DynamicConfiguration extends RoutedConfiguration {
  readonly tls: TlsConfiguration;
}

export interface RouterConfiguration {
  readonly entryPoints: readonly string[];
  readonly rule: string;
  /** 0: the byte length of the rule. Signed 64-bit; carried as bigint because 2^63-1 does not fit a number. */
  readonly priority: bigint;
  readonly middlewares: readonly string[];
  readonly service: string;
  /** Present: it takes requests over TLS, and no others. */
  readonly tls?: RouterTlsConfiguration;
  /** What is absent is as the entry point says. */
  readonly observability?: { readonly accessLogs?: boolean; readonly metrics?: boolean };
}

export interface ServiceConfiguration {
  readonly loadBalancer: LoadBalancerConfiguration;
}

export interface LoadBalancerConfiguration {
  readonly servers: readonly ServerConfiguration[];
  /** `leastconn` is our extension. */
  readonly strategy: 'wrr' | 'p2c' | 'leastconn';
  readonly healthCheck?: HealthCheckConfiguration;
  readonly passHostHeader: boolean;
  /** Empty: the static default transport. */
  readonly serversTransport: string;
}

export interface ServerConfiguration {
  /** `http://host[:port][/path]`, or with the scheme `https` or `h2c`; its spelling is the identity of the server. */
  readonly url: string;
  readonly weight: number;
  readonly preservePath: boolean;
}

export interface HealthCheckConfiguration {
  readonly path: string;
  readonly mode: 'http' | 'grpc';
  readonly scheme: string;
  /** 0: the server's own. */
  readonly port: number;
  readonly hostname: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0: 200–399 is healthy. */
  readonly status: number;
  readonly followRedirects: boolean;
  readonly interval: DurationMs;
  readonly unhealthyInterval: DurationMs;
  readonly timeout: DurationMs;
  /** Successes in a row before a server that is down counts as up. Our extension; default 1. */
  readonly healthyThreshold: number;
  /** Failures in a row before a server that is up counts as down. Our extension; default 1. */
  readonly unhealthyThreshold: number;
  /** `unknown`: not picked until its first check has passed. Our extension; default `up`. */
  readonly initialState: 'up' | 'unknown';
}

/** One middleware: its type key and that type's own validated options. */
export interface MiddlewareConfiguration {
  /** `addPrefix`, `headers`, …: a key of the middleware registry. */
  readonly type: string;
  /** As decoded by that type's schema; plain JSON data. */
  readonly options: Readonly<Record<string, unknown>>;
}
