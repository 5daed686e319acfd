// Reads a TLS ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2) from the first bytes of a connection, before anything is
// answered. Pure: the same bytes give the same result, and every prefix of them "more are needed" or that result.
// Allocates nothing but what `ClientHello` says. Decrypts nothing, and judges only what it reads.

import { type ClientHello, TlsVersion } from './client-hello.ts';
import { HelloError } from './hello-error.ts';
import { readExtensions } from './hello-extensions.ts';
import { CLIENT_HELLO, HELLO_BYTES_MAX, locateHello, MESSAGE_HEADER_BYTES } from './hello-records.ts';
import { suiteFamily } from './key-kind.ts';

const VERSION_BYTES = 2;
const RANDOM_BYTES = 32;
const SESSION_ID_BYTES_MAX = 32;

/**
 * `bytes[start…end)` are all bytes received so far. The hello may come in several records and in any number of reads.
 * @returns above 0: complete, and so many bytes belong to it (its records with their headers); `hello` is filled.
 *   0: more bytes are needed, at most `HELLO_INPUT_BYTES_MAX` in all. Below 0: a `HelloError`.
 */
export function parseClientHello(hello: ClientHello, bytes: Buffer, start: number, end: number): number {
  hello.reset();
  const taken = locateHello(hello, bytes, start, end);
  if (taken <= 0) return taken;
  const fault = readHello(hello, hello.messageStart + MESSAGE_HEADER_BYTES, hello.messageEnd);
  return fault === 0 ? taken : fault;
}

/**
 * The same for a handshake message without records around it, as QUIC carries it (RFC 9001 §4). `hello` looks into `bytes`.
 * @returns above 0: bytes of the message; 0: more are needed; below 0: a `HelloError`
 */
export function parseHelloMessage(hello: ClientHello, bytes: Buffer, start: number, end: number): number {
  hello.reset();
  if (start < end && bytes[start] !== CLIENT_HELLO) return HelloError.NOT_CLIENT_HELLO;
  const body = start + MESSAGE_HEADER_BYTES;
  if (end < body) return 0;
  const length = (bytes[start + 1] << 16) | (bytes[start + 2] << 8) | bytes[start + 3];
  if (length > HELLO_BYTES_MAX) return HelloError.HELLO_TOO_LARGE;
  if (end < body + length) return 0;
  hello.body = bytes;
  hello.messageStart = start;
  hello.messageEnd = body + length;
  const fault = readHello(hello, body, hello.messageEnd);
  return fault === 0 ? MESSAGE_HEADER_BYTES + length : fault;
}

function readHello(hello: ClientHello, start: number, end: number): number {
  const { body } = hello;
  let at = start + VERSION_BYTES + RANDOM_BYTES;
  if (at >= end) return HelloError.BAD_LENGTH;
  if (body[start] !== 3 || body[start + 1] === 0) return HelloError.BAD_VERSION;
  hello.versions = versionsUpTo(body[start + 1]);
  if (body[at] > SESSION_ID_BYTES_MAX) return HelloError.BAD_SESSION_ID;
  at += 1 + body[at];
  if (at + 2 > end) return HelloError.BAD_LENGTH;
  const suites = at + 2;
  at = suites + ((body[at] << 8) | body[at + 1]);
  if (at === suites || (at - suites) % 2 !== 0) return HelloError.BAD_CIPHER_SUITES;
  if (at >= end) return HelloError.BAD_LENGTH;
  for (let next = suites; next < at; next += 2) {
    hello.suiteFamilies |= suiteFamily((body[next] << 8) | body[next + 1]);
  }
  if (body[at] === 0) return HelloError.BAD_COMPRESSION;
  at += 1 + body[at];
  if (at === end) return 0; // No extensions: TLS 1.2 and below.
  if (at + 2 > end || at + 2 + ((body[at] << 8) | body[at + 1]) !== end) return HelloError.BAD_LENGTH;
  const fault = readExtensions(hello, at + 2, end);
  if (fault !== 0) return fault;
  return hello.versions === 0 ? HelloError.BAD_VERSION : 0;
}

/** What the version field means without the extension `supported_versions`: never more than TLS 1.2. */
function versionsUpTo(minor: number): number {
  if (minor >= 3) return TlsVersion.TLS10 | TlsVersion.TLS11 | TlsVersion.TLS12;
  return minor === 2 ? TlsVersion.TLS10 | TlsVersion.TLS11 : TlsVersion.TLS10;
}
