// Reads the ClientHello of new QUIC connections from the first datagrams of their flows, several of them where one has no room for it.
// So many flows may be in the middle of that; others are to come again. Changes no byte. Allocates a reader of 32 KiB for each that is
// in the middle of it, which is used again.

import { INITIAL_DATAGRAM_BYTES_MIN, InitialHello, QuicError, QuicHelloState } from '@sluice/protocols';

export const HelloVerdict = {
  /** It is no beginning of a QUIC connection that can be read: nothing is known of it. */
  NONE: 0,
  /** `helloOf` has it, until `forget`. */
  COMPLETE: 1,
  WAIT: 2,
  /** It pretends, or there are too many. */
  REFUSE: 3,
} as const;

const READERS_MAX = 512;
const SPARE_READERS_MAX = 16;
/** First bit of a datagram that may begin a connection (RFC 9000 §17.2). */
const LONG_HEADER = 0x80;
/** What follows cannot mend it. Other faults may be somebody else's datagrams in the client's name. */
const FATAL: ReadonlySet<number> = new Set([
  QuicError.BAD_HELLO,
  QuicError.TOO_MANY_PACKETS,
  QuicError.HELLO_TOO_LARGE,
  QuicError.CONFLICT,
]);

export class QuicHellos {
  private readonly readers = new Map<number, InitialHello>();
  private readonly spare: InitialHello[] = [];

  /** Flows in the middle of it. */
  get count(): number {
    return this.readers.size;
  }

  /** The first datagram of a flow, `bytes[start…end)`. @returns a `HelloVerdict` */
  begin(flow: number, bytes: Buffer, start: number, end: number): number {
    if (end - start < INITIAL_DATAGRAM_BYTES_MIN || (bytes[start]! & LONG_HEADER) === 0) return HelloVerdict.NONE;
    if (this.readers.size >= READERS_MAX) return HelloVerdict.REFUSE;
    const reader = this.spare.pop() ?? new InitialHello();
    this.readers.set(flow, reader);
    const result = reader.add(bytes, start, end);
    if (result === QuicHelloState.COMPLETE) return HelloVerdict.COMPLETE;
    if (result === QuicHelloState.NEED_MORE) return HelloVerdict.WAIT;
    this.forget(flow);
    return FATAL.has(result) ? HelloVerdict.REFUSE : HelloVerdict.NONE;
  }

  /** A further datagram of a flow that was told to wait. @returns COMPLETE, WAIT or REFUSE */
  add(flow: number, bytes: Buffer, start: number, end: number): number {
    const reader = this.readers.get(flow);
    if (reader === undefined) return HelloVerdict.WAIT;
    const result = reader.add(bytes, start, end);
    if (result === QuicHelloState.COMPLETE) return HelloVerdict.COMPLETE;
    if (!FATAL.has(result)) return HelloVerdict.WAIT;
    this.forget(flow);
    return HelloVerdict.REFUSE;
  }

  /** Of a flow whose verdict is COMPLETE. */
  helloOf(flow: number): InitialHello['hello'] | undefined {
    return this.readers.get(flow)?.hello;
  }

  /** It is decided about, or over. */
  forget(flow: number): void {
    const reader = this.readers.get(flow);
    if (reader === undefined) return;
    this.readers.delete(flow);
    if (this.spare.length === SPARE_READERS_MAX) return;
    reader.reset();
    this.spare.push(reader);
  }
}
