// What one worker ends TLS of clients with: the material in force, contexts made of it, the limit of handshakes. New handshakes
// use new material at once; connections live on with what they have. Decides; sends and closes nothing.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { StreamTransport } from '@sluice/native';
import { ClientHello } from '@sluice/protocols';
import { NO_CERTIFICATE, type OptionSet, type TlsMaterial, TlsSelection, usableKeyKinds } from '@sluice/routing/tls';
import type { Logger } from 'pino';
import { RefusalLog } from '../listen/refusal-log.ts';
import { ACME_TLS } from './server-context-options.ts';
import { type ServerContext, TlsContextCache } from './tls-context-cache.ts';

/**
 * Under way at a time in one worker, with clients and servers together. Each takes about 60 KiB until it is done, 120 MiB in all,
 * and up to a millisecond of the loop: two seconds of work.
 */
const HANDSHAKES_MAX = 2048;

export interface TlsTerminationOptions {
  readonly transport: StreamTransport;
  readonly log: Logger;
  /** Default 2,048. */
  readonly handshakesMax?: number;
  /** Default 1,024. */
  readonly contextsMax?: number;
}

/** What a handshake goes on with. */
export interface SelectedTls {
  readonly options: OptionSet;
  readonly server: ServerContext;
}

export class TlsTermination {
  /** Filled and asked within one event. */
  readonly hello = new ClientHello();
  readonly contexts: TlsContextCache;
  private readonly transport: StreamTransport;
  private readonly log: Logger;
  private readonly handshakesMax: number;
  private readonly refusals = new Map<string, RefusalLog>();
  private selection: TlsSelection | undefined = undefined;
  private certificateIds: readonly string[] = [];

  constructor({ transport, log, handshakesMax, contextsMax }: TlsTerminationOptions) {
    this.transport = transport;
    this.log = log;
    this.contexts = new TlsContextCache(log, contextsMax);
    this.handshakesMax = handshakesMax ?? HANDSHAKES_MAX;
  }

  /** There is material: TLS is spoken. */
  get isReady(): boolean {
    return this.selection !== undefined;
  }

  /** There are as many handshakes as there may be. */
  get isFull(): boolean {
    return this.transport.handshakes >= this.handshakesMax;
  }

  /** @throws Error for material that cannot be used; what was in force stays so. */
  install(material: TlsMaterial): void {
    const selection = new TlsSelection(material.tables);
    this.contexts.install(material);
    this.selection = selection;
    this.certificateIds = material.tables.certificates.map(({ id }) => id);
  }

  /**
   * For the hello that was parsed last.
   * @param name of the options; null: the connection is closed
   * @param serverName as it says, in lower case; @param localAddress asked for only when it says none
   * @param ofTcp what is spoken inside is the business of a TCP router's server
   * @returns why there is nothing to go on with, in place of it
   */
  select(
    name: string | null,
    serverName: string,
    localAddress: () => string,
    ofTcp: boolean,
  ): SelectedTls | CatalogueEntry {
    const options = name === null ? undefined : this.selection?.optionSet(name);
    if (options === undefined) return Errors.TLS_OPTIONS_MISSING;
    const certificate = this.selection!.certificate(
      serverName === '' ? localAddress() : serverName,
      usableKeyKinds(this.hello, options),
      options.sniStrict,
    );
    if (certificate === NO_CERTIFICATE) return Errors.TLS_NAME_UNKNOWN;
    const anyProtocol = ofTcp && options.anyProtocolInTcp && this.offersOnlyOthers(options);
    const server = this.contexts.contextFor(options, this.certificateIds[certificate], anyProtocol);
    return server === undefined ? Errors.TLS_CONTEXT_FAILED : { options, server };
  }

  /** Application protocols that nobody here knows. A challenge of certificate authorities is not for a router's server to meet. */
  private offersOnlyOthers({ alpnProtocols }: OptionSet): boolean {
    const { hello } = this;
    if (hello.alpnLength === 0) return false;
    const offered = hello.alpnProtocols();
    return !offered.includes(ACME_TLS) && !offered.some((name) => alpnProtocols.includes(name));
  }

  /** Says that a client was turned away, now and then. */
  refused(entry: CatalogueEntry, entryPoint: string, client: string): void {
    let refusals = this.refusals.get(entryPoint);
    if (refusals === undefined) {
      refusals = new RefusalLog(this.log, entryPoint);
      this.refusals.set(entryPoint, refusals);
    }
    refusals.refused(entry, client, this.transport.now);
  }
}

export function isSelected(outcome: SelectedTls | CatalogueEntry): outcome is SelectedTls {
  return 'server' in outcome;
}
