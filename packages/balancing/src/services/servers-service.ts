// A service with servers of its own: a picker, and what the data path knows of each server.

import type { ServerStatus } from '@sluice/shared-state';
import type { Picker, PickerServer } from '../picker.ts';
import type { TriedServers } from '../tried-servers.ts';
import type { BalancedService } from './balanced-service.ts';

export class ServersService<Server extends PickerServer> implements BalancedService<Server> {
  readonly depth = 1;
  readonly servers: readonly Server[];
  private readonly picker: Picker;
  private readonly status: ServerStatus;

  /** @param picker made for these servers, in this order. */
  constructor(servers: readonly Server[], picker: Picker, status: ServerStatus) {
    this.servers = servers;
    this.picker = picker;
    this.status = status;
  }

  pick(key?: Uint8Array, tried?: TriedServers): Server | undefined {
    const index = this.picker.pick(key, tried);
    return index === -1 ? undefined : this.servers[index];
  }

  isHealthy(): boolean {
    for (let index = 0; index < this.servers.length; index++) {
      const { weight, statusRow } = this.servers[index];
      if (weight > 0 && this.status.isUp(statusRow)) return true;
    }
    return false;
  }
}
