// Everything of TLS that a configuration names, read and kept up to date: certificates, authorities, what transports need. Says when
// files changed. Keeps what was good; publishes nothing.

import { isDeepStrictEqual } from 'node:util';
import {
  buildTlsTables,
  KeyPairLoader,
  type LoadedTls,
  type LoadedTransports,
  loadTls,
  loadTransports,
  type Position,
} from '@sluice/certificates';
import type {
  MergedTls,
  RoutedConfiguration,
  ServersTransportConfiguration,
  TcpServersTransportConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { NamedFilesWatch } from '../named-files/named-files-watch.ts';
import { declaredTransports } from './declared-transports.ts';
import type { ConfiguredTls } from './tls-publisher.ts';
import { transportsInTls } from './transports-in-tls.ts';

export interface TlsLoadingOptions {
  /** Where the generated default certificate is kept. */
  readonly folder: string;
  /** That relative paths begin at. */
  readonly workingDirectory: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The static `serversTransport`. */
  readonly defaultTransport: ServersTransportConfiguration;
  /** The static `tcpServersTransport`; absent: as if it had no key. */
  readonly defaultTcpTransport?: TcpServersTransportConfiguration;
  /** Files changed: what is in force is to be loaded anew. */
  readonly onFilesChanged: () => void;
  /** Changes in a folder may be noticed a second late. */
  readonly onWatchTrouble: (folder: string, reason: string) => void;
}

/** What is about clients. */
export interface LoadTlsRequest {
  readonly tls: MergedTls;
  readonly generatesDefault: boolean;
  readonly positionOf: (provider: string, path: string) => Position | undefined;
}

/** Also where nothing changes: a default certificate expires. */
const READ_ANEW_MS = 3_600_000;

export class TlsLoading {
  private readonly options: TlsLoadingOptions;
  private readonly loader: KeyPairLoader;
  /** Of its own, as each forgets what a round did not name. */
  private readonly transportLoader: KeyPairLoader;
  private readonly watch: NamedFilesWatch;
  private watched: readonly string[] = [];
  private loaded: LoadedTls | undefined;
  private transports: LoadedTransports | undefined;
  /** What the two were asked for; undefined: files have changed, so the same would be another answer. */
  private clientsAsked: unknown;
  private serversAsked: unknown;
  private clientsReadAtMs = 0;

  constructor(options: TlsLoadingOptions) {
    this.options = options;
    this.loader = new KeyPairLoader(options.workingDirectory);
    this.transportLoader = new KeyPairLoader(options.workingDirectory);
    this.watch = new NamedFilesWatch({
      onChange: () => this.filesChanged(),
      onTrouble: options.onWatchTrouble,
    });
  }

  /** Certificates for clients that the configuration names: not the generated one. */
  get named(): LoadedTls['pairs'] {
    if (this.loaded === undefined) return [];
    const { pairs, defaultPair, isDefaultGenerated } = this.loaded;
    const isFurther =
      defaultPair !== undefined && !isDefaultGenerated && !pairs.some(({ id }) => id === defaultPair.id);
    return isFurther ? [...pairs, defaultPair] : pairs;
  }

  /** How servers are spoken to; undefined before anything has been loaded. */
  get transportsInForce(): LoadedTransports | undefined {
    return this.transports;
  }

  /** Everything is read again the next time, whatever is known of files. */
  forget(): void {
    this.clientsAsked = undefined;
    this.serversAsked = undefined;
  }

  /** Of clients. Not to be called again before it has ended. */
  async loadClients(request: LoadTlsRequest): Promise<LoadedTls> {
    const { loader, loaded: known } = this;
    const { folder } = this.options;
    const { tls, generatesDefault } = request;
    const asked = { tls, generatesDefault };
    const isYoung = performance.now() - this.clientsReadAtMs < READ_ANEW_MS;
    if (known !== undefined && isYoung && isAnswered(asked, this.clientsAsked, known)) return known;
    if (await this.watch.update(this.watched)) this.serversAsked = undefined;
    this.clientsAsked = asked;
    this.clientsReadAtMs = performance.now();
    const read = () => loadTls({ ...request, loader, folder, nowMs: Date.now(), previous: this.loaded });
    const loaded = await this.watching(read, this.transports?.paths ?? []);
    this.loaded = loaded;
    return loaded;
  }

  /** Of servers. Not to be called again before it has ended. */
  async loadServers(
    routed: Pick<RoutedConfiguration, 'http'> & Partial<RoutedConfiguration>,
  ): Promise<readonly Diagnostic[]> {
    const { environment } = this.options;
    const used = transportsInTls(routed);
    const transports = declaredTransports(routed, this.options, used);
    const asked = { transports, used };
    const { transports: known } = this;
    if (known !== undefined && isAnswered(asked, this.serversAsked, known)) return known.diagnostics;
    this.serversAsked = asked;
    const read = () =>
      loadTransports({
        transports,
        used,
        loader: this.transportLoader,
        environment,
        previous: this.transports?.transports,
      });
    this.transports = await this.watching(read, this.loaded?.paths ?? []);
    return this.transports.diagnostics;
  }

  /** For workers. Undefined before anything has been loaded. */
  get material(): ConfiguredTls | undefined {
    if (this.loaded === undefined || this.transports === undefined) return undefined;
    const { tables, pairs } = buildTlsTables(this.loaded, Date.now());
    const { transports, systemAuthorities } = this.transports;
    const keyPairs = pairs.map(({ id, chainPem, keyPem }) => [id, { chain: chainPem, key: keyPem.reveal() }]);
    return { tables, keyPairs: Object.fromEntries(keyPairs), transports, systemAuthorities };
  }

  close(): void {
    this.watch.close();
  }

  private filesChanged(): void {
    this.forget();
    this.options.onFilesChanged();
  }

  /** Files that were not watched yet may have changed while they were read: then they are read once more. */
  private async watching<Loaded extends { readonly paths: readonly string[] }>(
    read: () => Promise<Loaded>,
    others: readonly string[],
  ): Promise<Loaded> {
    const loaded = await read();
    const wanted = [...new Set([...loaded.paths, ...others])].sort();
    const known = new Set(this.watched);
    const isNew = wanted.some((path) => !known.has(path));
    if (!isNew && wanted.length === this.watched.length) return loaded;
    this.watched = wanted;
    // Of those that were read before, too: in the next round.
    if (await this.watch.update(wanted)) this.filesChanged();
    return isNew ? await read() : loaded;
  }
}

/** The same question again, and nothing was wrong: where something is, its place may have moved. */
function isAnswered(asked: unknown, before: unknown, { diagnostics }: { readonly diagnostics: readonly Diagnostic[] }) {
  return diagnostics.length === 0 && isDeepStrictEqual(asked, before);
}
