// One provider's objects under their qualified names (`name@provider`), references included (providers.md section 1). Checks no
// reference: what is named may not exist.

import type {
  HttpConfiguration,
  MiddlewareConfiguration,
  RoutedConfiguration,
  RouterConfiguration,
  ServiceConfiguration,
} from '../model/dynamic-configuration.ts';
import type { TcpConfiguration, TcpServiceConfiguration, WeightedConfiguration } from '../model/tcp-configuration.ts';
import type { TlsConfiguration } from '../model/tls-configuration.ts';
import type { UdpConfiguration } from '../model/udp-configuration.ts';
import { DEFAULT_STORE } from '../tls/certificate-schema.ts';
import { DEFAULT_TLS_OPTIONS } from '../tls/router-tls-schema.ts';
import { withQualifiedReferences } from './middleware-references.ts';

/** `name` with the provider put behind it, unless it names one already. */
export function qualifyName(provider: string, name: string): string {
  return name.includes('@') ? name : `${name}@${provider}`;
}

/** The set of TLS options that is meant; there is one `default` for all providers. */
export function qualifyTlsOptions(provider: string, name: string): string {
  return name === '' || name === DEFAULT_TLS_OPTIONS ? DEFAULT_TLS_OPTIONS : qualifyName(provider, name);
}

/** Option sets and stores under their qualified names; those called `default` have no provider. */
export function qualifyTls(provider: string, { certificates, options, stores }: TlsConfiguration): TlsConfiguration {
  const store = (name: string) => (name === DEFAULT_STORE ? name : qualifyName(provider, name));
  return {
    certificates,
    options: mapObjects(
      options,
      (name) => qualifyTlsOptions(provider, name),
      (each) => each,
    ),
    stores: mapObjects(stores, store, (each) => each),
  };
}

/** @param http objects of one provider under the names they were declared with */
export function qualifyNames(provider: string, http: HttpConfiguration): HttpConfiguration {
  const qualify = (name: string): string => qualifyName(provider, name);
  return {
    routers: mapObjects(
      http.routers,
      qualify,
      (router): RouterConfiguration => ({
        ...router,
        middlewares: router.middlewares.map(qualify),
        service: qualify(router.service),
        ...(router.tls === undefined
          ? {}
          : { tls: { ...router.tls, options: qualifyTlsOptions(provider, router.tls.options) } }),
      }),
    ),
    services: mapObjects(http.services, qualify, (service) => qualifyService(service, qualify)),
    middlewares: mapObjects(
      http.middlewares,
      qualify,
      (middleware): MiddlewareConfiguration => withQualifiedReferences(middleware, qualify),
    ),
    serversTransports: mapObjects(http.serversTransports, qualify, (transport) => transport),
  };
}

/** The same of every protocol. */
export function qualifyRouted(provider: string, { http, tcp, udp }: RoutedConfiguration): RoutedConfiguration {
  return { http: qualifyNames(provider, http), tcp: qualifyTcp(provider, tcp), udp: qualifyUdp(provider, udp) };
}

function qualifyTcp(provider: string, tcp: TcpConfiguration): TcpConfiguration {
  const qualify = (name: string): string => qualifyName(provider, name);
  return {
    routers: mapObjects(tcp.routers, qualify, (router) => ({
      ...router,
      middlewares: router.middlewares.map(qualify),
      service: qualify(router.service),
      ...(router.tls === undefined
        ? {}
        : { tls: { ...router.tls, options: qualifyTlsOptions(provider, router.tls.options) } }),
    })),
    services: mapObjects(tcp.services, qualify, (service) => qualifyTcpService(service, qualify)),
    middlewares: mapObjects(tcp.middlewares, qualify, (middleware) => middleware),
    serversTransports: mapObjects(tcp.serversTransports, qualify, (transport) => transport),
  };
}

function qualifyTcpService(
  service: TcpServiceConfiguration,
  qualify: (name: string) => string,
): TcpServiceConfiguration {
  const { loadBalancer, weighted, failover } = service;
  if (weighted !== undefined) return { weighted: qualifyWeighted(weighted, qualify) };
  if (failover !== undefined) {
    return { failover: { service: qualify(failover.service), fallback: qualify(failover.fallback) } };
  }
  if (loadBalancer === undefined || loadBalancer.serversTransport === '') return service;
  return { loadBalancer: { ...loadBalancer, serversTransport: qualify(loadBalancer.serversTransport) } };
}

function qualifyUdp(provider: string, { routers, services }: UdpConfiguration): UdpConfiguration {
  const qualify = (name: string): string => qualifyName(provider, name);
  return {
    routers: mapObjects(routers, qualify, (router) => ({ ...router, service: qualify(router.service) })),
    services: mapObjects(services, qualify, (service) =>
      service.weighted === undefined ? service : { weighted: qualifyWeighted(service.weighted, qualify) },
    ),
  };
}

function qualifyWeighted(weighted: WeightedConfiguration, qualify: (name: string) => string): WeightedConfiguration {
  return { ...weighted, services: weighted.services.map(({ name, weight }) => ({ name: qualify(name), weight })) };
}

function qualifyService(service: ServiceConfiguration, qualify: (name: string) => string): ServiceConfiguration {
  const { loadBalancer } = service;
  if (loadBalancer.serversTransport === '') return service;
  return { ...service, loadBalancer: { ...loadBalancer, serversTransport: qualify(loadBalancer.serversTransport) } };
}

function mapObjects<Value>(
  objects: Readonly<Record<string, Value>>,
  rename: (name: string) => string,
  change: (value: Value) => Value,
): Record<string, Value> {
  const result: Record<string, Value> = {};
  for (const [name, value] of Object.entries(objects)) result[rename(name)] = change(value);
  return result;
}
