// The PROXY header of version 1: one line of text (section 2.1 of the PROXY protocol). Strict in everything that it defines: one
// space between words, no zeros in front of numbers, CRLF. Allocates nothing.

import { MAPPED_BYTES, readIpv4Text, readIpv6Text, setMappedPrefix } from './ip-text.ts';
import { ProxyError } from './proxy-error.ts';
import { type ProxyHeader, ProxyTransport } from './proxy-header.ts';

/** With CRLF. */
export const PROXY_V1_BYTES_MAX = 107;
/** By these a line is known to be a PROXY header. */
export const PROXY_V1_SIGNATURE = Uint8Array.from(Buffer.from('PROXY', 'latin1'));

const CR = 0x0d;
const LF = 0x0a;
const SP = 0x20;
const ZERO = 0x30;
const TCP4 = Uint8Array.from(Buffer.from(' TCP4 ', 'latin1'));
const TCP6 = Uint8Array.from(Buffer.from(' TCP6 ', 'latin1'));
const UNKNOWN = Uint8Array.from(Buffer.from(' UNKNOWN', 'latin1'));

/** `bytes[start…end)` begins with the signature. @returns as `parseProxyHeader` does */
export function parseProxyLine(header: ProxyHeader, bytes: Uint8Array, start: number, end: number): number {
  // The last place where CR can stand.
  const limit = start + PROXY_V1_BYTES_MAX - 1;
  let at = start + PROXY_V1_SIGNATURE.length;
  while (at < end && at < limit && bytes[at] !== CR && bytes[at] !== LF) at++;
  if (at === limit) return ProxyError.LINE_TOO_LONG;
  if (at === end) return 0;
  if (bytes[at] === LF) return ProxyError.BAD_LINE_END;
  if (at + 1 === end) return 0;
  if (bytes[at + 1] !== LF) return ProxyError.BAD_LINE_END;
  header.version = 1;
  const fault = readWords(header, bytes, start + PROXY_V1_SIGNATURE.length, at);
  return fault === 0 ? at + 2 - start : fault;
}

function readWords(header: ProxyHeader, bytes: Uint8Array, start: number, end: number): number {
  if (startsWith(bytes, start, end, TCP4)) return readEnds(header, bytes, start + TCP4.length, end, false);
  if (startsWith(bytes, start, end, TCP6)) return readEnds(header, bytes, start + TCP6.length, end, true);
  const behind = start + UNKNOWN.length;
  const isUnknown = startsWith(bytes, start, end, UNKNOWN) && (behind === end || bytes[behind] === SP);
  return isUnknown ? 0 : ProxyError.BAD_PROTOCOL;
}

function readEnds(header: ProxyHeader, bytes: Uint8Array, start: number, end: number, isV6: boolean): number {
  const source = wordEnd(bytes, start, end);
  const destination = wordEnd(bytes, source + 1, end);
  if (!readAddress(header.source, bytes, start, source, isV6)) return ProxyError.BAD_ADDRESS;
  if (!readAddress(header.destination, bytes, source + 1, destination, isV6)) return ProxyError.BAD_ADDRESS;
  const first = wordEnd(bytes, destination + 1, end);
  const second = wordEnd(bytes, first + 1, end);
  header.sourcePort = readPort(bytes, destination + 1, first);
  header.destinationPort = readPort(bytes, first + 1, second);
  if (header.sourcePort === -1 || header.destinationPort === -1) return ProxyError.BAD_PORT;
  if (second !== end) return ProxyError.EXCESS_TEXT;
  header.hasAddresses = true;
  header.transport = ProxyTransport.STREAM;
  return 0;
}

/** `start` may be one behind the end: an empty word. */
function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== SP) at++;
  return Math.min(at, end);
}

function readAddress(address: Uint8Array, bytes: Uint8Array, start: number, end: number, isV6: boolean): boolean {
  if (isV6) return readIpv6Text(address, bytes, start, end);
  setMappedPrefix(address);
  return readIpv4Text(address, MAPPED_BYTES, bytes, start, end);
}

/** -1: it is none. */
function readPort(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end || end - start > 5 || (bytes[start] === ZERO && end - start > 1)) return -1;
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return -1;
    port = port * 10 + digit;
  }
  return port > 0xffff ? -1 : port;
}

function startsWith(bytes: Uint8Array, start: number, end: number, word: Uint8Array): boolean {
  if (end - start < word.length) return false;
  for (let index = 0; index < word.length; index++) if (bytes[start + index] !== word[index]) return false;
  return true;
}
