// A set of IP addresses and CIDR ranges, asked once per connection. Addresses are 16 bytes, IPv4 mapped.

import { type ClientNetwork, networkContains, parseClientNetwork } from '@sluice/routing/snapshot';

export class AddressSet {
  private readonly networks: readonly ClientNetwork[];

  /** @param texts IPs or CIDRs. @throws Error naming the first one that is neither. */
  constructor(texts: readonly string[]) {
    this.networks = texts.map((text) => {
      const network = parseClientNetwork(text);
      if (network === undefined) throw new Error(`${JSON.stringify(text)} is neither an IP address nor a CIDR range`);
      return network;
    });
  }

  has(address: Uint8Array): boolean {
    return this.networks.some((network) => networkContains(network, address));
  }
}
