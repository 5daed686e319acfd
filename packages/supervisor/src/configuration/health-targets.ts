// What has to be checked for health, from a merged configuration. Pure.

import {
  DEFAULT_TRANSPORT,
  type HttpConfiguration,
  type ServersTransportConfiguration,
  type ServiceConfiguration,
} from '@sluice/config';
import type { HealthTarget } from '@sluice/health';
import { serverKey } from '@sluice/routing';

/** @param rows of every server by `serverKey`. */
export function healthTargetsOf(
  http: HttpConfiguration,
  defaultTransport: ServersTransportConfiguration,
  rows: ReadonlyMap<string, number>,
): HealthTarget[] {
  return Object.entries(http.services).map(([service, { loadBalancer }]) => {
    const { servers, healthCheck } = loadBalancer;
    const transport = transportOf(loadBalancer, http, defaultTransport);
    return {
      service,
      healthCheck,
      forwardingTimeouts: transport.forwardingTimeouts,
      servers: servers.map(({ url }) => ({ url, statusRow: rows.get(serverKey(service, url))! })),
    };
  });
}

function transportOf(
  { serversTransport: name }: ServiceConfiguration['loadBalancer'],
  { serversTransports }: HttpConfiguration,
  defaultTransport: ServersTransportConfiguration,
): ServersTransportConfiguration {
  if (name === '' || name === DEFAULT_TRANSPORT) return defaultTransport;
  return serversTransports[name] ?? defaultTransport;
}
