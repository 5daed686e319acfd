// Which TLS options apply to which host of an entry point, and to which router there (tls-acme.md section 4): they are chosen
// before a request is read, by server name alone, so routers that share a host must agree. Pure. Runs over all routers that take
// TLS whenever something changes, so it makes no table while all of them have the default options.

import { DEFAULT_TLS_OPTIONS } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { type EntryPointTls, withoutFirstLabel } from '../tls/entry-point-tls.ts';

/** What a router without a host is for: names that nobody else has. */
const ANY_HOST = '*';
const ANY_HOSTS: readonly string[] = [ANY_HOST];
const ONLY_DEFAULT: EntryPointTls = { hosts: {}, fallback: DEFAULT_TLS_OPTIONS };
const NO_ROUTERS: ReadonlySet<never> = new Set<never>();

/** A router that takes TLS on the entry point; a PlannedRouter is one. */
export interface TlsRouter {
  /** As configured. */
  readonly qualifiedName: string;
  readonly rule: { readonly hosts: readonly string[] };
  /** What it asks for; `default` when its rule names no host. */
  readonly tlsOptions: string;
}

export interface ResolvedTlsOptions {
  readonly tls: EntryPointTls;
  /** Routers that get `default` instead of what they ask for. The reference calls them `<entry point>-conflicted-<name>`. */
  readonly conflicted: ReadonlySet<TlsRouter>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * @param routers those that are served; their order is that of the diagnostics
 * @param unserved hosts of routers whose options cannot be used: connections to them are closed, unless another router is for them
 * @param keepsHosts all hosts are kept, also those whose options follow from the rest
 */
export function resolveTlsOptions(
  entryPoint: string,
  routers: readonly TlsRouter[],
  unserved: readonly string[],
  keepsHosts = false,
): ResolvedTlsOptions {
  if (!keepsHosts && unserved.length === 0 && routers.every(({ tlsOptions }) => tlsOptions === DEFAULT_TLS_OPTIONS)) {
    return { tls: ONLY_DEFAULT, conflicted: NO_ROUTERS, diagnostics: [] };
  }
  const disputed = disputedHosts(routers);
  const settlement = new Settlement(entryPoint, routers);
  if (disputed.size > 0) settlement.settle(disputed);
  const { conflicted, diagnostics } = settlement;
  const hosts = new Map<string, string | null>();
  for (const host of unserved) if (host !== ANY_HOST) hosts.set(host, null);
  for (const router of routers) {
    const options = conflicted.has(router) ? DEFAULT_TLS_OPTIONS : router.tlsOptions;
    for (const host of hostsOf(router)) hosts.set(host, options);
  }
  return { tls: keepsHosts ? complete(hosts) : shortest(hosts), conflicted, diagnostics };
}

export function isForAnyHost(router: TlsRouter): boolean {
  return hostsOf(router).includes(ANY_HOST);
}

function hostsOf({ rule }: TlsRouter): readonly string[] {
  return rule.hosts.length === 0 ? ANY_HOSTS : rule.hosts;
}

function disputedHosts(routers: readonly TlsRouter[]): Set<string> {
  const options = new Map<string, string>();
  const disputed = new Set<string>();
  for (const router of routers) {
    for (const host of hostsOf(router)) {
      const known = options.get(host);
      if (known === undefined) options.set(host, router.tlsOptions);
      else if (known !== router.tlsOptions) disputed.add(host);
    }
  }
  return disputed;
}

/** Nothing but the set named `default`, or a router for any host, decides about names that no router has. */
function shortest(hosts: ReadonlyMap<string, string | null>): EntryPointTls {
  const fallback = hosts.get(ANY_HOST) ?? DEFAULT_TLS_OPTIONS;
  const kept: [string, string | null][] = [];
  for (const entry of hosts) {
    const [host, options] = entry;
    if (host === ANY_HOST) continue;
    const wildcard = host.startsWith('*') ? undefined : hosts.get(withoutFirstLabel(host));
    if (options !== (wildcard === undefined ? fallback : wildcard)) kept.push(entry);
  }
  return { hosts: Object.fromEntries(kept), fallback };
}

function complete(hosts: ReadonlyMap<string, string | null>): EntryPointTls {
  const fallback = hosts.get(ANY_HOST) ?? DEFAULT_TLS_OPTIONS;
  return { hosts: Object.fromEntries([...hosts].filter(([host]) => host !== ANY_HOST)), fallback };
}

/**
 * Routers of one host with different options all get `default`. They may have further hosts, whose other routers then differ from
 * them in turn. Every host is looked at once.
 */
class Settlement {
  readonly conflicted = new Set<TlsRouter>();
  readonly diagnostics: Diagnostic[] = [];
  readonly #entryPoint: string;
  readonly #routers: readonly TlsRouter[];

  constructor(entryPoint: string, routers: readonly TlsRouter[]) {
    this.#entryPoint = entryPoint;
    this.#routers = routers;
  }

  settle(disputed: Set<string>): void {
    const sharing = routersByHost(this.#routers);
    // Grows while it is gone through: a set goes on to what is added meanwhile, and takes nothing twice.
    for (const host of disputed) {
      const routers = sharing.get(host)!;
      const changed = routers.filter((router) => this.#optionsOf(router) !== DEFAULT_TLS_OPTIONS);
      if (changed.length === 0) continue;
      this.#report(host, routers, changed);
      for (const router of changed) {
        this.conflicted.add(router);
        for (const other of hostsOf(router)) disputed.add(other);
      }
    }
  }

  #optionsOf(router: TlsRouter): string {
    return this.conflicted.has(router) ? DEFAULT_TLS_OPTIONS : router.tlsOptions;
  }

  #report(host: string, routers: readonly TlsRouter[], changed: readonly TlsRouter[]): void {
    const where = host === ANY_HOST ? 'routers for any host' : `routers of the host "${host}"`;
    const names = [...new Set(routers.map((router) => this.#optionsOf(router)))].join(', ');
    const message = `${where} have different TLS options on the entry point "${this.#entryPoint}" (${names}); all of them get "${DEFAULT_TLS_OPTIONS}" there`;
    for (const { qualifiedName } of changed) {
      const object = `http.routers.${qualifiedName}`;
      this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, object });
    }
  }
}

function routersByHost(routers: readonly TlsRouter[]): Map<string, TlsRouter[]> {
  const sharing = new Map<string, TlsRouter[]>();
  for (const router of routers) {
    for (const host of hostsOf(router)) {
      const list = sharing.get(host);
      if (list === undefined) sharing.set(host, [router]);
      else list.push(router);
    }
  }
  return sharing;
}
