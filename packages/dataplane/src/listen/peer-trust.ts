// Peers that may speak for others: some addresses, or all of them. Asked once per connection.

import { AddressSet } from './address-set.ts';

export class PeerTrust {
  private readonly everybody: boolean;
  private readonly addresses: AddressSet;

  /** @throws Error for what is neither an IP address nor a CIDR range. */
  constructor({ insecure, trustedIPs }: { readonly insecure: boolean; readonly trustedIPs: readonly string[] }) {
    this.everybody = insecure;
    this.addresses = new AddressSet(trustedIPs);
  }

  /** @param address 16 bytes. */
  trusts(address: Uint8Array): boolean {
    return this.everybody || this.addresses.has(address);
  }
}
