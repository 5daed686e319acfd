// The outgoing target of a server with `preservePath`: its own path and the request's, joined by exactly one slash.

import type { RequestHead } from '@sluice/protocols';

export function joinServerPath(serverPath: string, request: RequestHead): string {
  const base = serverPath.endsWith('/') ? serverPath.slice(0, -1) : serverPath;
  const target = request.target;
  return target.startsWith('/') ? base + target : `${base}/${target}`;
}
