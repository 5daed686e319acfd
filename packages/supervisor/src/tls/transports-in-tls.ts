// Which servers transports are used for TLS: those of services with a server, or a health check, of the scheme https, and of TCP
// services with a server that has `tls`. Pure.

import { DEFAULT_TCP_TRANSPORT, DEFAULT_TRANSPORT, type RoutedConfiguration } from '@sluice/config';
import { tcpTransportKey } from '@sluice/routing';

/** @returns keys as in `TlsMaterial.transports`: qualified names, those of TCP marked as such. */
export function transportsInTls({
  http,
  tcp,
}: Pick<RoutedConfiguration, 'http'> & Partial<RoutedConfiguration>): Set<string> {
  const names = new Set<string>();
  for (const { loadBalancer } of Object.values(http.services)) {
    const { servers, healthCheck, serversTransport } = loadBalancer;
    const isUsed = healthCheck?.scheme === 'https' || servers.some(({ url }) => /^https:/i.test(url));
    if (isUsed) names.add(serversTransport === '' ? DEFAULT_TRANSPORT : serversTransport);
  }
  for (const { loadBalancer } of Object.values(tcp?.services ?? {})) {
    if (loadBalancer === undefined || !loadBalancer.servers.some(({ tls }) => tls)) continue;
    names.add(
      tcpTransportKey(loadBalancer.serversTransport === '' ? DEFAULT_TCP_TRANSPORT : loadBalancer.serversTransport),
    );
  }
  return names;
}
