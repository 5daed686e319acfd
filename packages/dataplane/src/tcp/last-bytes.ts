// The last bytes to a peer whose counterpart is gone without a proper end: it gets them before its connection is reset, as a reset
// throws away what the peer's kernel has not acknowledged. Looks now and then; bounded like any sending to a peer that is slow.
// One per connection that ends so.

import { Pause, type StreamConnection } from '../worker/stream-connection.ts';

const LOOK_MS = 20;
/** What the peer must take within that time: a reader of single bytes would keep the connection for ever. */
const PATIENCE_MS = 5_000;
const PROGRESS_MIN_BYTES = 1_024;

export class LastBytes {
  private readonly connection: StreamConnection;
  private takenBytes = 0;
  private patienceEndsAtMs = 0;

  constructor(connection: StreamConnection) {
    this.connection = connection;
  }

  /**
   * Is there anything left that the peer is still to get? Then the connection's `onExpired` follows soon, to ask again; what it sends
   * is not read meanwhile. Otherwise it may be reset.
   */
  remain(): boolean {
    const { connection } = this;
    const { id } = connection;
    const { transport } = connection.context;
    transport.flush();
    const taken = transport.takenBytes(id);
    if (taken === -1 || taken === transport.sentBytes(id)) return false;
    const { now } = transport;
    if (this.patienceEndsAtMs === 0) connection.pauseFor(Pause.HELD_INPUT);
    if (this.patienceEndsAtMs === 0 || taken >= this.takenBytes + PROGRESS_MIN_BYTES) {
      this.takenBytes = taken;
      this.patienceEndsAtMs = now + PATIENCE_MS;
    }
    if (now >= this.patienceEndsAtMs) return false;
    connection.expireAt(now + LOOK_MS);
    return true;
  }
}
