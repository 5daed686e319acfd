// Reads a PROXY header of either version (PROXY protocol, 2020/03/05) from the first bytes of a connection. Pure: the same bytes
// give the same result, and every prefix of them "more are needed" or that result. Whether the peer is to be believed is the
// caller's business, and so is what becomes of bytes that are no header. Allocates nothing.

import { MAPPED_BYTES, setMappedPrefix } from './ip-text.ts';
import { ProxyError } from './proxy-error.ts';
import { IP_BYTES, type ProxyHeader } from './proxy-header.ts';
import { PROXY_V1_SIGNATURE, parseProxyLine } from './proxy-line.ts';
import { checkProxyTlvs } from './proxy-tlv.ts';

export const PROXY_V2_SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a);
/** Signature, version with command, family with transport, length. */
export const PROXY_V2_FIXED_BYTES = 16;
/** Addresses and extensions. A length of 64 KiB could be announced; certificates of clients in extensions stay below this. */
export const PROXY_V2_BODY_BYTES_MAX = 4096;
/** What a caller has to be able to hold until the parser has decided. */
export const PROXY_HEADER_BYTES_MAX = PROXY_V2_FIXED_BYTES + PROXY_V2_BODY_BYTES_MAX;

const LOCAL = 0;
const PROXY = 1;
export const FAMILY_INET = 1;
export const FAMILY_INET6 = 2;
const FAMILY_UNIX = 3;
const TRANSPORT_MAX = 2;
export const INET_BYTES = 12;
export const INET6_BYTES = 36;
const UNIX_BYTES = 216;

/**
 * `bytes[start…end)` are all bytes received so far, in any number of reads.
 * @returns above 0: complete, and so many bytes belong to it; `header` is filled. 0: more bytes are needed, at most
 *   `PROXY_HEADER_BYTES_MAX` in all. Below 0: a `ProxyError`; NO_HEADER means that the bytes are something else.
 */
export function parseProxyHeader(header: ProxyHeader, bytes: Uint8Array, start: number, end: number): number {
  header.reset();
  if (start >= end) return 0;
  const isLine = bytes[start] === PROXY_V1_SIGNATURE[0];
  const signature = isLine ? PROXY_V1_SIGNATURE : PROXY_V2_SIGNATURE;
  const length = Math.min(end - start, signature.length);
  for (let index = 0; index < length; index++) {
    if (bytes[start + index] !== signature[index]) return ProxyError.NO_HEADER;
  }
  if (length < signature.length) return 0;
  const result = isLine ? parseProxyLine(header, bytes, start, end) : parseBinary(header, bytes, start, end);
  if (result <= 0) header.reset();
  return result;
}

function parseBinary(header: ProxyHeader, bytes: Uint8Array, start: number, end: number): number {
  const fixed = start + PROXY_V2_SIGNATURE.length;
  if (end > fixed) {
    if (bytes[fixed] >> 4 !== 2) return ProxyError.BAD_VERSION;
    if ((bytes[fixed] & 15) > PROXY) return ProxyError.BAD_COMMAND;
  }
  const isLocal = (bytes[fixed] & 15) === LOCAL;
  const family = bytes[fixed + 1] >> 4;
  // A receiver has to take LOCAL whatever else it says.
  if (end > fixed + 1 && !isLocal && (family > FAMILY_UNIX || (bytes[fixed + 1] & 15) > TRANSPORT_MAX)) {
    return ProxyError.BAD_FAMILY;
  }
  const body = start + PROXY_V2_FIXED_BYTES;
  if (end < body) return 0;
  const bodyBytes = (bytes[fixed + 2] << 8) | bytes[fixed + 3];
  if (bodyBytes > PROXY_V2_BODY_BYTES_MAX) return ProxyError.TOO_LARGE;
  if (!isLocal && bodyBytes < addressBytes(family)) return ProxyError.BAD_LENGTH;
  const bodyEnd = body + bodyBytes;
  if (bodyEnd > end) return 0;
  header.version = 2;
  const fault = isLocal ? 0 : readBody(header, bytes, start, bodyEnd);
  return fault === 0 ? bodyEnd - start : fault;
}

function addressBytes(family: number): number {
  if (family === FAMILY_INET) return INET_BYTES;
  if (family === FAMILY_INET6) return INET6_BYTES;
  return family === FAMILY_UNIX ? UNIX_BYTES : 0;
}

function readBody(header: ProxyHeader, bytes: Uint8Array, start: number, end: number): number {
  const familyAndTransport = bytes[start + PROXY_V2_SIGNATURE.length + 1];
  const family = familyAndTransport >> 4;
  header.transport = familyAndTransport & 15;
  // Without a transport the family says nothing either; nobody knows then where extensions begin.
  if ((family !== FAMILY_INET && family !== FAMILY_INET6) || header.transport === 0) return 0;
  const body = start + PROXY_V2_FIXED_BYTES;
  const tlvs = body + addressBytes(family);
  const fault = checkProxyTlvs(bytes, start, tlvs, end);
  if (fault !== 0) return fault;
  const ipBytes = family === FAMILY_INET ? IP_BYTES - MAPPED_BYTES : IP_BYTES;
  readAddress(header.source, bytes, body, ipBytes);
  readAddress(header.destination, bytes, body + ipBytes, ipBytes);
  const ports = body + 2 * ipBytes;
  header.sourcePort = (bytes[ports] << 8) | bytes[ports + 1];
  header.destinationPort = (bytes[ports + 2] << 8) | bytes[ports + 3];
  header.tlvOffset = tlvs;
  header.tlvBytes = end - tlvs;
  header.hasAddresses = true;
  return 0;
}

function readAddress(address: Uint8Array, bytes: Uint8Array, offset: number, ipBytes: number): void {
  if (ipBytes < IP_BYTES) setMappedPrefix(address);
  for (let index = 0; index < ipBytes; index++) address[IP_BYTES - ipBytes + index] = bytes[offset + index];
}
