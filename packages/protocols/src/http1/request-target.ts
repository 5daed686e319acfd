// The four forms of a request target (RFC 9112 §3.2) → path, query and host of a request head.
// The target's bytes are already known to be visible ASCII without `#`. Allocates strings that are not in the caches.

import type { RequestHead } from '../http-head/request-head.ts';
import { TOKEN_LOWER } from './byte-class.ts';
import { HeadError } from './head-error.ts';
import { isHostValue } from './host-value.ts';
import { InternCache } from './intern.ts';

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const COLON = 0x3a;
const HTTP_SCHEME = 'http://';
const HTTPS_SCHEME = 'https://';

const paths = new InternCache(9);
const hosts = new InternCache(8);

/** Fills path, query and (absolute and authority form) host. `queryMark` is the index of the first `?`, or -1. */
export function interpretTarget(head: RequestHead, bytes: Buffer, queryMark: number): number {
  const offset = head.targetOffset;
  if (bytes[offset] === SLASH && head.method !== 'CONNECT') {
    splitPath(head, bytes, offset, queryMark);
    return 0;
  }
  if (head.method === 'CONNECT') return interpretAuthority(head, bytes);
  if (bytes[offset] === ASTERISK && head.targetLength === 1) {
    if (head.method !== 'OPTIONS') return HeadError.BAD_TARGET;
    head.path = '*';
    return 0;
  }
  return interpretAbsolute(head, bytes, queryMark);
}

/** Host of a Host field value or authority: the interned string, or undefined when it is not well formed. */
export function hostString(bytes: Buffer, offset: number, length: number): string | undefined {
  // Only checked hosts are stored, so a hit needs no second check.
  const known = hosts.lookup(bytes, offset, length);
  if (known !== undefined) return known;
  return isHostValue(bytes, offset, length) ? hosts.store(bytes, offset, length) : undefined;
}

function splitPath(head: RequestHead, bytes: Buffer, pathOffset: number, queryMark: number): void {
  const end = head.targetOffset + head.targetLength;
  if (queryMark === -1) {
    head.path = paths.get(bytes, pathOffset, end - pathOffset);
  } else {
    head.path = paths.get(bytes, pathOffset, queryMark - pathOffset);
    head.query = bytes.latin1Slice(queryMark + 1, end);
  }
}

/** CONNECT: `host:port`, both required (RFC 9112 §3.2.3). The path is `/`, which nothing sends. */
function interpretAuthority(head: RequestHead, bytes: Buffer): number {
  const host = hostString(bytes, head.targetOffset, head.targetLength);
  if (host === undefined || !/:\d+$/.test(host)) return HeadError.BAD_TARGET;
  replaceHost(head, host);
  head.path = '/';
  head.targetChanged = true;
  return 0;
}

/** `http://authority/path?query`; the authority replaces Host (RFC 9112 §3.2.2). */
function interpretAbsolute(head: RequestHead, bytes: Buffer, queryMark: number): number {
  const offset = head.targetOffset;
  const end = offset + head.targetLength;
  const scheme = schemeLength(bytes, offset, end);
  if (scheme === 0) return HeadError.BAD_TARGET;
  const authority = offset + scheme;
  const authorityLimit = queryMark === -1 ? end : queryMark;
  let authorityEnd = authority;
  while (authorityEnd < authorityLimit && bytes[authorityEnd] !== SLASH) authorityEnd++;
  const host = hostString(bytes, authority, authorityEnd - authority);
  if (host === undefined) return HeadError.BAD_TARGET;
  replaceHost(head, host);
  head.targetChanged = true;
  if (authorityEnd < authorityLimit) {
    splitPath(head, bytes, authorityEnd, queryMark);
  } else if (queryMark === -1) {
    // RFC 9112 §3.2.4: OPTIONS without path and query asks about the server as a whole.
    head.path = head.method === 'OPTIONS' ? '*' : '/';
  } else {
    head.path = '/';
    head.query = bytes.latin1Slice(queryMark + 1, end);
  }
  return 0;
}

function replaceHost(head: RequestHead, host: string): void {
  if (head.host !== host) head.setHost(host);
}

function schemeLength(bytes: Buffer, offset: number, end: number): number {
  if (startsWith(bytes, offset, end, HTTP_SCHEME)) return HTTP_SCHEME.length;
  return startsWith(bytes, offset, end, HTTPS_SCHEME) ? HTTPS_SCHEME.length : 0;
}

function startsWith(bytes: Buffer, offset: number, end: number, text: string): boolean {
  if (end - offset < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const expected = text.charCodeAt(i);
    const byte = bytes[offset + i];
    if (byte !== expected && (expected === COLON || expected === SLASH || TOKEN_LOWER[byte] !== expected)) return false;
  }
  return true;
}
