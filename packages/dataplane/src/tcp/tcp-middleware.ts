// Middlewares of TCP routers (tcp-udp.md section 10): who may have a connection. They see an address and no byte. One object for each
// router that uses one; what they count is shared by all workers and outlives reloads.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import type { TcpMiddlewareRecord } from '@sluice/routing/snapshot';
import { type LimitsBlock, nameHash } from '@sluice/shared-state';
import { AddressSet } from '../listen/address-set.ts';

export interface TcpMiddleware {
  /** @param client 16 bytes. @returns what keeps it out; undefined when it is in, until `leave`. */
  enter(client: Uint8Array): CatalogueEntry | undefined;
  /** Once for each that is in. */
  leave(client: Uint8Array): void;
}

/** Clients of a Unix socket have no address, and are no matter of these. */
export class IpAllowList implements TcpMiddleware {
  private readonly allowed: AddressSet;

  constructor(sourceRange: readonly string[]) {
    this.allowed = new AddressSet(sourceRange);
  }

  enter(client: Uint8Array): CatalogueEntry | undefined {
    return this.allowed.has(client) ? undefined : Errors.DOWNSTREAM_ADDRESS_DENIED;
  }

  leave(): void {}
}

/** IPv6 clients count by their /64, as everywhere. */
export class InFlightConnections implements TcpMiddleware {
  private readonly limits: LimitsBlock;
  private readonly slot: number;
  private readonly amount: number;
  /** What tells its counts from those of others in the table of clients. */
  private readonly scope: number;

  /** @param scope of router and middleware: each router counts its own connections. */
  constructor(limits: LimitsBlock, slot: number, scope: string, amount: number) {
    this.limits = limits;
    this.slot = slot;
    this.amount = amount;
    this.scope = nameHash(`inFlightConn\n${scope}`) | 0;
  }

  enter(client: Uint8Array): CatalogueEntry | undefined {
    const { limits, slot, amount, scope } = this;
    if (amount > 0 && limits.clients.tryAdd(scope, client, slot, amount)) return undefined;
    return Errors.DOWNSTREAM_ROUTER_CONNECTIONS_EXCEEDED;
  }

  leave(client: Uint8Array): void {
    this.limits.clients.remove(this.scope, client, this.slot);
  }
}

/** @throws Error for a type that is not known (the compiler should have refused it). */
export function makeTcpMiddleware(
  { name, type, optionsJson }: TcpMiddlewareRecord,
  router: string,
  limits: LimitsBlock,
  slot: number,
): TcpMiddleware {
  const options = JSON.parse(optionsJson) as { readonly sourceRange: readonly string[]; readonly amount: number };
  if (type === 'ipAllowList') return new IpAllowList(options.sourceRange);
  if (type === 'inFlightConn') return new InFlightConnections(limits, slot, `${router}\n${name}`, options.amount);
  throw new Error(`TCP middleware ${name} has the type ${type}, which this worker does not know`);
}
