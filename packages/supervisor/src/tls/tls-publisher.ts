// Keeps the TLS material in force: what the configuration gives, with ticket keys and staples, which change by themselves. Whatever
// changes, workers get the whole of it anew, in sealed memory; the memory before is given back at once.

import { createHash } from 'node:crypto';
import { closeDescriptor } from '@sluice/native';
import type { TlsMaterial } from '@sluice/routing';
import type { SealedTls } from '../workers/worker-process.ts';
import type { TicketKeySource } from './random-ticket-keys.ts';
import { sealTlsMaterial } from './seal-tls-material.ts';

/** The part that follows from the configuration and the files that it names. */
export type ConfiguredTls = Pick<TlsMaterial, 'tables' | 'keyPairs' | 'transports' | 'systemAuthorities'>;

export interface TlsPublisherOptions {
  readonly ticketKeys: TicketKeySource;
  /** Called with what goes to workers alone; what belongs to a snapshot goes with that. */
  readonly onPublished: (sealed: SealedTls) => void;
  /** Material could not be put into memory: the one before stays. */
  readonly onFault: (error: unknown) => void;
}

export class TlsPublisher {
  private readonly options: TlsPublisherOptions;
  private configured: ConfiguredTls | undefined;
  private staples: TlsMaterial['staples'] = {};
  private sealed: SealedTls | undefined;
  /** Of everything but its number. */
  private digest = '';
  private nextNumber = 1;

  constructor(options: TlsPublisherOptions) {
    this.options = options;
    options.ticketKeys.onChange(() => this.publish());
  }

  /** Undefined before the first one. */
  get current(): SealedTls | undefined {
    return this.sealed;
  }

  /**
   * From now on `current` has this in it; nobody is told, as a snapshot follows that brings it.
   * @throws Error with a `code` when memory or descriptors run out
   */
  replace(configured: ConfiguredTls): void {
    this.configured = configured;
    this.reseal();
  }

  /** The same, alone: workers are told, if anything in it differs. @returns whether it does. @throws as `replace` */
  publishConfigured(configured: ConfiguredTls): boolean {
    this.configured = configured;
    const isNew = this.reseal();
    if (isNew) this.options.onPublished(this.sealed!);
    return isNew;
  }

  /** OCSP responses in base64, by the certificate's id. */
  setStaples(staples: TlsMaterial['staples']): void {
    this.staples = staples;
    this.publish();
  }

  /** A worker could not read it: it is sent once more, under a new number. */
  repeat(): void {
    this.digest = '';
    this.publish();
  }

  close(): void {
    this.options.ticketKeys.close();
    if (this.sealed !== undefined) closeDescriptor(this.sealed.descriptor);
    this.sealed = undefined;
    this.configured = undefined;
  }

  private publish(): void {
    if (this.configured === undefined) return;
    try {
      if (this.reseal()) this.options.onPublished(this.sealed!);
    } catch (error) {
      this.options.onFault(error);
    }
  }

  /** @returns false when nothing differs. */
  private reseal(): boolean {
    const ticketKeys = this.options.ticketKeys.keys.map((key) => key.toString('base64'));
    const configured = this.configured!;
    const shown = Object.entries(this.staples).filter(([id]) => Object.hasOwn(configured.keyPairs, id));
    const content = { ...configured, staples: Object.fromEntries(shown), ticketKeys };
    const digest = createHash('sha256').update(JSON.stringify(content)).digest('base64');
    if (digest === this.digest) return false;
    const number = this.nextNumber++;
    const descriptor = sealTlsMaterial({ number, ...content });
    const previous = this.sealed;
    this.sealed = { number, descriptor };
    this.digest = digest;
    // Mails carry their own copies, and workers are spawned in one go: nobody needs this number any more.
    if (previous !== undefined) closeDescriptor(previous.descriptor);
    return true;
  }
}
