// What compilation starts from: validated configuration, merged and under qualified names.

import type {
  EntryPointConfiguration,
  HttpConfiguration,
  ServersTransportConfiguration,
  TcpConfiguration,
  TcpServersTransportConfiguration,
  TlsReferenceReport,
  UdpConfiguration,
} from '@sluice/config';

/** Key of a server's row in the status memory: service and URL, so it survives reloads. */
export function serverKey(serviceName: string, url: string): string {
  return `${serviceName}\n${url}`;
}

/** The same for services of TCP and UDP. Names contain no line breaks, so it is nobody's key of HTTP. */
export function streamServerKey(protocol: 'tcp' | 'udp', serviceName: string, address: string): string {
  return `\n${protocol}\n${serviceName}\n${address}`;
}

/** Whose server a key is of. */
export function serviceOfKey(key: string): { readonly protocol: 'http' | 'tcp' | 'udp'; readonly service: string } {
  const [first = '', protocol = '', service = ''] = key.split('\n');
  return first === '' ? { protocol: protocol as 'tcp' | 'udp', service } : { protocol: 'http', service: first };
}

export interface CompilationSettings {
  /** From the static configuration; snapshot indices follow the order of its keys. */
  readonly entryPoints: Readonly<Record<string, EntryPointConfiguration>>;
  /** `providers.precedence`: lower case, best first. */
  readonly providerPrecedence: readonly string[];
  /** The static `serversTransport`. */
  readonly defaultServersTransport: ServersTransportConfiguration;
  /** The static `tcpServersTransport`; absent: as if it had no key. */
  readonly defaultTcpServersTransport?: TcpServersTransportConfiguration;
}

/** What routing has to know of TLS options beside the routers that name them. */
export interface CompilationTls {
  /** Of `checkTlsReferences`, which has reported them. */
  readonly unusable: TlsReferenceReport['unusable'];
}

export interface CompilationInput extends CompilationSettings {
  /** 0 to 2^53-1. */
  readonly revision: number;
  readonly http: HttpConfiguration;
  /** Absent: nothing. */
  readonly tcp?: TcpConfiguration;
  readonly udp?: UdpConfiguration;
  /** Row of every server, by `serverKey` and `streamServerKey`. @throws when it has none. */
  readonly statusRow: (key: string) => number;
  /** Absent: all TLS options can be used. */
  readonly tls?: CompilationTls;
}
