// Do routers and entry points name TLS options that exist, and resolvers that exist? (tls-acme.md sections 3 and 5.)
// Pure. A router whose options are missing must not be served with weaker ones, so its host is closed instead.

import type { Diagnostic } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { HttpConfiguration } from '../model/dynamic-configuration.ts';
import type { TcpConfiguration } from '../model/tcp-configuration.ts';
import type { RouterTlsConfiguration } from '../model/tls-configuration.ts';
import { DEFAULT_TLS_OPTIONS } from '../tls/router-tls-schema.ts';

export interface TlsReferences {
  readonly http: HttpConfiguration;
  /** Absent: there is none. */
  readonly tcp?: Pick<TcpConfiguration, 'routers'>;
  /** By entry point: its `http.tls`. */
  readonly entryPoints: Readonly<Record<string, RouterTlsConfiguration | undefined>>;
  /** Qualified names of the option sets that can be used; `default` always can. */
  readonly options: Iterable<string>;
  /** Names of `certificatesResolvers`. */
  readonly resolvers: Iterable<string>;
}

export interface TlsReferenceReport {
  readonly diagnostics: readonly Diagnostic[];
  readonly unusable: {
    /** Qualified names of routers; connections to their hosts are closed. */
    readonly routers: ReadonlySet<string>;
    /** Those of TCP; absent: none. What they match is closed. */
    readonly tcpRouters?: ReadonlySet<string>;
    /** Entry points: routers on them that take over their `http.tls` are unusable there. */
    readonly entryPoints: ReadonlySet<string>;
  };
}

export function checkTlsReferences({ http, tcp, entryPoints, options, resolvers }: TlsReferences): TlsReferenceReport {
  const check = new TlsReferenceCheck(new Set(options), new Set(resolvers));
  const unusable = { routers: new Set<string>(), entryPoints: new Set<string>() };
  for (const [name, tls] of Object.entries(entryPoints)) {
    if (tls !== undefined && !check.isUsable(tls, `entryPoints.${name}`, 'http.tls')) unusable.entryPoints.add(name);
  }
  for (const [name, { tls }] of Object.entries(http.routers)) {
    if (tls !== undefined && !check.isUsable(tls, `http.routers.${name}`, 'tls')) unusable.routers.add(name);
  }
  const tcpRouters = Object.entries(tcp?.routers ?? {}).filter(([name, { tls }]) => {
    // The options of one that passes TLS through are of no effect.
    return tls !== undefined && !tls.passthrough && !check.isUsable(tls, `tcp.routers.${name}`, 'tls');
  });
  if (tcpRouters.length === 0) return { diagnostics: check.diagnostics, unusable };
  const names = new Set(tcpRouters.map(([name]) => name));
  return { diagnostics: check.diagnostics, unusable: { ...unusable, tcpRouters: names } };
}

class TlsReferenceCheck {
  readonly diagnostics: Diagnostic[] = [];
  readonly #options: ReadonlySet<string>;
  readonly #resolvers: ReadonlySet<string>;

  constructor(options: ReadonlySet<string>, resolvers: ReadonlySet<string>) {
    this.#options = options;
    this.#resolvers = resolvers;
  }

  isUsable({ options, certResolver }: RouterTlsConfiguration, object: string, key: string): boolean {
    if (certResolver !== '' && !this.#resolvers.has(certResolver)) this.#missingResolver(certResolver, object, key);
    if (options === '' || options === DEFAULT_TLS_OPTIONS || this.#options.has(options)) return true;
    const message = `"${key}.options": the set of TLS options "${options}" does not exist, or cannot be used`;
    const hint = nearestKeyHint(options, this.#options);
    this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity: 'error', message, object, ...hint });
    return false;
  }

  /** Requests are served all the same, with whatever certificate there is for the host. */
  #missingResolver(name: string, object: string, key: string): void {
    const because =
      this.#resolvers.size === 0 ? 'there are no certificate resolvers' : `there is no certificate resolver "${name}"`;
    const message = `"${key}.certResolver" is ${name}, but ${because}; certificates of the store are used`;
    const hint = nearestKeyHint(name, this.#resolvers);
    this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity: 'warning', message, object, ...hint });
  }
}
