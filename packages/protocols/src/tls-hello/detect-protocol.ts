// What a client speaks, from its first bytes, where one port serves several protocols (tcp-udp.md section 1): PostgreSQL asking
// for TLS, TLS, HTTP/2 with prior knowledge, HTTP/1. Pure; looks at no more bytes than it must, so that a client that
// waits for an answer after a short first message is not kept waiting. Allocates nothing.

import { CR, SP, TOKEN_LOWER } from '../http1/byte-class.ts';
import { POSTGRES_TLS_REQUEST } from '../postgres/postgres-startup.ts';
import { HANDSHAKE_RECORD, TLS_MAJOR } from './hello-records.ts';

export const DetectedProtocol = {
  /** All bytes so far are the beginning of something. */
  NEED_MORE: 0,
  /** An SSLRequest; the client waits for one byte. */
  POSTGRES_TLS: 1,
  TLS: 2,
  HTTP2: 3,
  HTTP1: 4,
  /** None of these: bytes for a TCP router, or else for the HTTP/1 codec, which refuses them. */
  OTHER: 5,
} as const;

/** RFC 9113 §3.4. */
const HTTP2_PREFACE = Uint8Array.from(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1'));
/** Longer first words are no method of anybody's. */
const METHOD_BYTES_MAX = 32;

const LF = 0x0a;

/** @returns one of `DetectedProtocol`; the same for the bytes and everything that begins with them, unless NEED_MORE. */
export function detectProtocol(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return DetectedProtocol.NEED_MORE;
  const postgres = comparePrefix(bytes, start, end, POSTGRES_TLS_REQUEST);
  if (postgres !== DIFFERENT) return postgres === WHOLE ? DetectedProtocol.POSTGRES_TLS : DetectedProtocol.NEED_MORE;
  const tls = looksLikeTls(bytes, start, end);
  if (tls !== DetectedProtocol.OTHER) return tls;
  const preface = comparePrefix(bytes, start, end, HTTP2_PREFACE);
  if (preface !== DIFFERENT) return preface === WHOLE ? DetectedProtocol.HTTP2 : DetectedProtocol.NEED_MORE;
  return looksLikeHttp1(bytes, start, end);
}

/** Two bytes decide. @returns TLS, OTHER or NEED_MORE of `DetectedProtocol` */
export function looksLikeTls(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return DetectedProtocol.NEED_MORE;
  if (bytes[start] !== HANDSHAKE_RECORD) return DetectedProtocol.OTHER;
  if (start + 1 >= end) return DetectedProtocol.NEED_MORE;
  return bytes[start + 1] === TLS_MAJOR ? DetectedProtocol.TLS : DetectedProtocol.OTHER;
}

const DIFFERENT = -1;
const WHOLE = 1;

/** 0: everything so far is the same, but not all is there. */
function comparePrefix(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): number {
  const length = Math.min(end - start, wanted.length);
  for (let index = 0; index < length; index++) if (bytes[start + index] !== wanted[index]) return DIFFERENT;
  return length === wanted.length ? WHOLE : 0;
}

/** One empty line may stand before a request (RFC 9112 §2.2); then a token and a space. */
function looksLikeHttp1(bytes: Uint8Array, start: number, end: number): number {
  let from = start;
  if (bytes[from] === CR) {
    if (from + 1 >= end) return DetectedProtocol.NEED_MORE;
    if (bytes[from + 1] !== LF) return DetectedProtocol.OTHER;
    from += 2;
  }
  for (let at = from; at < end; at++) {
    if (bytes[at] === SP) return at === from ? DetectedProtocol.OTHER : DetectedProtocol.HTTP1;
    if (TOKEN_LOWER[bytes[at]] === 0 || at - from >= METHOD_BYTES_MAX) return DetectedProtocol.OTHER;
  }
  return DetectedProtocol.NEED_MORE;
}
