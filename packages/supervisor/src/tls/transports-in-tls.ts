// Which servers transports are used for TLS: those of services with a server, or a health check, of the scheme https. Pure.

import { DEFAULT_TRANSPORT, type HttpConfiguration } from '@sluice/config';

/** @returns qualified names. */
export function transportsInTls({ services }: HttpConfiguration): Set<string> {
  const names = new Set<string>();
  for (const { loadBalancer } of Object.values(services)) {
    const { servers, healthCheck, serversTransport } = loadBalancer;
    const isUsed = healthCheck?.scheme === 'https' || servers.some(({ url }) => /^https:/i.test(url));
    if (isUsed) names.add(serversTransport === '' ? DEFAULT_TRANSPORT : serversTransport);
  }
  return names;
}
