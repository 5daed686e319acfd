// What a new connection of a client begins as, by what its entry point serves: the one place that knows. An entry point pays only for
// what it needs; where there is nothing but HTTP, that is one comparison.

import { DownstreamHttp1 } from '../http/downstream-http1.ts';
import type { EntryPoint } from '../http/entry-point.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import { admitToRoute } from '../tcp/admit-to-route.ts';
import { TcpSession } from '../tcp/tcp-session.ts';
import type { BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { FirstBytes } from './first-bytes.ts';
import { ProxyIntake } from './proxy-intake.ts';

/** It has been accepted, and nothing of it read. To be put into the table and opened. Undefined: it must be closed. */
export function firstConnection(
  context: WorkerContext,
  entryPoint: EntryPoint,
  peer: PeerAddress,
): DownstreamConnection | undefined {
  return entryPoint.proxyPeers === undefined
    ? connectionOf(context, entryPoint, peer)
    : new ProxyIntake(context, entryPoint, peer, connectionOf);
}

/** As `firstConnection`, once it is known who the client is. */
export function connectionOf(
  context: WorkerContext,
  entryPoint: EntryPoint,
  peer: PeerAddress,
): BeginsWithBytes | undefined {
  const { revision, tcp } = context;
  const tables = entryPoint.tcpIn(revision);
  if (tables === undefined) return new DownstreamHttp1(context, entryPoint, peer);
  if (!tables.matchesAtOnce) return new FirstBytes(context, entryPoint, peer);
  const router = revision.matcher.matchTcp(tables.plainIndex, tcp.plainView.of(peer.bytes));
  if (router === -1) return new FirstBytes(context, entryPoint, peer);
  const route = admitToRoute(context, entryPoint, peer, router);
  return route && new TcpSession(context, entryPoint, peer, { route });
}
