// What a rule may ask of a new flow. One for each worker, filled for one match.

import type { ConnectionView } from '@sluice/routing/snapshot';

/** The part of a ClientHello that is asked for. */
export interface OfferedNames {
  readonly serverName: string;
  offersAlpn(name: Uint8Array): boolean;
}

const NOTHING: OfferedNames = { serverName: '', offersAlpn: () => false };

export class FlowView implements ConnectionView {
  /** 16 bytes, IPv4 mapped. */
  readonly clientAddress = new Uint8Array(16);
  private hello: OfferedNames = NOTHING;

  /** @param hello undefined: the flow does not begin with one. */
  says(hello: OfferedNames | undefined): this {
    this.hello = hello ?? NOTHING;
    return this;
  }

  get serverName(): string {
    return this.hello.serverName;
  }

  offersAlpn(name: Uint8Array): boolean {
    return this.hello.offersAlpn(name);
  }
}
