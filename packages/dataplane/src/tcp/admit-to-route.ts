// Does the router that a connection matches take it? Its middlewares decide, before a server is asked and before any handshake.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { EntryPoint } from '../http/entry-point.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { TcpRoute } from './tcp-route.ts';

/**
 * The route, which the client has entered and whoever gets it leaves once; undefined: the connection is to be closed.
 * @param router index in the revision in force
 */
export function admitToRoute(
  { revision, log, metrics }: WorkerContext,
  entryPoint: EntryPoint,
  peer: PeerAddress,
  router: number,
): TcpRoute | undefined {
  let route: TcpRoute;
  try {
    route = revision.tcp.at(router);
  } catch (error) {
    log.error(
      { err: error, code: Errors.INTERNAL_FAULT.code, entryPoint: entryPoint.name },
      Errors.INTERNAL_FAULT.meaning,
    );
    return undefined;
  }
  const refusal = route.enter(peer.bytes);
  if (refusal === undefined) return route;
  tell(refusal);
  if (entryPoint.countsStreams) metrics?.tcp.ofRouter(route.name, route.serviceName)?.counts.end('denied');
  entryPoint.metrics?.tcp?.end('denied');
  return undefined;

  function tell({ code, meaning }: CatalogueEntry): void {
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ code, entryPoint: entryPoint.name, router: route.name, client: peer.text }, meaning);
  }
}
