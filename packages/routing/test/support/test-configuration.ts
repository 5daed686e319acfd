// Small configurations for compilation tests: everything that does not matter has a default.

import {
  decodeStaticText,
  type EntryPointConfiguration,
  type HttpConfiguration,
  type RouterConfiguration,
  type ServersTransportConfiguration,
  type ServiceConfiguration,
} from '@sluice/config';
import { type CompilationInput, serverKey } from '../../src/plan/compilation-input.ts';

export function entryPoint(
  http: Partial<EntryPointConfiguration['http']> = {},
  asDefault = false,
): EntryPointConfiguration {
  return {
    address: ':80',
    reusePort: false,
    asDefault,
    transport: {
      lifeCycle: { requestAcceptGraceTimeout: 0, graceTimeOut: 10_000 },
      respondingTimeouts: { readTimeout: 60_000, readHeaderTimeout: 0, writeTimeout: 0, idleTimeout: 180_000 },
      keepAliveMaxTime: 0,
      keepAliveMaxRequests: 0,
      limits: {
        maxConnections: 0,
        maxConnectionsPerClient: 0,
        minReceiveBytesPerSecond: 0,
        minSendBytesPerSecond: 240,
        slowClientGrace: 60_000,
      },
    },
    forwardedHeaders: {
      insecure: false,
      trustedIPs: [],
      connection: [],
      notAppendXForwardedFor: false,
      addXForwardedSchemeHeaders: false,
    },
    observability: { accessLogs: true, metrics: true },
    udp: { timeout: 3_000, maxAmplification: 0 },
    relay: 'auto',
    http2: decodeStaticText('entryPoints: { web: { address: ":0" } }', 'yaml', '').configuration.entryPoints.web.http2,
    http: {
      middlewares: [],
      encodeQuerySemicolons: false,
      sanitizePath: true,
      maxHeaderBytes: 1_048_576,
      maxHeaderFields: 512,
      maxTargetBytes: 65_536,
      underscoreHeadersStrategy: 'keep',
      ...http,
    },
  };
}

export function router(rule: string, more: Partial<RouterConfiguration> = {}): RouterConfiguration {
  return { entryPoints: [], rule, priority: 0n, middlewares: [], service: 's@file', ...more };
}

export function service(
  urls: readonly string[],
  more: Partial<ServiceConfiguration['loadBalancer']> = {},
): ServiceConfiguration {
  const servers = urls.map((url) => ({ url, weight: 1, preservePath: false }));
  return { loadBalancer: { servers, strategy: 'wrr', passHostHeader: true, serversTransport: '', ...more } };
}

export const transport: ServersTransportConfiguration = {
  maxIdleConnsPerHost: 200,
  maxConnsPerServer: 0,
  maxQueuedPerServer: 1_024,
  forwardingTimeouts: { dialTimeout: 30_000, queueTimeout: 30_000, responseHeaderTimeout: 0, idleConnTimeout: 90_000 },
};

/** One service `s@file`; rows are given out in order of asking. */
export function compilationInput(
  http: Partial<HttpConfiguration>,
  more: Partial<Omit<CompilationInput, 'http'>> = {},
): CompilationInput {
  return {
    revision: 1,
    entryPoints: { web: entryPoint() },
    providerPrecedence: ['docker', 'file'],
    defaultServersTransport: transport,
    statusRow: (key) => rowsOf(http).get(key) ?? 0,
    ...more,
    http: {
      routers: {},
      services: { 's@file': service(['http://10.0.0.1:8080']) },
      middlewares: {},
      serversTransports: {},
      ...http,
    },
  };
}

/** Rows of every server, in the order of services. */
export function rowsOf({ services = {} }: Partial<HttpConfiguration>): Map<string, number> {
  const rows = new Map<string, number>();
  for (const [name, { loadBalancer }] of Object.entries(services)) {
    for (const { url } of loadBalancer.servers) rows.set(serverKey(name, url), rows.size);
  }
  return rows;
}
