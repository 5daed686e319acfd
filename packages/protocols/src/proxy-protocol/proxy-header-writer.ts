// Writes PROXY headers of both versions into a caller's buffer, for servers that want to know whom they serve. Invents no
// extension: those of version 2 are given by the caller. Allocates nothing.

import { writeDecimal } from '../http1/write-decimal.ts';
import { isMapped, MAPPED_BYTES, writeIpv4Text, writeIpv6Text } from './ip-text.ts';
import { IP_BYTES, type ProxyAddresses, ProxyTransport } from './proxy-header.ts';
import {
  FAMILY_INET,
  FAMILY_INET6,
  INET_BYTES,
  INET6_BYTES,
  PROXY_V2_BODY_BYTES_MAX,
  PROXY_V2_FIXED_BYTES,
  PROXY_V2_SIGNATURE,
} from './proxy-header-parser.ts';
import { PROXY_V1_BYTES_MAX } from './proxy-line.ts';
import { renewChecksum } from './proxy-tlv.ts';

const TCP4 = Uint8Array.from(Buffer.from('PROXY TCP4 ', 'latin1'));
const TCP6 = Uint8Array.from(Buffer.from('PROXY TCP6 ', 'latin1'));
const UNKNOWN = Uint8Array.from(Buffer.from('PROXY UNKNOWN', 'latin1'));
const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const VERSION_LOCAL = 0x20;
const VERSION_PROXY = 0x21;

/**
 * Needs `PROXY_V1_BYTES_MAX` bytes of room. Addresses of two families are written as IPv6, those that cannot be used as UNKNOWN.
 * @returns the offset behind the line @throws RangeError when there is no room
 */
export function writeProxyV1(into: Uint8Array, at: number, addresses: ProxyAddresses): number {
  if (at + PROXY_V1_BYTES_MAX > into.length) throw new RangeError('the PROXY line does not fit into the buffer');
  let next = at;
  if (addresses.hasAddresses) {
    const isV4 = isMapped(addresses.source) && isMapped(addresses.destination);
    next = put(into, next, isV4 ? TCP4 : TCP6);
    next = writeAddress(into, next, addresses.source, isV4);
    next = writeAddress(into, next, addresses.destination, isV4);
    next = writeDecimal(into, next, addresses.sourcePort);
    into[next++] = SP;
    next = writeDecimal(into, next, addresses.destinationPort);
  } else {
    next = put(into, next, UNKNOWN);
  }
  into[next++] = CR;
  into[next++] = LF;
  return next;
}

/**
 * Addresses of two families are written as IPv6, those that cannot be used as LOCAL, without extensions. A checksum among the
 * extensions is made anew.
 * @param tlvs bytes that have extensions at `tlvOffset`, `tlvBytes` of them, such as a `ProxyHeader` was parsed from. Default: none
 * @param transport of `ProxyTransport`. Default: STREAM
 * @returns the offset behind the header @throws RangeError when there is no room, or more extensions than a header may have
 */
export function writeProxyV2(
  into: Uint8Array,
  at: number,
  addresses: ProxyAddresses,
  tlvs: Uint8Array = NONE,
  tlvOffset = 0,
  tlvBytes = 0,
  transport: number = ProxyTransport.STREAM,
): number {
  const isV4 = addresses.hasAddresses && isMapped(addresses.source) && isMapped(addresses.destination);
  const addressBytes = isV4 ? INET_BYTES : INET6_BYTES;
  const bodyBytes = addresses.hasAddresses ? addressBytes + tlvBytes : 0;
  const end = at + PROXY_V2_FIXED_BYTES + bodyBytes;
  if (bodyBytes > PROXY_V2_BODY_BYTES_MAX || end > into.length) {
    throw new RangeError('the PROXY header does not fit into the buffer');
  }
  let next = put(into, at, PROXY_V2_SIGNATURE);
  into[next++] = addresses.hasAddresses ? VERSION_PROXY : VERSION_LOCAL;
  into[next++] = addresses.hasAddresses ? ((isV4 ? FAMILY_INET : FAMILY_INET6) << 4) | transport : 0;
  next = putPort(into, next, bodyBytes);
  if (!addresses.hasAddresses) return next;
  const first = isV4 ? MAPPED_BYTES : 0;
  for (let index = first; index < IP_BYTES; index++) into[next++] = addresses.source[index];
  for (let index = first; index < IP_BYTES; index++) into[next++] = addresses.destination[index];
  next = putPort(into, next, addresses.sourcePort);
  next = putPort(into, next, addresses.destinationPort);
  for (let index = 0; index < tlvBytes; index++) into[next + index] = tlvs[tlvOffset + index];
  renewChecksum(into, at, next, end);
  return end;
}

const NONE = new Uint8Array(0);

function writeAddress(into: Uint8Array, at: number, address: Uint8Array, isV4: boolean): number {
  const next = isV4 ? writeIpv4Text(into, at, address, MAPPED_BYTES) : writeIpv6Text(into, at, address);
  into[next] = SP;
  return next + 1;
}

function put(into: Uint8Array, at: number, bytes: Uint8Array): number {
  into.set(bytes, at);
  return at + bytes.length;
}

function putPort(into: Uint8Array, at: number, value: number): number {
  into[at] = value >> 8;
  into[at + 1] = value & 0xff;
  return at + 2;
}
