// Syntax of a Host value or authority: name, IPv4 or bracketed IPv6 address, optional port (RFC 9110 §7.2, RFC 3986 §3.2).
// Looks at bytes only; says nothing about existence. Allocates nothing.

import { COLON, HEX_VALUE, NOT_HEX, REG_NAME } from './byte-class.ts';

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const PERCENT = 0x25;
const DOT = 0x2e;

/** True for a well-formed, non-empty host with optional `:port` (0 to 5 digits); user information is refused. */
export function isHostValue(bytes: Uint8Array, offset: number, length: number): boolean {
  const end = offset + length;
  if (length === 0) return false;
  const hostEnd = bytes[offset] === OPEN_BRACKET ? literalEnd(bytes, offset, end) : nameEnd(bytes, offset, end);
  return hostEnd !== -1 && (hostEnd === end || isPort(bytes, hostEnd, end));
}

/** Index after a registered name (where a colon or the end stands), or -1. */
function nameEnd(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  while (at < end && bytes[at] !== COLON) {
    if (bytes[at] === PERCENT) {
      if (at + 2 >= end || HEX_VALUE[bytes[at + 1]] === NOT_HEX || HEX_VALUE[bytes[at + 2]] === NOT_HEX) return -1;
      at += 3;
    } else if (REG_NAME[bytes[at]] !== 0) {
      at++;
    } else {
      return -1;
    }
  }
  return at === offset ? -1 : at;
}

/** Index after `]` of an IPv6 literal with optional zone identifier, or -1. Whether the address parses is not asked. */
function literalEnd(bytes: Uint8Array, offset: number, end: number): number {
  let zone = false;
  let at = offset + 1;
  for (; at < end && bytes[at] !== CLOSE_BRACKET; at++) {
    const byte = bytes[at];
    if (byte === PERCENT) zone = true;
    else if (zone ? REG_NAME[byte] === 0 : HEX_VALUE[byte] === NOT_HEX && byte !== COLON && byte !== DOT) return -1;
  }
  return at === end || at === offset + 1 ? -1 : at + 1;
}

function isPort(bytes: Uint8Array, colon: number, end: number): boolean {
  if (bytes[colon] !== COLON || end - colon > 6) return false;
  for (let at = colon + 1; at < end; at++) {
    if (bytes[at] < 0x30 || bytes[at] > 0x39) return false;
  }
  return true;
}
