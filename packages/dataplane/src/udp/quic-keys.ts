// Under which connection ids a server of QUIC is spoken to, so that a client that comes from another address is known again: the ids
// that it gives itself in the long headers of its first answers. Ids that it gives later are encrypted; whoever uses one of those from a
// new address is not known. Allocates a view per id.

import type { FlowKeyOptions } from '@sluice/native';
import { INITIAL_DATAGRAM_BYTES_MIN, QuicError, QuicHeader } from '@sluice/protocols';

/** Ids are known by their first bytes, as short headers do not say how long they are. Shorter ids are not known. */
const KEY_BYTES = 8;
/** First bit of long headers. */
const LONG = 0x80;
/** First byte, version, length of the id. */
const LONG_ID_OFFSET = 6;

/**
 * Short headers have the id right behind the first byte (RFC 9000 §17.3), long ones behind version and length, where it is known of a
 * client that moves before its handshake is over: until it has heard of its server it uses an id of its own, which nobody knows. The bit
 * that says QUIC need not be set in either (RFC 9287).
 */
export const QUIC_KEY: FlowKeyOptions = {
  bytes: KEY_BYTES,
  offset: 1,
  mask: LONG,
  value: 0,
  other: { offset: LONG_ID_OFFSET, mask: LONG, value: LONG },
};

/** So many answers of a server may have its id: a Retry, and then a flight in several datagrams. */
export const ANSWERS_INSPECTED = 6;

const header = new QuicHeader();

/** Could this begin a connection? Of whatever version; says nothing of what is in it. */
export function mayBeginQuic(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= INITIAL_DATAGRAM_BYTES_MIN && (bytes[start] & 0xc0) === 0xc0;
}

/** Where the key of a client's datagram begins, as QUIC_KEY has it; -1: it has none. */
export function keyOffset(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  if ((bytes[start] & LONG) === 0) return end - start > KEY_BYTES ? start + 1 : -1;
  return end - start >= LONG_ID_OFFSET + KEY_BYTES && bytes[start + 5] >= KEY_BYTES ? start + LONG_ID_OFFSET : -1;
}

/** @returns the key of the connection id that the sender of this datagram has; undefined: there is none, or it is too short. */
export function keyOfAnswer(bytes: Buffer, start: number, end: number): Uint8Array | undefined {
  if (start >= end || (bytes[start] & LONG) === 0) return undefined;
  const fault = header.parse(bytes, start, end);
  // A long header without the fixed bit is NOT_QUIC to the parser, which has read the ids.
  if (fault !== 0 && fault !== QuicError.UNKNOWN_VERSION && fault !== QuicError.NOT_QUIC) return undefined;
  if (header.version === 0 || header.sourceIdBytes < KEY_BYTES) return undefined;
  return bytes.subarray(header.sourceIdOffset, header.sourceIdOffset + KEY_BYTES);
}
