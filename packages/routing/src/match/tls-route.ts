// Who takes a connection over TLS: a router of TCP, or HTTPS (tcp-udp.md section 4). The one place that knows the precedence between
// the two; the data path and `explain` ask here. Allocates nothing but what the view makes.

import type { TcpTables } from '../snapshot/stream-records.ts';
import type { EntryPointHosts } from '../tls/entry-point-tls.ts';
import type { ConnectionMatcher, ConnectionView } from './connection-view.ts';

/** In place of a router of TCP. */
export const HTTPS = -1;

/** What tells routers of TCP; a snapshot reader is one. */
export interface CatchAlls {
  isTcpCatchAll(router: number): boolean;
}

/**
 * Index of the router of TCP, or `HTTPS`: then the server name decides about options, and there may be no router at all.
 * First come hosts that HTTPS routers name, then routers of TCP; among those for anybody HTTPS is first again.
 * @param hosts of the entry point
 */
export function tlsRoute(
  { tlsIndex, hasHttpsCatchAll }: Pick<TcpTables, 'tlsIndex' | 'hasHttpsCatchAll'>,
  hosts: Pick<EntryPointHosts, 'names'>,
  matcher: Pick<ConnectionMatcher, 'matchTcp'>,
  routers: CatchAlls,
  connection: ConnectionView,
): number {
  if (tlsIndex === -1 || hosts.names(connection.serverName)) return HTTPS;
  const router = matcher.matchTcp(tlsIndex, connection);
  return router !== -1 && hasHttpsCatchAll && routers.isTcpCatchAll(router) ? HTTPS : router;
}
