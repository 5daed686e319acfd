// Which new connections of clients an entry point takes: so many in all, so many of each address, both over all workers. What has
// been taken is given back when the connection is gone. Decides on numbers only; closing and logging happen elsewhere.

import type { EntryPointLimits } from '@sluice/config';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { LimitsBlock } from '@sluice/shared-state';

export class ClientAdmission {
  private readonly block: LimitsBlock;
  private readonly entryPoint: number;
  private readonly slot: number;
  private readonly connectionsMax: number;
  private readonly perClientMax: number;

  /** @param entryPoint its place in the static configuration. */
  constructor(block: LimitsBlock, entryPoint: number, slot: number, limits: EntryPointLimits) {
    this.block = block;
    this.entryPoint = entryPoint;
    this.slot = slot;
    this.connectionsMax = limits.maxConnections;
    this.perClientMax = limits.maxConnectionsPerClient;
  }

  /** @param address 16 bytes. @returns what keeps the client out; undefined when it is in, until `leave`. */
  admit(address: Uint8Array): CatalogueEntry | undefined {
    const { block, entryPoint, slot } = this;
    if (this.connectionsMax > 0 && !block.entryPoints.tryAdd(entryPoint, slot, this.connectionsMax)) {
      return Errors.DOWNSTREAM_CONNECTIONS_EXCEEDED;
    }
    if (!this.countsClient(address) || block.clients.tryAdd(entryPoint, address, slot, this.perClientMax))
      return undefined;
    if (this.connectionsMax > 0) block.entryPoints.add(entryPoint, slot, -1);
    return Errors.DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED;
  }

  /**
   * Of a connection that was admitted without an address: it has one now, under which it counts from here on.
   * @returns what keeps the client out: then it goes on counting without one.
   */
  identify(address: Uint8Array): CatalogueEntry | undefined {
    const { block, entryPoint, slot, perClientMax } = this;
    if (!this.countsClient(address) || block.clients.tryAdd(entryPoint, address, slot, perClientMax)) return undefined;
    return Errors.DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED;
  }

  /** Takes `identify` back. */
  unidentify(address: Uint8Array): void {
    if (this.countsClient(address)) this.block.clients.remove(this.entryPoint, address, this.slot);
  }

  /** Once for each client that was admitted. */
  leave(address: Uint8Array): void {
    const { block, entryPoint, slot } = this;
    if (this.connectionsMax > 0) block.entryPoints.add(entryPoint, slot, -1);
    if (this.countsClient(address)) block.clients.remove(entryPoint, address, slot);
  }

  /** Clients of a Unix socket have no address. */
  private countsClient(address: Uint8Array): boolean {
    return this.perClientMax > 0 && address.some((byte) => byte !== 0);
  }
}
