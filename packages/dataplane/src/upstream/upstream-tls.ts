// What one worker speaks TLS to servers with: for each servers transport a context of the TLS library and the names to check.
// Contexts are made when the first connection needs them, one for each distinct set of settings, and outlive new material as
// long as their settings are part of it. Opens no connection. A transport without settings has none: nobody goes on in plain text.

import { Errors } from '@sluice/errors';
import { createTlsClientContext, type TlsContext, TlsVersion } from '@sluice/native';
import type { TlsMaterial, TransportTls } from '@sluice/routing';
import type { Logger } from 'pino';

/** Below TLS 1.2 signatures are made with SHA-1, which OpenSSL does at this level only. */
const LEVEL_OF_OLD_VERSIONS = 0;
/** Kept for resumption, of all servers of one context. */
const SESSIONS_MAX = 1024;

/** How the servers of a transport are spoken to. The same object as long as nothing of it changes. */
export interface ServerTls {
  readonly context: TlsContext;
  /** Empty: the host of the server's URL. */
  readonly serverName: string;
  readonly peerNames: TransportTls['peerNames'];
}

interface MadeTls {
  /** Of the settings and what they refer to. */
  readonly content: string;
  /** Undefined: not made yet; null: cannot be made, which has been said. */
  tls: ServerTls | null | undefined;
}

export class UpstreamTls {
  private readonly log: Logger;
  private readonly byContent = new Map<string, MadeTls>();
  private readonly byTransport = new Map<string, MadeTls>();
  private material: Pick<TlsMaterial, 'transports' | 'systemAuthorities'> = { transports: {}, systemAuthorities: '' };

  constructor(log: Logger) {
    this.log = log;
  }

  /** @returns the names of the transports whose connections so far were made with other settings. */
  install(material: Pick<TlsMaterial, 'transports' | 'systemAuthorities'>): readonly string[] {
    this.material = material;
    const changed: string[] = [];
    for (const [name, made] of this.byTransport) {
      const content = this.contentOf(name);
      // What could not be made is tried again.
      if (content === made.content && made.tls !== null) continue;
      this.byTransport.delete(name);
      changed.push(name);
    }
    const used = new Set(this.byTransport.values());
    for (const [content, made] of this.byContent) if (!used.has(made)) this.byContent.delete(content);
    return changed;
  }

  /** Undefined: there is nothing to speak TLS with; why has been logged. */
  settingsFor(transport: string): ServerTls | undefined {
    let made = this.byTransport.get(transport);
    if (made === undefined) {
      const content = this.contentOf(transport);
      made = this.byContent.get(content) ?? { content, tls: content === '' ? null : undefined };
      this.byContent.set(content, made);
      this.byTransport.set(transport, made);
    }
    if (made.tls === undefined) made.tls = this.make(transport);
    return made.tls ?? undefined;
  }

  /** Empty: there are no settings. */
  private contentOf(transport: string): string {
    const { transports, systemAuthorities } = this.material;
    if (!Object.hasOwn(transports, transport)) return '';
    const settings = transports[transport];
    return JSON.stringify([settings, settings.authorities === '' ? systemAuthorities : '']);
  }

  private make(transport: string): ServerTls | null {
    const settings = this.material.transports[transport];
    try {
      const { serverName, peerNames } = settings;
      return { context: contextOf(settings, this.material.systemAuthorities), serverName, peerNames };
    } catch (error) {
      const { code, meaning } = Errors.UPSTREAM_TLS_SETTINGS;
      this.log.error({ code, serversTransport: transport, reason: (error as Error).message }, meaning);
      return null;
    }
  }
}

function contextOf(settings: TransportTls, systemAuthorities: string): TlsContext {
  const { minVersion, maxVersion, authorities } = settings;
  const trusted = authorities === '' ? systemAuthorities : authorities;
  return createTlsClientContext({
    minVersion,
    maxVersion,
    ciphers: settings.ciphers.join(':'),
    certificates: settings.certificates,
    authorities: trusted === '' ? [] : [trusted],
    // Names that are asked for would mean nothing in a certificate that anybody can make.
    insecure: settings.insecureSkipVerify && settings.peerNames.length === 0,
    anyName: settings.insecureSkipVerify,
    sessionsMax: SESSIONS_MAX,
    ...(minVersion < TlsVersion.TLS1_2 ? { securityLevel: LEVEL_OF_OLD_VERSIONS } : {}),
  });
}
