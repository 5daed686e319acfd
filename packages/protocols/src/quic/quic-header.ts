// Headers of QUIC packets: long ones of any version as far as they never change (RFC 8999), Initial packets of versions 1 and 2 as
// a whole (RFC 9000 §17.2.2, RFC 9369 §3.2), and the connection id of short ones. Reusable: one for each worker. Keeps positions
// in the bytes it was parsed from. Allocates the strings that are asked for.

import { QuicError } from './quic-error.ts';
import { VarintReader } from './varint-reader.ts';

export const QuicVersion = { V1: 0x00000001, V2: 0x6b3343cf } as const;
export const QuicPacketType = { OTHER_VERSION: -1, INITIAL: 0, ZERO_RTT: 1, HANDSHAKE: 2, RETRY: 3 } as const;

/** Of versions 1 and 2. Others may have 255. */
export const CONNECTION_ID_BYTES_MAX = 20;
const LONG = 0x80;
const FIXED = 0x40;
/** First byte, version, length of the first connection id. */
const IDS_OFFSET = 6;

export class QuicHeader {
  /** As unsigned number; 0 in a Version Negotiation packet. */
  version = 0;
  /** One of `QuicPacketType`. */
  type: number = QuicPacketType.OTHER_VERSION;
  destinationIdOffset = 0;
  destinationIdBytes = 0;
  sourceIdOffset = 0;
  sourceIdBytes = 0;
  /** Where the protected packet number begins. Only of packets that have a length: not of RETRY, nor of other versions. */
  numberOffset = 0;
  /** Where the packet ends; another may follow. */
  end = 0;
  private readonly reader = new VarintReader();

  /**
   * Of the packet at the beginning of `bytes[start…end)`, which is all that is left of its datagram.
   * @returns 0 or a `QuicError`: NOT_QUIC for short headers. After UNKNOWN_VERSION version and connection ids are set.
   */
  parse(bytes: Uint8Array, start: number, end: number): number {
    if (start >= end || (bytes[start] & LONG) === 0) return QuicError.NOT_QUIC;
    if (start + IDS_OFFSET > end) return QuicError.BAD_HEADER;
    this.version =
      ((bytes[start + 1] << 24) | (bytes[start + 2] << 16) | (bytes[start + 3] << 8) | bytes[start + 4]) >>> 0;
    const behind = this.readIds(bytes, start, end);
    if (behind === -1) return QuicError.BAD_HEADER;
    this.type = packetType(this.version, bytes[start]);
    if (this.type === QuicPacketType.OTHER_VERSION) return QuicError.UNKNOWN_VERSION;
    if ((bytes[start] & FIXED) === 0) return QuicError.NOT_QUIC;
    if (this.destinationIdBytes > CONNECTION_ID_BYTES_MAX || this.sourceIdBytes > CONNECTION_ID_BYTES_MAX) {
      return QuicError.BAD_CONNECTION_ID;
    }
    this.reader.reset(bytes, behind, end);
    return this.readLengths(end);
  }

  private readIds(bytes: Uint8Array, start: number, end: number): number {
    this.destinationIdOffset = start + IDS_OFFSET;
    this.destinationIdBytes = bytes[start + IDS_OFFSET - 1];
    this.sourceIdOffset = this.destinationIdOffset + this.destinationIdBytes + 1;
    if (this.sourceIdOffset > end) return -1;
    this.sourceIdBytes = bytes[this.sourceIdOffset - 1];
    const behind = this.sourceIdOffset + this.sourceIdBytes;
    return behind > end ? -1 : behind;
  }

  private readLengths(end: number): number {
    const { reader } = this;
    this.numberOffset = reader.at;
    this.end = end;
    if (this.type === QuicPacketType.RETRY) return 0;
    if (this.type === QuicPacketType.INITIAL && !reader.skip(reader.next())) return QuicError.BAD_HEADER;
    const length = reader.next();
    if (length < 0 || length > reader.left) return QuicError.BAD_HEADER;
    this.numberOffset = reader.at;
    this.end = reader.at + length;
    return 0;
  }
}

/** Versions 1 and 2 number the same types differently. */
function packetType(version: number, first: number): number {
  const bits = (first >> 4) & 3;
  if (version === QuicVersion.V1) return bits;
  return version === QuicVersion.V2 ? (bits + 3) & 3 : QuicPacketType.OTHER_VERSION;
}

/**
 * The connection id that a packet is addressed to, as the key of a table: its bytes read as Latin-1. For long headers of any version
 * and for short ones, which do not say how long theirs is.
 * @param shortIdBytes how long the connection ids are that servers give to their clients
 * @returns empty when there is none, or not all of it
 */
export function connectionIdOf(bytes: Buffer, start: number, end: number, shortIdBytes: number): string {
  if (start >= end) return '';
  const isLong = (bytes[start] & LONG) !== 0;
  if (isLong && start + IDS_OFFSET > end) return '';
  const offset = isLong ? start + IDS_OFFSET : start + 1;
  const idEnd = offset + (isLong ? bytes[offset - 1] : shortIdBytes);
  return idEnd > end ? '' : bytes.latin1Slice(offset, idEnd);
}
