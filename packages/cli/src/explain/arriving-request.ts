// What an entry point makes of a request before routing: the same steps as the data path, with what each of them changed.

import type { EntryPointConfiguration } from '@sluice/config';
import { encodeSemicolons, normalizePath, routingPath, sanitizePath, semicolonsToAmpersands } from '@sluice/protocols';
import { type RequestView, toMappedBytes } from '@sluice/routing';
import type { RequestedExchange } from './requested.ts';

export interface ArrivingRequest {
  /** Escaped path after normalisation and sanitising: what a server would get. */
  readonly path: string;
  readonly view: RequestView;
}

export interface RefusedRequest {
  readonly status: number;
  readonly reason: string;
}

export function arriveAt(
  entryPoint: EntryPointConfiguration,
  requested: RequestedExchange,
): ArrivingRequest | RefusedRequest {
  const { http } = entryPoint;
  const refusal = underscoreRefusal(http.underscoreHeadersStrategy, requested);
  if (refusal !== undefined) return refusal;
  const normal = requested.path === '*' ? '*' : normalizePath(requested.path);
  if (normal === undefined)
    return { status: 400, reason: 'the path has a character or a % encoding that is not valid' };
  const path = http.sanitizePath ? sanitizePath(normal) : normal;
  const routed = routingPath(path);
  if (routed === undefined) return { status: 400, reason: 'the path has a % encoding that is not valid' };
  const { query } = requested;
  const changeQuery = http.encodeQuerySemicolons ? encodeSemicolons : semicolonsToAmpersands;
  const dropped = http.underscoreHeadersStrategy === 'delete';
  const headers = requested.headers.filter(([name]) => !dropped || !name.includes('_'));
  return {
    path,
    view: {
      host: hostOf(requested.authority),
      path: routed,
      method: requested.method,
      query: query === undefined ? undefined : changeQuery(query),
      clientAddress: toMappedBytes(requested.clientIp),
      headerValues: (name) => headers.filter(([each]) => each === name).map(([, value]) => value),
    },
  };
}

function underscoreRefusal(strategy: string, { headers }: RequestedExchange): RefusedRequest | undefined {
  const header = headers.find(([name]) => name.includes('_'));
  if (strategy !== 'reject' || header === undefined) return undefined;
  return { status: 400, reason: `the header ${header[0]} has an underscore, which this entry point refuses` };
}

/** Canonical host (http-routing.md section 1, step 9): no port, no brackets, lower case. */
function hostOf(authority: string): string {
  const parts = /^\[([^\]]*)\](?::\d*)?$/.exec(authority) ?? /^([^:]*)(?::\d*)?$/.exec(authority);
  return (parts?.[1] ?? authority).trim().toLowerCase();
}
