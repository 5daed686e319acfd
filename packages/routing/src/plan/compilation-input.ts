// What compilation starts from: validated configuration, merged and under qualified names.

import type {
  EntryPointConfiguration,
  HttpConfiguration,
  ServersTransportConfiguration,
  TlsReferenceReport,
} from '@sluice/config';

/** Key of a server's row in the status memory: service and URL, so it survives reloads. */
export function serverKey(serviceName: string, url: string): string {
  return `${serviceName}\n${url}`;
}

export interface CompilationSettings {
  /** From the static configuration; snapshot indices follow the order of its keys. */
  readonly entryPoints: Readonly<Record<string, EntryPointConfiguration>>;
  /** `providers.precedence`: lower case, best first. */
  readonly providerPrecedence: readonly string[];
  /** The static `serversTransport`. */
  readonly defaultServersTransport: ServersTransportConfiguration;
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
  /** Row of every server, by `serverKey`. @throws when it has none. */
  readonly statusRow: (key: string) => number;
  /** Absent: all TLS options can be used. */
  readonly tls?: CompilationTls;
}
