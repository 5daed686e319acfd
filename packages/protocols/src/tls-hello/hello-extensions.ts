// The extensions of a ClientHello that this program reads (RFC 6066 §3, RFC 7301 §3.1, RFC 8446 §4.2). Each reader checks
// every length against its container and returns 0 or a `HelloError`. Others are stepped over. Allocates nothing.

import { type ClientHello, TlsVersion } from './client-hello.ts';
import { HelloError } from './hello-error.ts';
import { groupKind, schemeKind12, schemeKind13 } from './key-kind.ts';
import { isServerName } from './server-name.ts';

const SERVER_NAME = 0;
const SUPPORTED_GROUPS = 10;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SESSION_TICKET = 35;
const PRE_SHARED_KEY = 41;
const EARLY_DATA = 42;
const SUPPORTED_VERSIONS = 43;

const HOST_NAME = 0;

/** One bit for each extension that is read; two of a kind would let two readers see different hellos. */
function bitOf(type: number): number {
  switch (type) {
    case SERVER_NAME:
      return 1;
    case SUPPORTED_GROUPS:
      return 2;
    case SIGNATURE_ALGORITHMS:
      return 4;
    case ALPN:
      return 8;
    case SESSION_TICKET:
      return 16;
    case PRE_SHARED_KEY:
      return 32;
    case EARLY_DATA:
      return 64;
    case SUPPORTED_VERSIONS:
      return 128;
    default:
      return 0;
  }
}

/** Reads all extensions in `[at, end)`. */
export function readExtensions(hello: ClientHello, at: number, end: number): number {
  const { body } = hello;
  let seen = 0;
  let next = at;
  while (next < end) {
    if (next + 4 > end) return HelloError.BAD_LENGTH;
    const type = word(body, next);
    const from = next + 4;
    next = from + word(body, next + 2);
    if (next > end) return HelloError.BAD_LENGTH;
    const bit = bitOf(type);
    if ((seen & bit) !== 0) return HelloError.DUPLICATE_EXTENSION;
    seen |= bit;
    if (hello.hasPreSharedKey) return HelloError.PRE_SHARED_KEY_NOT_LAST;
    const fault = bit === 0 ? 0 : readExtension(hello, type, from, next);
    if (fault !== 0) return fault;
  }
  return 0;
}

function readExtension(hello: ClientHello, type: number, at: number, end: number): number {
  switch (type) {
    case SERVER_NAME:
      return readServerName(hello, at, end);
    case SUPPORTED_GROUPS:
      return readGroups(hello, at, end);
    case SIGNATURE_ALGORITHMS:
      return readSignatureAlgorithms(hello, at, end);
    case ALPN:
      return readAlpn(hello, at, end);
    case SUPPORTED_VERSIONS:
      return readVersions(hello, at, end);
    case SESSION_TICKET:
      hello.hasSessionTicket = end > at;
      return 0;
    case PRE_SHARED_KEY:
      hello.hasPreSharedKey = true;
      return 0;
    default:
      hello.hasEarlyData = true;
      return 0;
  }
}

/** A list of names of which at most one is a host name; other kinds, which nobody uses, are stepped over. */
function readServerName(hello: ClientHello, at: number, end: number): number {
  const { body } = hello;
  if (at + 2 > end || at + 2 + word(body, at) !== end || at + 2 === end) return HelloError.BAD_SERVER_NAME;
  let next = at + 2;
  while (next < end) {
    if (next + 3 > end) return HelloError.BAD_SERVER_NAME;
    const kind = body[next];
    const offset = next + 3;
    const length = word(body, next + 1);
    next = offset + length;
    if (next > end) return HelloError.BAD_SERVER_NAME;
    if (kind !== HOST_NAME) continue;
    if (hello.serverNameLength !== 0 || !isServerName(body, offset, length)) return HelloError.BAD_SERVER_NAME;
    hello.serverNameOffset = offset;
    hello.serverNameLength = length;
  }
  return 0;
}

function readAlpn(hello: ClientHello, at: number, end: number): number {
  const { body } = hello;
  if (at + 2 > end || at + 2 + word(body, at) !== end || at + 2 === end) return HelloError.BAD_ALPN;
  let next = at + 2;
  while (next < end) {
    if (body[next] === 0) return HelloError.BAD_ALPN;
    next += 1 + body[next];
  }
  if (next !== end) return HelloError.BAD_ALPN;
  hello.alpnOffset = at + 2;
  hello.alpnLength = end - at - 2;
  return 0;
}

/** Replaces what the version field of the hello says (RFC 8446 §4.2.1). Unknown versions are left out. */
function readVersions(hello: ClientHello, at: number, end: number): number {
  const { body } = hello;
  if (at >= end || at + 1 + body[at] !== end || body[at] === 0 || body[at] % 2 !== 0) {
    return HelloError.BAD_SUPPORTED_VERSIONS;
  }
  hello.versions = 0;
  for (let next = at + 1; next < end; next += 2) hello.versions |= versionBit(word(body, next));
  return 0;
}

function versionBit(version: number): number {
  switch (version) {
    case 0x0304:
      return TlsVersion.TLS13;
    case 0x0303:
      return TlsVersion.TLS12;
    case 0x0302:
      return TlsVersion.TLS11;
    case 0x0301:
      return TlsVersion.TLS10;
    default:
      return 0;
  }
}

function readGroups(hello: ClientHello, at: number, end: number): number {
  if (!isWordList(hello.body, at, end)) return HelloError.BAD_GROUPS;
  hello.groupKinds = 0;
  for (let next = at + 2; next < end; next += 2) hello.groupKinds |= groupKind(word(hello.body, next));
  return 0;
}

function readSignatureAlgorithms(hello: ClientHello, at: number, end: number): number {
  if (!isWordList(hello.body, at, end)) return HelloError.BAD_SIGNATURE_ALGORITHMS;
  hello.schemeKinds12 = 0;
  hello.schemeKinds13 = 0;
  for (let next = at + 2; next < end; next += 2) {
    const scheme = word(hello.body, next);
    hello.schemeKinds12 |= schemeKind12(scheme);
    hello.schemeKinds13 |= schemeKind13(scheme);
  }
  return 0;
}

/** Two bytes of length, which is even, not 0, and reaches exactly to the end. */
function isWordList(bytes: Buffer, at: number, end: number): boolean {
  if (at + 2 > end) return false;
  const length = word(bytes, at);
  return length > 0 && length % 2 === 0 && at + 2 + length === end;
}

function word(bytes: Buffer, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
