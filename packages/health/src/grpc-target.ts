// Works out, once per server, where a gRPC health check goes: only scheme, host and port count, as in the reference.
// Pure: reads the configuration, does no I/O.

import type { HealthCheckConfiguration } from '@sluice/config';
import type { CheckProblem } from './check-request.ts';

export interface GrpcTarget {
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host:port`, with brackets around IPv6. */
  readonly authority: string;
  readonly secure: boolean;
}

const SERVER_URL = /^(http|https|h2c):\/\/(?:[^/?#@]*@)?(\[[^\]/?#]+\]|[^:/?#]+)(?::(\d*))?(?:[/?#]|$)/i;
const SCHEMES = new Set(['http', 'https', 'h2c']);

/** @param serverUrl as configured. `path`, `headers`, `hostname`, `method` and `status` of the check have no meaning here. */
export function planGrpcTarget(
  serverUrl: string,
  check: Pick<HealthCheckConfiguration, 'scheme' | 'port'>,
): GrpcTarget | CheckProblem {
  const parts = SERVER_URL.exec(serverUrl);
  if (parts === null) return { problem: `server url "${serverUrl}" is not http://, https:// or h2c://` };
  const scheme = (check.scheme === '' ? parts[1]! : check.scheme).toLowerCase();
  if (!SCHEMES.has(scheme)) return { problem: `scheme "${check.scheme}" is none of http, https and h2c` };
  const secure = scheme === 'https';
  const port = check.port === 0 ? parts[3] || (secure ? '443' : '80') : String(check.port);
  const host = parts[2]!;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port), authority: `${host}:${port}`, secure };
}
