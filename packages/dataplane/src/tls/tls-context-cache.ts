// Contexts of the TLS library, one for each pair of option set and certificate that a handshake has asked for, and another one for
// clients of TCP with an application protocol of their own. They outlive new
// material as long as what they are made of is part of it; keys of tickets and OCSP responses are replaced in place.
// Bounded: the one not used for longest goes, and is made again (0.3 ms) when it is asked for.

import { createHash } from 'node:crypto';
import { Errors } from '@sluice/errors';
import { createTlsServerContext, TICKET_KEY_BYTES, TICKET_KEYS_MAX, type TlsContext } from '@sluice/native';
import type { OptionSet, TlsMaterial } from '@sluice/routing/tls';
import type { Logger } from 'pino';
import { type ServerContextOptions, serverContextOptions } from './server-context-options.ts';

/** 30 KiB each. */
const CONTEXTS_MAX = 1024;
const NO_RESPONSE = Buffer.alloc(0);

export interface ServerContext {
  readonly context: TlsContext;
  /** By what TLS_READY says was chosen. */
  readonly protocols: readonly string[];
}

interface CachedContext {
  readonly optionsKey: string;
  readonly certificateId: string;
  /** Undefined: it cannot be made, which has been said. */
  readonly made: ServerContext | undefined;
  staple: string;
}

export class TlsContextCache {
  private readonly log: Logger;
  private readonly contextsMax: number;
  /** The one used last at the end. */
  private readonly cached = new Map<string, CachedContext>();
  private readonly optionsKeys = new WeakMap<OptionSet, string>();
  private material: TlsMaterial | undefined = undefined;
  private ticketKeys: readonly Buffer[] = [];

  constructor(log: Logger, contextsMax = CONTEXTS_MAX) {
    this.log = log;
    this.contextsMax = contextsMax;
  }

  /** How many are kept, those that cannot be made included. */
  get size(): number {
    return this.cached.size;
  }

  /** @throws Error for ticket keys that are none; nothing has changed then. */
  install(material: TlsMaterial): void {
    const ticketKeys = readTicketKeys(material.ticketKeys);
    const optionsKeys = new Set(material.tables.optionSets.map((set) => this.optionsKeyOf(set)));
    const keysChanged = material.ticketKeys.join() !== this.material?.ticketKeys.join();
    this.ticketKeys = ticketKeys;
    this.material = material;
    for (const [key, entry] of this.cached) {
      // What could not be made is tried again.
      const isCurrent = optionsKeys.has(entry.optionsKey) && material.keyPairs[entry.certificateId] !== undefined;
      if (entry.made === undefined || !isCurrent) this.cached.delete(key);
      else {
        if (keysChanged && ticketKeys.length > 0) entry.made.context.setTicketKeys(ticketKeys);
        this.staple(entry, entry.made.context);
      }
    }
  }

  /**
   * @param anyProtocol the client's own application protocol is agreed to
   * @returns undefined when it cannot be made; why has been logged.
   */
  contextFor(set: OptionSet, certificateId: string, anyProtocol = false): ServerContext | undefined {
    const optionsKey = this.optionsKeyOf(set);
    const key = `${optionsKey} ${certificateId}${anyProtocol ? ' any' : ''}`;
    let entry = this.cached.get(key);
    if (entry === undefined) {
      entry = this.makeEntry(set, optionsKey, certificateId, anyProtocol);
      if (this.cached.size >= this.contextsMax) this.cached.delete(this.cached.keys().next().value!);
    } else {
      this.cached.delete(key);
    }
    this.cached.set(key, entry);
    return entry.made;
  }

  private makeEntry(set: OptionSet, optionsKey: string, certificateId: string, anyProtocol: boolean): CachedContext {
    const made = this.make(set, optionsKey, certificateId, anyProtocol);
    const entry = { optionsKey, certificateId, made, staple: '' };
    if (entry.made !== undefined) this.staple(entry, entry.made.context);
    return entry;
  }

  private make(
    set: OptionSet,
    optionsKey: string,
    certificateId: string,
    anyProtocol: boolean,
  ): ServerContext | undefined {
    try {
      const pair = this.material?.keyPairs[certificateId];
      if (pair === undefined) throw new Error('the certificate and its key are missing');
      const options: ServerContextOptions = {
        ...serverContextOptions(set, optionsKey, anyProtocol),
        certificates: [pair],
        ...(this.ticketKeys.length > 0 ? { ticketKeys: this.ticketKeys } : {}),
      };
      return { context: createTlsServerContext(options), protocols: options.protocols };
    } catch (error) {
      const { code, meaning } = Errors.TLS_CONTEXT_FAILED;
      const reason = (error as Error).message;
      this.log.error({ code, options: set.name, certificate: certificateId, reason }, meaning);
      return undefined;
    }
  }

  /** Without one, or with one that is broken, clients ask the authority themselves. */
  private staple(entry: CachedContext, context: TlsContext): void {
    const response = this.material?.staples[entry.certificateId] ?? '';
    if (response === entry.staple) return;
    entry.staple = response;
    try {
      context.setOcspResponse(0, response === '' ? NO_RESPONSE : Buffer.from(response, 'base64'));
    } catch (error) {
      const { code, meaning } = Errors.TLS_CONTEXT_FAILED;
      this.log.error({ code, certificate: entry.certificateId, reason: (error as Error).message }, meaning);
    }
  }

  /** Of its content, name included: also the scope of its session tickets, here and in every other worker. */
  private optionsKeyOf(set: OptionSet): string {
    let key = this.optionsKeys.get(set);
    if (key === undefined) {
      const content = JSON.stringify(Object.entries(set).sort(([a], [b]) => (a < b ? -1 : 1)));
      key = createHash('sha256').update(content).digest('base64');
      this.optionsKeys.set(set, key);
    }
    return key;
  }
}

function readTicketKeys(texts: readonly string[]): readonly Buffer[] {
  if (texts.length > TICKET_KEYS_MAX) throw new Error(`at most ${TICKET_KEYS_MAX} keys of session tickets are used`);
  const keys = texts.map((text) => Buffer.from(text, 'base64'));
  if (keys.some(({ length }) => length !== TICKET_KEY_BYTES)) {
    throw new Error(`a key of session tickets has ${TICKET_KEY_BYTES} bytes`);
  }
  return keys;
}
