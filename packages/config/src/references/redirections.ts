// The objects of `entryPoints.<name>.http.redirections`: for each a router before all others and its middleware, as ordinary
// objects of the provider `internal` (http-routing.md section 7). Pure.

import type { MiddlewareConfiguration, RouterConfiguration } from '../model/dynamic-configuration.ts';
import type { EntryPointConfiguration } from '../model/static-configuration.ts';
import { parseEntryPointAddress } from '../schema/network.ts';
import { redirectionPort } from '../static/redirection-schema.ts';

/** What of an entry point counts here. */
export interface RedirectingEntryPoint {
  readonly address: string;
  readonly http: Pick<EntryPointConfiguration['http'], 'redirections'>;
}

export interface RedirectionObjects {
  readonly routers: Readonly<Record<string, RouterConfiguration>>;
  readonly middlewares: Readonly<Record<string, MiddlewareConfiguration>>;
}

/** Whoever names a host. */
const RULE = 'HostRegexp(`^.+$`)';

/** @param service of requests that are where they should be already, such as those that a trusted proxy got over TLS */
export function redirectionObjects(
  entryPoints: Readonly<Record<string, RedirectingEntryPoint>>,
  service: string,
): RedirectionObjects {
  const routers: Record<string, RouterConfiguration> = {};
  const middlewares: Record<string, MiddlewareConfiguration> = {};
  for (const [entryPoint, { http }] of Object.entries(entryPoints)) {
    const redirection = http.redirections?.entryPoint;
    if (redirection === undefined) continue;
    const { to, scheme, permanent, priority } = redirection;
    const name = unusedName(`${entryPoint}-to-${to}`, routers);
    const middleware = `redirect-${name}`;
    middlewares[middleware] = { type: 'redirectScheme', options: { scheme, port: portOf(to, entryPoints), permanent } };
    routers[name] = { entryPoints: [entryPoint], rule: RULE, priority, middlewares: [middleware], service };
  }
  return { routers, middlewares };
}

/** Letters and digits, words joined by `-`; names that become the same by that are told apart by a number. */
function unusedName(text: string, taken: Readonly<Record<string, unknown>>): string {
  const name = (text.match(/[\p{L}\p{N}]+/gu) ?? []).join('-');
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!Object.hasOwn(taken, candidate)) return candidate;
  }
}

/** Empty, for the scheme's own, when it is known only once the entry point listens. */
function portOf(to: string, entryPoints: Readonly<Record<string, RedirectingEntryPoint>>): string {
  const parsed = Object.hasOwn(entryPoints, to) ? parseEntryPointAddress(entryPoints[to]!.address) : undefined;
  const ofEntryPoint = typeof parsed === 'object' ? parsed.port : undefined;
  const port = redirectionPort(to) ?? ofEntryPoint;
  return port === undefined || port === 0 ? '' : String(port);
}

export function hasRedirections(entryPoints: Readonly<Record<string, RedirectingEntryPoint>>): boolean {
  return Object.values(entryPoints).some(({ http }) => http.redirections?.entryPoint !== undefined);
}
