// What servers transports of HTTP and TCP say of TLS, under the keys that TLS material has for them. Pure.

import {
  DEFAULT_TCP_TRANSPORT,
  DEFAULT_TRANSPORT,
  type RoutedConfiguration,
  type ServersTransportConfiguration,
  type TcpServersTransportConfiguration,
  type TransportTlsConfiguration,
} from '@sluice/config';
import { tcpTransportKey } from '@sluice/routing';

export interface DefaultTransports {
  readonly defaultTransport: ServersTransportConfiguration;
  readonly defaultTcpTransport?: TcpServersTransportConfiguration;
}

/** Those of TCP only when they say something of TLS, or are used for it. @param used as by `transportsInTls` */
export function declaredTransports(
  { http, tcp }: Pick<RoutedConfiguration, 'http'> & Partial<RoutedConfiguration>,
  { defaultTransport, defaultTcpTransport }: DefaultTransports,
  used: ReadonlySet<string>,
): Record<string, TransportTlsConfiguration> {
  const declared: Record<string, TransportTlsConfiguration> = {
    ...http.serversTransports,
    [DEFAULT_TRANSPORT]: defaultTransport,
  };
  const ofTcp = { ...tcp?.serversTransports, [DEFAULT_TCP_TRANSPORT]: defaultTcpTransport };
  for (const [name, transport] of Object.entries(ofTcp)) {
    const key = tcpTransportKey(name);
    if (transport?.tls !== undefined || used.has(key)) declared[key] = transport?.tls ?? {};
  }
  return declared;
}
