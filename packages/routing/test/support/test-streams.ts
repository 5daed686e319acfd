// Small configurations of TCP and UDP, and connections, for tests: everything that does not matter has a default.

import {
  emptyRouted,
  type RoutedConfiguration,
  type TcpConfiguration,
  type TcpLoadBalancerConfiguration,
  type TcpRouterConfiguration,
  type TcpServiceConfiguration,
  type UdpConfiguration,
} from '@sluice/config';
import { toMappedBytes } from '../../src/match/client-network.ts';
import type { ConnectionView } from '../../src/match/connection-view.ts';
import type { CompilationInput } from '../../src/plan/compilation-input.ts';
import { compilationInput } from './test-configuration.ts';

export interface TestConnection {
  readonly serverName?: string;
  readonly alpn?: readonly string[];
  readonly client?: string;
}

export function connectionView({ serverName = '', alpn = [], client = '192.0.2.1' }: TestConnection): ConnectionView {
  return {
    serverName,
    clientAddress: toMappedBytes(client),
    offersAlpn: (name) => alpn.includes(Buffer.from(name).toString()),
  };
}

export const routerTls = (more: Partial<NonNullable<TcpRouterConfiguration['tls']>> = {}) => ({
  passthrough: false,
  options: '',
  certResolver: '',
  domains: [],
  ...more,
});

export function tcpRouter(rule: string, more: Partial<TcpRouterConfiguration> = {}): TcpRouterConfiguration {
  return { entryPoints: [], rule, priority: 0n, middlewares: [], service: 's@file', ...more };
}

export function tcpService(
  addresses: readonly string[],
  more: Partial<TcpLoadBalancerConfiguration> = {},
): TcpServiceConfiguration {
  return {
    loadBalancer: {
      servers: addresses.map((address) => ({ address, tls: false, weight: 1, maxConnections: 0 })),
      strategy: 'wrr',
      serversTransport: '',
      queueTimeout: 30_000,
      maxQueued: 1_024,
      slowStart: 0,
      retry: { attempts: 2 },
      onServerDown: 'keep',
      ...more,
    },
  };
}

/** One service `s@file` of each protocol. */
export function streamsInput(
  tcp: Partial<TcpConfiguration>,
  udp: Partial<UdpConfiguration> = {},
  more: Partial<Omit<CompilationInput, 'tcp' | 'udp'>> = {},
): CompilationInput & RoutedConfiguration {
  const none = emptyRouted();
  const services = { 's@file': tcpService(['10.0.0.1:5432']) };
  const udpServices: UdpConfiguration['services'] = {
    's@file': { loadBalancer: { servers: [{ address: '10.0.0.1:53', weight: 1 }], strategy: 'wrr' } },
  };
  return {
    ...compilationInput({}, more),
    ...(more.http === undefined ? {} : { http: more.http }),
    tcp: { ...none.tcp, services, ...tcp },
    udp: { ...none.udp, services: udpServices, ...udp },
  };
}
