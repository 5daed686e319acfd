// What has to be checked for health of HTTP services, from a merged configuration. Pure: rows have been given out, and certificates
// read, before.

import type { LoadedTransports } from '@sluice/certificates';
import {
  DEFAULT_TRANSPORT,
  type HttpConfiguration,
  type ServersTransportConfiguration,
  type ServiceConfiguration,
} from '@sluice/config';
import type { CheckTls, HealthTarget } from '@sluice/health';
import { serverKey } from '@sluice/routing';
import { transportsInTls } from '../tls/transports-in-tls.ts';

/**
 * @param rows of every server by `serverKey`
 * @param loaded what checks over TLS need; undefined: nobody has read it
 */
export function healthTargetsOf(
  http: HttpConfiguration,
  defaultTransport: ServersTransportConfiguration,
  rows: ReadonlyMap<string, number>,
  loaded?: Pick<LoadedTransports, 'transports' | 'systemAuthorities'>,
): HealthTarget[] {
  const inTls = transportsInTls({ http });
  return Object.entries(http.services).map(([service, { loadBalancer }]) => {
    const { servers, healthCheck } = loadBalancer;
    const name = loadBalancer.serversTransport || DEFAULT_TRANSPORT;
    const transport = transportOf(loadBalancer, http, defaultTransport);
    return {
      service,
      healthCheck,
      forwardingTimeouts: transport.forwardingTimeouts,
      tls: loaded === undefined || healthCheck === undefined ? undefined : tlsOf(name, transport, loaded, inTls),
      servers: servers.map(({ url }) => ({ url, statusRow: rows.get(serverKey(service, url))! })),
    };
  });
}

/** Where nothing speaks TLS, certificates that change are no reason to check anew. */
function tlsOf(
  name: string,
  { disableHTTP2 = false }: ServersTransportConfiguration,
  { transports, systemAuthorities }: Pick<LoadedTransports, 'transports' | 'systemAuthorities'>,
  inTls: ReadonlySet<string>,
): CheckTls | undefined {
  if (!inTls.has(name)) return undefined;
  const transport = transports[name];
  const needsSystem = transport?.authorities === '';
  return { transport, systemAuthorities: needsSystem ? systemAuthorities : '', disableHttp2: disableHTTP2 };
}

function transportOf(
  { serversTransport: name }: ServiceConfiguration['loadBalancer'],
  { serversTransports }: HttpConfiguration,
  defaultTransport: ServersTransportConfiguration,
): ServersTransportConfiguration {
  if (name === '' || name === DEFAULT_TRANSPORT) return defaultTransport;
  return serversTransports[name] ?? defaultTransport;
}
