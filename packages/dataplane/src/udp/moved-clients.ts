// QUIC clients that come from another address to a worker that does not have their flow: by the connection id of their server, which the
// worker that has seen it has written where all can read it. The server gets another address of ours for the same connection, as it
// would without us in between. Allocates per flow of QUIC, and with the first client that is found under each revision.

import type { BalancedService, TriedServers } from '@sluice/balancing';
import { type KnownIds, nameHash } from '@sluice/shared-state';
import { SeatTable } from '../worker/seat-table.ts';
import { keyOffset } from './quic-keys.ts';
import type { UdpRoute, UdpRoutes } from './udp-routes.ts';
import type { UdpServer } from './udp-server.ts';

/** Where such a client goes, whatever the routers would say to a packet that tells nothing. */
export class MovedClient implements BalancedService<UdpServer> {
  readonly depth = 1;
  readonly server: UdpServer;
  readonly route: UdpRoute;

  constructor(server: UdpServer, route: UdpRoute) {
    this.server = server;
    this.route = route;
  }

  pick(_?: Uint8Array, tried?: TriedServers): UdpServer | undefined {
    return tried?.has(this.server.statusRow) === true ? undefined : this.server;
  }

  isHealthy(): boolean {
    return true;
  }
}

interface Known {
  readonly server: UdpServer;
  readonly route: UdpRoute;
}

export class MovedClients {
  private readonly ids: KnownIds;
  private readonly slot: number;
  /** Flows whose clients may move. */
  private readonly flows = new SeatTable<Known>();

  constructor(ids: KnownIds, slot: number) {
    this.ids = ids;
    this.slot = slot;
  }

  began(flow: number, server: UdpServer, route: UdpRoute): void {
    this.flows.set(flow, { server, route });
  }

  ended(flow: number): void {
    this.flows.delete(flow);
  }

  /** The flow's server is spoken to under the id that begins at `offset`. */
  learned(flow: number, bytes: Uint8Array, offset: number): void {
    const known = this.flows.get(flow);
    if (known === undefined) return;
    this.ids.put(this.slot, bytes, offset, known.server.number, nameHash(known.route.name));
  }

  /** @returns undefined: the first datagram of a flow, `bytes[start…end)`, is of nobody who is known, or its server is not there any more. */
  find(bytes: Uint8Array, start: number, end: number, routes: UdpRoutes): MovedClient | undefined {
    const offset = keyOffset(bytes, start, end);
    if (offset === -1 || !this.ids.find(bytes, offset)) return undefined;
    const { server, router } = this.ids;
    const found = routes.serverNumbered(server);
    return found && new MovedClient(found, routes.routeNumbered(router) ?? { name: '', service: undefined });
  }
}
