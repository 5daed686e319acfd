// Who may want a new connection by its first bytes. One object for each protocol; HTTP/1 is what is left when nobody does.

import type { DownstreamConnection } from '../worker/downstream-connection.ts';

export const Claim = {
  NO: 0,
  /** It may be, or not: more bytes will tell. A bounded number of them. */
  NEED_MORE: 1,
  YES: 2,
} as const;

export interface ProtocolTaker {
  /** What its connections may begin with; undefined: with anything. */
  readonly firstBytes: readonly number[] | undefined;
  /**
   * `bytes[start…end)` is everything received so far, at least one byte.
   * @returns a `Claim`: the same for these bytes and all that begin with them, unless NEED_MORE
   */
  claim(from: DownstreamConnection, bytes: Buffer, start: number, end: number): number;
  /** Another object takes the place of `from`, and the bytes with it: they are valid during the call only. */
  take(from: DownstreamConnection, bytes: Buffer, start: number, end: number): void;
}
