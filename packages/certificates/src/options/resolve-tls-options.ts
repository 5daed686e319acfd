// Which options apply to which host on which entry point, and to which router there (tls-acme.md section 4): chosen before a
// request is read, by server name alone, so routers that share a host must agree. Pure.

import {
  DEFAULT_TLS_OPTIONS,
  defaultEntryPoints,
  type EntryPointConfiguration,
  type HttpConfiguration,
  type RouterConfiguration,
  type RouterTlsConfiguration,
  type TlsReferenceReport,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { ANY_HOST, ruleHosts } from './rule-hosts.ts';

export interface TlsOptionsInput {
  /** Merged, under qualified names. */
  readonly http: HttpConfiguration;
  readonly entryPoints: Readonly<Record<string, EntryPointConfiguration>>;
  /** Of `checkTlsReferences`. */
  readonly unusable: TlsReferenceReport['unusable'];
}

export interface ResolvedTlsOptions {
  readonly entryPoints: Readonly<Record<string, ResolvedEntryPoint>>;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ResolvedEntryPoint {
  /** Name of the option set by host, `*` for names that are not among them; undefined: connections are closed. */
  readonly hosts: ReadonlyMap<string, string | undefined>;
  /** Name of the option set of every router that takes TLS here. Requests that came under other options get 421. */
  readonly routers: ReadonlyMap<string, string>;
  /** Routers that have other options here than they ask for; the reference calls them `<entry point>-conflicted-<name>`. */
  readonly conflicted: ReadonlySet<string>;
}

/** A router on one entry point. */
interface Claim {
  readonly router: string;
  readonly hosts: readonly string[];
  /** Undefined: they cannot be used, so the router serves nothing. */
  options: string | undefined;
}

export function resolveTlsOptions({ http, entryPoints, unusable }: TlsOptionsInput): ResolvedTlsOptions {
  const resolution = new Resolution(unusable);
  const defaults = defaultEntryPoints(entryPoints);
  const hosts = new Map<string, readonly string[]>();
  for (const [name, router] of Object.entries(http.routers)) {
    const on = new Set(router.entryPoints.length === 0 ? defaults : router.entryPoints);
    for (const entryPoint of on) {
      const tls = Object.hasOwn(entryPoints, entryPoint) ? effectiveTls(router, entryPoints[entryPoint]!) : undefined;
      if (tls === undefined) continue;
      if (!hosts.has(name)) hosts.set(name, ruleHosts(router.rule));
      resolution.claim(entryPoint, name, router, tls, hosts.get(name)!);
    }
  }
  const resolved = Object.keys(entryPoints).map((name) => [name, resolution.resolve(name)] as const);
  return { entryPoints: Object.fromEntries(resolved), diagnostics: resolution.diagnostics };
}

/** The section of the router, or else as a whole that of the entry point. */
export function effectiveTls(
  router: RouterConfiguration,
  entryPoint: EntryPointConfiguration,
): RouterTlsConfiguration | undefined {
  return router.tls ?? entryPoint.http.tls;
}

class Resolution {
  readonly diagnostics: Diagnostic[] = [];
  readonly #unusable: TlsReferenceReport['unusable'];
  readonly #claims = new Map<string, Claim[]>();

  constructor(unusable: TlsReferenceReport['unusable']) {
    this.#unusable = unusable;
  }

  claim(
    entryPoint: string,
    name: string,
    router: RouterConfiguration,
    tls: RouterTlsConfiguration,
    hosts: readonly string[],
  ): void {
    const isUsable =
      router.tls === undefined ? !this.#unusable.entryPoints.has(entryPoint) : !this.#unusable.routers.has(name);
    const wanted = tls.options === '' ? DEFAULT_TLS_OPTIONS : tls.options;
    const options = isUsable ? wanted : undefined;
    const claims = this.#claims.get(entryPoint) ?? [];
    this.#claims.set(entryPoint, claims);
    if (hosts.length > 0) claims.push({ router: name, hosts, options });
    else {
      claims.push({ router: name, hosts: [ANY_HOST], options: isUsable ? DEFAULT_TLS_OPTIONS : undefined });
      if (isUsable && wanted !== DEFAULT_TLS_OPTIONS) this.#withoutHost(name, entryPoint, wanted);
    }
  }

  resolve(entryPoint: string): ResolvedEntryPoint {
    const claims = this.#claims.get(entryPoint) ?? [];
    const conflicted = this.#settle(entryPoint, claims);
    const hosts = new Map<string, string | undefined>();
    const routers = new Map<string, string>();
    for (const { router, hosts: names, options } of claims) {
      if (options !== undefined) routers.set(router, options);
      // A host is closed only when none of its routers can be served.
      for (const name of names) if (options !== undefined || !hosts.has(name)) hosts.set(name, options);
    }
    // Nothing but the options named `default` decides about connections that no router is for.
    if (hosts.get(ANY_HOST) === undefined) hosts.set(ANY_HOST, DEFAULT_TLS_OPTIONS);
    return { hosts, routers, conflicted };
  }

  /**
   * Routers of one host with different options all get `default`. They may have further hosts, whose other routers then
   * differ from them in turn; each round moves at least one router, so it ends.
   */
  #settle(entryPoint: string, claims: readonly Claim[]): Set<string> {
    const conflicted = new Set<string>();
    const usable = claims.filter(({ options }) => options !== undefined);
    for (let changed = true; changed; ) {
      changed = false;
      for (const [host, sharing] of byHost(usable)) {
        const names = new Set(sharing.map(({ options }) => options!));
        if (names.size < 2) continue;
        this.#conflict(entryPoint, host, sharing, [...names]);
        for (const claim of sharing) {
          if (claim.options === DEFAULT_TLS_OPTIONS) continue;
          claim.options = DEFAULT_TLS_OPTIONS;
          conflicted.add(claim.router);
          changed = true;
        }
      }
    }
    return conflicted;
  }

  #conflict(entryPoint: string, host: string, sharing: readonly Claim[], names: readonly string[]): void {
    const where = host === ANY_HOST ? 'routers for any host' : `routers of the host "${host}"`;
    const message = `${where} have different TLS options on the entry point "${entryPoint}" (${names.join(', ')}); all of them get "${DEFAULT_TLS_OPTIONS}" there`;
    for (const { router, options } of sharing) {
      if (options === DEFAULT_TLS_OPTIONS) continue;
      this.diagnostics.push({
        code: 'CONFIG_CONFLICT',
        severity: 'warning',
        message,
        object: `http.routers.${router}`,
      });
    }
  }

  #withoutHost(name: string, entryPoint: string, wanted: string): void {
    const message = `its rule names no host, by which TLS options are chosen; on the entry point "${entryPoint}" it gets "${DEFAULT_TLS_OPTIONS}" instead of "${wanted}"`;
    this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, object: `http.routers.${name}` });
  }
}

function byHost(claims: readonly Claim[]): Map<string, Claim[]> {
  const sharing = new Map<string, Claim[]>();
  for (const claim of claims) {
    for (const host of claim.hosts) {
      const list = sharing.get(host);
      if (list === undefined) sharing.set(host, [claim]);
      else list.push(claim);
    }
  }
  return sharing;
}
