// Begins to connect to the server of a pool. When the process has no descriptor left, connections that have been idle for longest
// give way, once.

import { isHeldByIdle } from '../http/upstream-errors.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import type { UpstreamPool } from './upstream-pool.ts';

/** Of a TLS handshake (reference/http-services §8, fixed settings). */
export const HANDSHAKE_MS = 10_000;

/** The pool's name must have been resolved. @returns the transport's id. @throws Error with a `code`. */
export function connectToServer(context: WorkerContext, pool: UpstreamPool): number {
  try {
    return connectOnce(context, pool);
  } catch (error) {
    if (!isHeldByIdle(error) || !context.pools.makeRoom()) throw error;
    return connectOnce(context, pool);
  }
}

function connectOnce({ transport, resolver }: WorkerContext, pool: UpstreamPool): number {
  const { hostname, port, socketPath } = pool;
  if (socketPath !== '') return transport.connectUnix(socketPath);
  // A request follows, or TLS before it.
  return transport.connect(resolver.cached(hostname) ?? hostname, port, true);
}
