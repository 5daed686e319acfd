// The TLS side of a configuration on its way to workers: what all providers say of it, the files it names, and which option sets that
// leaves for routers. Merges and asks for files; publishes nothing.

import {
  EMPTY_TLS,
  type EntryPointConfiguration,
  type MergedTls,
  mergeTls,
  type RoutedConfiguration,
  type StaticConfiguration,
  type TlsConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import type { TlsLoading } from '../tls/tls-loading.ts';
import type { TlsPublisher } from '../tls/tls-publisher.ts';

/** What the pipeline needs of TLS. */
export interface PipelineTls {
  readonly loading: Pick<TlsLoading, 'loadClients' | 'loadServers' | 'material' | 'transportsInForce'>;
  readonly publisher: Pick<TlsPublisher, 'replace' | 'publishConfigured'>;
  /** What has been loaded is in force. */
  applied(): void;
}

/** What one provider has delivered. */
export interface DeclaredObjects extends Partial<RoutedConfiguration> {
  readonly http: RoutedConfiguration['http'];
  readonly tls?: TlsConfiguration;
  /** Where an object stands; its path has no provider (`http.routers.web`). */
  readonly positionOf?: (path: string) => Pick<Diagnostic, 'file' | 'line' | 'column'> | undefined;
}

export interface ClientTls {
  /** Names of the option sets that can be used. */
  readonly options: Iterable<string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads what is for clients. */
export async function loadClientTls(
  loading: PipelineTls['loading'],
  delivered: ReadonlyMap<string, DeclaredObjects>,
  { providers, entryPoints }: StaticConfiguration,
): Promise<ClientTls> {
  const declared = new Map([...delivered].map(([provider, { tls = EMPTY_TLS }]) => [provider, tls]));
  const tls = mergeTls(declared, providers.precedence);
  const { optionSets, diagnostics } = await loading.loadClients({
    tls,
    generatesDefault: isTlsWanted(tls, delivered, entryPoints),
    positionOf: (provider, path) => delivered.get(provider)?.positionOf?.(path),
  });
  return { options: optionSets.keys(), diagnostics: [...tls.diagnostics, ...diagnostics] };
}

/** Nobody needs a default certificate of a node that says nothing of TLS. */
function isTlsWanted(
  { certificates, options, stores }: MergedTls,
  delivered: ReadonlyMap<string, DeclaredObjects>,
  entryPoints: Readonly<Record<string, EntryPointConfiguration>>,
): boolean {
  if (certificates.length > 0 || Object.keys(options).length > 0 || Object.keys(stores).length > 0) return true;
  if (Object.values(entryPoints).some(({ http }) => http.tls !== undefined)) return true;
  return [...delivered.values()].some(({ http, tcp }) => {
    const ofTcp = Object.values(tcp?.routers ?? {}).some(({ tls }) => tls !== undefined && !tls.passthrough);
    return ofTcp || Object.values(http.routers).some(({ tls }) => tls !== undefined);
  });
}
