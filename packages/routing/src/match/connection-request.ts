// A connection or session in the shape in which matchers look at requests: its server name is the host, and there is nothing else.
// One is reused for every match, so that matching allocates nothing; it must not outlive the call it was filled for.

import type { ConnectionView } from './connection-view.ts';
import type { RequestView } from './request-view.ts';

const NO_VALUES: readonly string[] = [];
const NO_ADDRESS = new Uint8Array(0);

export class ConnectionRequest implements RequestView {
  host = '';
  readonly path = '';
  readonly method = '';
  readonly query = undefined;
  clientAddress: Uint8Array = NO_ADDRESS;
  private connection: ConnectionView | undefined;

  /** @returns itself */
  of(connection: ConnectionView): this {
    this.connection = connection;
    // Read once: a view may make the string anew each time.
    this.host = connection.serverName;
    this.clientAddress = connection.clientAddress;
    return this;
  }

  headerValues(): readonly string[] {
    return NO_VALUES;
  }

  offersAlpn(name: Uint8Array): boolean {
    return this.connection?.offersAlpn(name) === true;
  }
}
