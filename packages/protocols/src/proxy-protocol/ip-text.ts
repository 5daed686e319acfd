// IP addresses as text in bytes, to and from 16 bytes with IPv4 mapped into IPv6. Strict, as the PROXY protocol demands: no zeros
// in front of decimal numbers, no zones, no other spellings. Reads and writes the buffers it is given; allocates nothing.

import { writeDecimal } from '../http1/write-decimal.ts';

/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`, the longest spelling there is. */
export const IP_TEXT_BYTES_MAX = 45;
/** Bytes in front of an IPv4 address that is mapped into IPv6. */
export const MAPPED_BYTES = 12;

const GROUPS = 8;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;

/** Is it an IPv4 address in the form of IPv6? */
export function isMapped(address: Uint8Array, offset = 0): boolean {
  for (let index = 0; index < 10; index++) if (address[offset + index] !== 0) return false;
  return address[offset + 10] === 0xff && address[offset + 11] === 0xff;
}

/** Makes the 12 bytes in front of the last four those of a mapped address. */
export function setMappedPrefix(address: Uint8Array): void {
  address.fill(0, 0, 10);
  address[10] = 0xff;
  address[11] = 0xff;
}

/** Reads all of `bytes[start…end)` as a dotted quad into `address[offset…offset+4)`. */
export function readIpv4Text(
  address: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  let at = start;
  for (let index = 0; index < 4; index++) {
    if (index > 0 && (at >= end || bytes[at++] !== DOT)) return false;
    const first = at;
    let value = 0;
    while (at < end && at - first < 3 && isDigit(bytes[at])) value = value * 10 + bytes[at++] - ZERO;
    if (at === first || value > 255 || (bytes[first] === ZERO && at - first > 1)) return false;
    address[offset + index] = value;
  }
  return at === end;
}

/** Reads all of `bytes[start…end)` as an IPv6 address (RFC 4291 §2.2), perhaps with a dotted quad at its end. */
export function readIpv6Text(address: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > IP_TEXT_BYTES_MAX || end - start < 2) return false;
  address.fill(0);
  let groups = 0;
  /** Groups in front of `::`; -1 without it. */
  let gap = -1;
  let at = start;
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) return false;
    gap = 0;
    at += 2;
  }
  while (at < end) {
    if (groups === GROUPS) return false;
    const next = groupEnd(bytes, at, end);
    if (next < end && bytes[next] === DOT) {
      if (groups > GROUPS - 2 || !readIpv4Text(address, 2 * groups, bytes, at, end)) return false;
      groups += 2;
      break;
    }
    if (next === at || next - at > 4) return false;
    putGroup(address, groups++, bytes, at, next);
    if (next === end) break;
    if (bytes[next] !== COLON || next + 1 === end) return false;
    at = next + 1;
    if (bytes[at] !== COLON) continue;
    if (gap !== -1) return false;
    gap = groups;
    at++;
  }
  return gap === -1 ? groups === GROUPS : groups < GROUPS && openGap(address, gap, groups);
}

function groupEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && at - start < 5 && hexValue(bytes[at]) !== -1) at++;
  return at;
}

function putGroup(address: Uint8Array, index: number, bytes: Uint8Array, start: number, end: number): void {
  let value = 0;
  for (let at = start; at < end; at++) value = (value << 4) | hexValue(bytes[at]);
  address[2 * index] = value >> 8;
  address[2 * index + 1] = value & 0xff;
}

/** Moves the groups behind `::` to the end. */
function openGap(address: Uint8Array, gap: number, groups: number): boolean {
  address.copyWithin(2 * (GROUPS - groups + gap), 2 * gap, 2 * groups);
  address.fill(0, 2 * gap, 2 * (GROUPS - groups + gap));
  return true;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function hexValue(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** @returns the offset behind what was written, at most 15 bytes */
export function writeIpv4Text(into: Uint8Array, at: number, address: Uint8Array, offset: number): number {
  let next = at;
  for (let index = 0; index < 4; index++) {
    if (index > 0) into[next++] = DOT;
    next = writeDecimal(into, next, address[offset + index]);
  }
  return next;
}

/** In the spelling of RFC 5952, mapped addresses with a dotted quad. @returns the offset behind it, at most 39 bytes */
export function writeIpv6Text(into: Uint8Array, at: number, address: Uint8Array): number {
  if (isMapped(address)) return writeIpv4Text(into, putMappedText(into, at), address, MAPPED_BYTES);
  const gap = longestZeros(address);
  const gapStart = gap >> 4;
  const gapEnd = gap & 15;
  let next = at;
  for (let index = 0; index < GROUPS; index++) {
    if (index === gapStart && gapEnd > gapStart) {
      into[next++] = COLON;
      if (gapEnd === GROUPS) into[next++] = COLON;
      index = gapEnd - 1;
      continue;
    }
    if (index > 0) into[next++] = COLON;
    next = writeGroup(into, next, (address[2 * index] << 8) | address[2 * index + 1]);
  }
  return next;
}

function putMappedText(into: Uint8Array, at: number): number {
  into[at] = COLON;
  into[at + 1] = COLON;
  into.fill(0x66, at + 2, at + 6);
  into[at + 6] = COLON;
  return at + 7;
}

/** First of the longest runs of two or more zero groups: start * 16 + end; 0 when there is none. */
function longestZeros(address: Uint8Array): number {
  let best = 0;
  let bestGroups = 1;
  for (let index = 0; index < GROUPS; index++) {
    const start = index;
    while (index < GROUPS && address[2 * index] === 0 && address[2 * index + 1] === 0) index++;
    if (index - start <= bestGroups) continue;
    bestGroups = index - start;
    best = start * 16 + index;
  }
  return best;
}

function writeGroup(into: Uint8Array, at: number, value: number): number {
  let next = at;
  for (let shift = 12; shift >= 0; shift -= 4) {
    if (shift > 0 && value >> shift === 0) continue;
    const digit = (value >> shift) & 15;
    into[next++] = digit < 10 ? ZERO + digit : 0x57 + digit;
  }
  return next;
}
