// What connections and flows ask a service for: a server, be it the service's own or one of the services it is made of.
// Services are trees made from the leaves up, so that none can contain itself; how deep they go is bounded.

import type { TriedServers } from '../tried-servers.ts';

/** More than anybody means. Services may share parts, so that one pick may visit a part twice for each level. */
export const SERVICE_DEPTH_MAX = 8;

export interface BalancedService<Server> {
  /** Levels: 1 for a service with servers of its own. */
  readonly depth: number;
  /**
   * A server that is up and was not tried; undefined only when there is none. Hot path: allocates nothing.
   * @param key the client's address, for strategies that hash. Undefined: at random.
   */
  pick(key?: Uint8Array, tried?: TriedServers): Server | undefined;
  /** Is there a server that is up, tried or not? */
  isHealthy(): boolean;
}

/** @throws RangeError when services on these would go too deep. */
export function depthAbove(services: readonly { readonly depth: number }[]): number {
  const depth = 1 + services.reduce((most, service) => Math.max(most, service.depth), 0);
  if (depth > SERVICE_DEPTH_MAX) throw new RangeError(`services may be nested ${SERVICE_DEPTH_MAX} levels deep`);
  return depth;
}
