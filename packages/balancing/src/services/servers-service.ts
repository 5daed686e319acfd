// A service with servers of its own: a picker, and what the data path knows of each server. Where connections to servers are limited,
// one that takes the connection at once is preferred to one where it would wait. Allocates nothing per pick.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer } from '../picker.ts';
import { TriedServers } from '../tried-servers.ts';
import type { BalancedService } from './balanced-service.ts';

export class ServersService<Server extends PickerServer> implements BalancedService<Server> {
  readonly depth = 1;
  readonly servers: readonly Server[];
  private readonly picker: Picker;
  private readonly status: ServerStatus;
  private readonly hasRoom: ((server: Server) => boolean) | undefined;
  /** For one call: servers that were tried, and those that are full. */
  private readonly passedOver = new TriedServers();

  /**
   * @param picker made for these servers, in this order.
   * @param hasRoom undefined: no server is limited.
   */
  constructor(servers: readonly Server[], picker: Picker, status: ServerStatus, hasRoom?: (server: Server) => boolean) {
    this.servers = servers;
    this.picker = picker;
    this.status = status;
    this.hasRoom = hasRoom;
  }

  pick(key?: Uint8Array, tried?: TriedServers): Server | undefined {
    const index = this.picker.pick(key, tried);
    if (index === -1) return undefined;
    const first = this.servers[index];
    return this.hasRoom === undefined || this.hasRoom(first) ? first : this.pickWithRoom(first, key, tried);
  }

  /** A server that is not full, or else the first one: that is where the connection waits. */
  private pickWithRoom(first: Server, key: Uint8Array | undefined, tried: TriedServers | undefined): Server {
    const { passedOver } = this;
    passedOver.copy(tried);
    for (let server = first; !passedOver.isFull; ) {
      passedOver.add(server.statusRow);
      const index = this.picker.pick(key, passedOver);
      if (index === -1) return first;
      server = this.servers[index];
      if (this.hasRoom!(server)) return server;
    }
    return first;
  }

  isHealthy(): boolean {
    for (let index = 0; index < this.servers.length; index++) {
      const { weight, statusRow } = this.servers[index];
      if (weight > 0 && this.status.isUp(statusRow)) return true;
    }
    return false;
  }
}
