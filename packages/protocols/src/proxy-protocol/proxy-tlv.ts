// Extensions of PROXY headers of version 2 (section 2.2 of the PROXY protocol): type, length in two bytes, value. Finds them,
// checks them, writes them. What they mean is not judged here; nothing is allocated.

import { crc32c } from './crc32c.ts';
import { ProxyError } from './proxy-error.ts';

export const ProxyTlvType = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  NETNS: 0x30,
} as const;

/** Type and length. */
export const TLV_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
const NO_BYTES = new Uint8Array(CHECKSUM_BYTES);

/** @returns where the value of the first extension of this type begins; -1 when there is none */
export function findProxyTlv(bytes: Uint8Array, offset: number, tlvBytes: number, type: number): number {
  const end = offset + tlvBytes;
  for (let at = offset; at + TLV_HEADER_BYTES <= end; at += TLV_HEADER_BYTES + tlvValueBytes(bytes, at)) {
    if (bytes[at] === type) return at + TLV_HEADER_BYTES;
  }
  return -1;
}

/** How long a value is that `findProxyTlv` has found. */
export function proxyTlvValueBytes(bytes: Uint8Array, valueOffset: number): number {
  return tlvValueBytes(bytes, valueOffset - TLV_HEADER_BYTES);
}

/** For `writeProxyV2`. @returns the offset behind it @throws RangeError when it does not fit */
export function writeProxyTlv(into: Uint8Array, at: number, type: number, value: Uint8Array): number {
  const end = at + TLV_HEADER_BYTES + value.length;
  if (value.length > 0xffff || end > into.length) throw new RangeError('the extension does not fit into the buffer');
  into[at] = type;
  into[at + 1] = value.length >> 8;
  into[at + 2] = value.length & 0xff;
  into.set(value, at + TLV_HEADER_BYTES);
  return end;
}

/** Do all extensions of a complete header fit, and is its checksum right where there is one? @returns 0 or a `ProxyError` */
export function checkProxyTlvs(bytes: Uint8Array, headerStart: number, offset: number, end: number): number {
  let checksum = -1;
  let at = offset;
  while (at < end) {
    if (at + TLV_HEADER_BYTES > end) return ProxyError.BAD_TLV;
    const value = at + TLV_HEADER_BYTES;
    const next = value + tlvValueBytes(bytes, at);
    if (next > end) return ProxyError.BAD_TLV;
    if (bytes[at] === ProxyTlvType.CRC32C) {
      if (checksum !== -1 || next - value !== CHECKSUM_BYTES) return ProxyError.BAD_CHECKSUM;
      checksum = value;
    }
    at = next;
  }
  if (checksum === -1) return 0;
  return readChecksum(bytes, checksum) === checksumOf(bytes, headerStart, checksum, end) ? 0 : ProxyError.BAD_CHECKSUM;
}

/** Sets the checksum of a complete header to what it must be, if the header has one. */
export function renewChecksum(bytes: Uint8Array, headerStart: number, offset: number, end: number): void {
  const value = findProxyTlv(bytes, offset, end - offset, ProxyTlvType.CRC32C);
  if (value === -1 || proxyTlvValueBytes(bytes, value) !== CHECKSUM_BYTES) return;
  const sum = checksumOf(bytes, headerStart, value, end);
  for (let index = 0; index < CHECKSUM_BYTES; index++) bytes[value + index] = sum >>> (24 - 8 * index);
}

/** Over the whole header, with zeros in place of the checksum itself. */
function checksumOf(bytes: Uint8Array, start: number, checksum: number, end: number): number {
  const before = crc32c(NO_BYTES, 0, CHECKSUM_BYTES, crc32c(bytes, start, checksum));
  return crc32c(bytes, checksum + CHECKSUM_BYTES, end, before);
}

function readChecksum(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0;
}

function tlvValueBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at + 1] << 8) | bytes[at + 2];
}
