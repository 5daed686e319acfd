// What rules of TCP routers see of a connection: its address, and with TLS what its ClientHello says. One of each per worker, filled
// for one question and not kept.

import type { ClientHello } from '@sluice/protocols';
import type { ConnectionView } from '@sluice/routing/snapshot';

const NO_ADDRESS = new Uint8Array(16);

export class PlainView implements ConnectionView {
  readonly serverName = '';
  clientAddress: Uint8Array = NO_ADDRESS;

  of(clientAddress: Uint8Array): this {
    this.clientAddress = clientAddress;
    return this;
  }

  offersAlpn(): boolean {
    return false;
  }
}

export class HelloView implements ConnectionView {
  serverName = '';
  clientAddress: Uint8Array = NO_ADDRESS;
  private hello: ClientHello | undefined = undefined;

  /** @param hello as it was parsed last: its bytes must still be there. */
  of(hello: ClientHello, clientAddress: Uint8Array): this {
    this.hello = hello;
    this.serverName = hello.serverName;
    this.clientAddress = clientAddress;
    return this;
  }

  offersAlpn(name: Uint8Array): boolean {
    return this.hello?.offersAlpn(name) === true;
  }
}
