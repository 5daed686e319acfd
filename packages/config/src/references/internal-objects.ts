// Routers and services of the program itself (provider `internal`): what the static configuration switches on, as ordinary
// objects, so that entry points, priorities and middlewares work for them as for any others. Pure.

import type { HttpConfiguration, RouterConfiguration, ServiceConfiguration } from '../model/dynamic-configuration.ts';
import { hasRedirections, type RedirectingEntryPoint, redirectionObjects } from './redirections.ts';

/** Where one of our pages is to be. */
interface PagePlace {
  readonly entryPoint: string;
  readonly manualRouting: boolean;
}

/** What of a static configuration switches services of our own on. */
export interface InternalSwitches {
  readonly ping?: PagePlace;
  readonly metrics: { readonly prometheus?: PagePlace };
  readonly entryPoints: Readonly<Record<string, RedirectingEntryPoint>>;
  /** Services are there whether something needs them or not. */
  readonly everyService?: boolean;
}

/** Its objects are `<name>@internal`. */
export const INTERNAL_PROVIDER = 'internal';
/** Answers 418 to everything: for routers whose middlewares answer. */
export const NOOP_SERVICE = 'noop';
/** Before every router of a user. */
const HIGHEST_PRIORITY = 2n ** 63n - 1n;

/** What has to be in the static configuration for each service of our own; undefined: this version has none such. */
const SWITCHES: Readonly<Record<string, string | undefined>> = {
  ping: 'ping',
  prometheus: 'metrics.prometheus',
  noop: 'entryPoints.<name>.http.redirections',
};
/** Of the reference; not there yet. */
const LATER: ReadonlySet<string> = new Set(['api', 'dashboard', 'rest', 'acme-http']);

const MANUAL: PagePlace = { entryPoint: '', manualRouting: true };
/** For tools that know no static configuration: every service there is, and no router. */
export const ALL_INTERNAL_SERVICES: InternalSwitches = {
  ping: MANUAL,
  metrics: { prometheus: MANUAL },
  entryPoints: {},
  everyService: true,
};

/**
 * Names are unqualified, as a provider delivers them.
 * @param adminSocket absolute path of the Unix socket on which the services are served; empty where nothing is to be reached.
 */
export function internalObjects(switches: InternalSwitches, adminSocket: string): HttpConfiguration {
  const { ping, metrics, entryPoints, everyService = false } = switches;
  const redirections = redirectionObjects(entryPoints, NOOP_SERVICE);
  const routers: Record<string, RouterConfiguration> = { ...redirections.routers };
  const services: Record<string, ServiceConfiguration> = {};
  const add = (name: string, prefix: string, entryPoint: string | undefined) => {
    services[name] = internalService(name, adminSocket);
    if (entryPoint !== undefined) routers[name] = internalRouter(name, prefix, entryPoint);
  };
  const { prometheus } = metrics;
  if (ping !== undefined) add('ping', '/ping', ping.manualRouting ? undefined : ping.entryPoint);
  if (prometheus !== undefined) {
    add('prometheus', '/metrics', prometheus.manualRouting ? undefined : prometheus.entryPoint);
  }
  if (everyService || hasRedirections(entryPoints)) add(NOOP_SERVICE, '', undefined);
  return { routers, services, middlewares: redirections.middlewares, serversTransports: {} };
}

/** Is it a service of the program itself, by its qualified name? */
export function isInternalService(qualifiedName: string): boolean {
  return qualifiedName.endsWith(`@${INTERNAL_PROVIDER}`);
}

/** Why there is no such service, by its qualified name. */
export function missingInternalService(qualifiedName: string): string {
  const name = qualifiedName.slice(0, -INTERNAL_PROVIDER.length - 1);
  const key = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
  if (key !== undefined)
    return `the service "${qualifiedName}" is not enabled: the static configuration has no "${key}"`;
  if (LATER.has(name)) return `the service "${qualifiedName}" is not supported by this version yet`;
  return `there is no internal service "${qualifiedName}"`;
}

/** The name tells the services of one socket apart: it is sent as `Host`. */
function internalService(name: string, adminSocket: string): ServiceConfiguration {
  return {
    loadBalancer: {
      servers: [{ url: `unix://${name}${encodePath(adminSocket)}`, weight: 1, preservePath: false }],
      strategy: 'wrr',
      passHostHeader: false,
      serversTransport: '',
    },
  };
}

function internalRouter(name: string, prefix: string, entryPoint: string): RouterConfiguration {
  const rule = `PathPrefix(\`${prefix}\`)`;
  return { entryPoints: [entryPoint], rule, priority: HIGHEST_PRIORITY, middlewares: [], service: name };
}

/** Whatever the path has, it stays one path of a URL. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
