// What does a client speak? Asks those who may want the connection, in order of precedence (tcp-udp.md section 1). One per worker.
// Most connections are decided by one byte; allocates nothing.

import type { DownstreamConnection } from '../worker/downstream-connection.ts';
import { Claim, type ProtocolTaker } from './protocol-taker.ts';

/** More bytes are needed to tell. */
export const UNDECIDED = 'undecided';

export class Detection {
  private readonly takers: readonly ProtocolTaker[];
  /** By first byte: 1 where somebody may want the connection. */
  private readonly wanted = new Uint8Array(256);

  /** @param takers the one to be asked first in front */
  constructor(takers: readonly ProtocolTaker[]) {
    this.takers = takers;
    for (const { firstBytes } of takers) {
      if (firstBytes === undefined) this.wanted.fill(1);
      else for (const byte of firstBytes) this.wanted[byte] = 1;
    }
  }

  /** False: it is HTTP/1, or nothing that is known. */
  mayBeOther(firstByte: number): boolean {
    return this.wanted[firstByte] === 1;
  }

  /** `bytes[start…end)`: everything received so far. @returns undefined: it is HTTP/1, or nothing that is known */
  takerOf(
    from: DownstreamConnection,
    bytes: Buffer,
    start: number,
    end: number,
  ): ProtocolTaker | typeof UNDECIDED | undefined {
    for (const taker of this.takers) {
      const claim = taker.claim(from, bytes, start, end);
      if (claim === Claim.YES) return taker;
      if (claim === Claim.NEED_MORE) return UNDECIDED;
    }
    return undefined;
  }
}
