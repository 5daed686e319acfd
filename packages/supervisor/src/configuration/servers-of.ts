// Every server of every service, of all protocols, under the key of its row in the status memory. Pure.

import type { RoutedConfiguration } from '@sluice/config';
import { serverKey, streamServerKey } from '@sluice/routing';

export interface ServerOfService {
  readonly key: string;
  /** Qualified name. */
  readonly service: string;
  /** With TCP and UDP its address. */
  readonly url: string;
}

/** The same server twice in a service comes twice, under one key. */
export function* serversOf({ http, tcp, udp }: RoutedConfiguration): Iterable<ServerOfService> {
  for (const [service, { loadBalancer }] of Object.entries(http.services)) {
    for (const { url } of loadBalancer.servers) yield { key: serverKey(service, url), service, url };
  }
  for (const [protocol, { services }] of [
    ['tcp', tcp],
    ['udp', udp],
  ] as const) {
    for (const [service, { loadBalancer }] of Object.entries(services)) {
      for (const { address } of loadBalancer?.servers ?? []) {
        yield { key: streamServerKey(protocol, service, address), service, url: address };
      }
    }
  }
}
