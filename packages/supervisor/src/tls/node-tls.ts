// All of TLS that a supervisor has to do with, put together: reading, watching, ticket keys, staples, memory for workers.
// Only assembles; decides nothing about certificates.

import type { KeyPair } from '@sluice/certificates';
import type { StaticConfiguration } from '@sluice/config';
import { Errors } from '@sluice/errors';
import type { Logger } from 'pino';
import type { SealedTls } from '../workers/worker-process.ts';
import { RandomTicketKeys, type TicketKeySource } from './random-ticket-keys.ts';
import { tlsStateFolder } from './state-folder.ts';
import { TlsLoading } from './tls-loading.ts';
import { TlsPublisher } from './tls-publisher.ts';

/** Keeps OCSP responses for certificates, fetched in the background. */
export interface Stapler {
  /** Replaces the certificates that responses are kept for. */
  apply(pairs: readonly KeyPair[]): void;
  /** DER by id of the certificate. */
  readonly staples: ReadonlyMap<string, Buffer>;
  close(): unknown;
}

export interface NodeTlsOptions {
  readonly configuration: StaticConfiguration;
  readonly runtimeDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  /** Files that the configuration names have changed. */
  readonly onFilesChanged: () => void;
  readonly onPublished: (sealed: SealedTls) => void;
  /** Default: random ones, of this node alone. */
  readonly ticketKeys?: TicketKeySource;
  /** `onChange` is to be called when staples have changed. Default: nothing is stapled. */
  readonly createStapler?: (onChange: () => void) => Stapler;
}

/** Between two attempts to send anew what a worker refused. */
const REPAIR_INTERVAL_MS = 10_000;

export class NodeTls {
  readonly loading: TlsLoading;
  readonly publisher: TlsPublisher;
  /** Undefined: nothing is stapled, or it is over. */
  private stapler: Stapler | undefined;
  private lastRepairMs = Number.NEGATIVE_INFINITY;

  constructor({ configuration, runtimeDirectory, env, log, ...options }: NodeTlsOptions) {
    const { CERTIFICATE_WATCH_FAILED: watchFailed, TLS_MATERIAL_NOT_MADE: notMade } = Errors;
    this.loading = new TlsLoading({
      folder: tlsStateFolder(env, runtimeDirectory),
      workingDirectory: process.cwd(),
      environment: env,
      defaultTransport: configuration.serversTransport,
      defaultTcpTransport: configuration.tcpServersTransport,
      onFilesChanged: options.onFilesChanged,
      onWatchTrouble: (folder, reason) => log.warn({ code: watchFailed.code, folder, reason }, watchFailed.meaning),
    });
    this.publisher = new TlsPublisher({
      ticketKeys: options.ticketKeys ?? new RandomTicketKeys(),
      onPublished: (sealed) => {
        log.info({ number: sealed.number }, 'certificates and keys published');
        options.onPublished(sealed);
      },
      onFault: (error) => log.error({ code: notMade.code, reason: (error as Error).message }, notMade.meaning),
    });
    this.stapler = options.createStapler?.(() => this.publishStaples());
  }

  /** What has been loaded is in force. */
  applied(): void {
    if (this.stapler === undefined) return;
    this.stapler.apply(this.loading.named);
    // A certificate that has come back brings the response that it had.
    this.publishStaples();
  }

  /** Memory may have been damaged on its way: the same is sent once more. */
  repair(number: number): void {
    const isDue = performance.now() - this.lastRepairMs > REPAIR_INTERVAL_MS;
    if (number !== this.publisher.current?.number || !isDue) return;
    this.lastRepairMs = performance.now();
    this.publisher.repeat();
  }

  /** Again: nothing happens. */
  close(): void {
    this.stapler?.close();
    this.stapler = undefined;
    this.loading.close();
    this.publisher.close();
  }

  private publishStaples(): void {
    const staples = [...(this.stapler?.staples ?? [])].map(([id, der]) => [id, der.toString('base64')]);
    this.publisher.setStaples(Object.fromEntries(staples));
  }
}
