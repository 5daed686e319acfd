// Sends so many constant bytes on a connection: at once when they are few, otherwise in pieces, the next when the socket has taken
// the one before. For both ends of the exchanges of a benchmark, which never reserve anything else of the transport's arena.

import { INDEX_MASK, type StreamTransport } from '@sluice/native';
import { FILL_BYTE } from '../upstream/exchange-protocol.ts';

/** Stays in a processor's cache, and is much for one call. */
const PIECE_BYTES = 256 * 1024;

export class FillSender {
  private readonly transport: StreamTransport;
  private readonly offset: number;
  /** Bytes to send after those under way, by connection. */
  private readonly left = new Map<number, number>();

  constructor(transport: StreamTransport) {
    this.transport = transport;
    this.offset = transport.reserve(PIECE_BYTES);
    transport.memory.fill(FILL_BYTE, this.offset, this.offset + PIECE_BYTES);
  }

  send(connection: number, bytes: number): void {
    if (bytes <= PIECE_BYTES) this.transport.send(connection, this.offset, bytes);
    else {
      this.left.set(connection, bytes);
      this.goOn(connection);
    }
  }

  onDrained(connection: number): void {
    if (this.left.has(connection)) this.goOn(connection);
  }

  /** The connection has ended. */
  forget(connection: number): void {
    this.left.delete(connection);
  }

  private goOn(connection: number): void {
    const { transport } = this;
    let left = this.left.get(connection)!;
    do {
      const piece = Math.min(left, PIECE_BYTES);
      transport.send(connection, this.offset, piece);
      transport.flush();
      left -= piece;
      // Where nothing is queued nobody will tell that it is sent.
    } while (left > 0 && transport.queuedBytes[connection & INDEX_MASK] === 0);
    if (left > 0) this.left.set(connection, left);
    else this.left.delete(connection);
  }
}
