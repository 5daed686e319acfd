// The record layer under a ClientHello (RFC 8446 §5.1): finds where its bytes are, over one record or several, and bounds
// how many bytes a connection may send before it is known what it wants. Copies only when there are several records.

import type { ClientHello } from './client-hello.ts';
import { HelloError } from './hello-error.ts';

/** Content type "handshake", major version of every TLS. */
export const HANDSHAKE_RECORD = 0x16;
export const TLS_MAJOR = 3;
export const RECORD_HEADER_BYTES = 5;
/** Type and length of a handshake message. */
export const MESSAGE_HEADER_BYTES = 4;

const RECORD_BYTES_MAX = 2 ** 14;
/** The message without its header. Clients with post-quantum key shares send about 2 KiB. */
export const HELLO_BYTES_MAX = 2 ** 14;
/** No client cuts its hello so small; it bounds work and bytes for one that does. */
export const HELLO_RECORDS_MAX = 256;
/** What a caller has to be able to hold until the parser has decided. */
export const HELLO_INPUT_BYTES_MAX = MESSAGE_HEADER_BYTES + HELLO_BYTES_MAX + HELLO_RECORDS_MAX * RECORD_HEADER_BYTES;

/** Type of the message. */
export const CLIENT_HELLO = 1;

/**
 * Sets `hello.body`, with the message (header included) from `messageStart` on; it is as long as its own length says.
 * @returns bytes taken from `start` on when all of the message is there; 0: more are needed; below 0: a `HelloError`
 */
export function locateHello(hello: ClientHello, bytes: Buffer, start: number, end: number): number {
  if (start < end && bytes[start] !== HANDSHAKE_RECORD) return HelloError.NOT_TLS;
  if (start + 1 < end && bytes[start + 1] !== TLS_MAJOR) return HelloError.NOT_TLS;
  let needed = MESSAGE_HEADER_BYTES;
  let received = 0;
  let records = 0;
  let at = start;
  while (at + RECORD_HEADER_BYTES <= end) {
    const fault = recordFault(bytes, at, ++records);
    if (fault !== 0) return fault;
    const payload = at + RECORD_HEADER_BYTES;
    const recordEnd = payload + ((bytes[at + 3] << 8) | bytes[at + 4]);
    const present = Math.min(recordEnd, end) - payload;
    if (received === 0 && present > 0 && bytes[payload] !== CLIENT_HELLO) return HelloError.NOT_CLIENT_HELLO;
    if (received < MESSAGE_HEADER_BYTES && received + present >= MESSAGE_HEADER_BYTES) {
      needed = MESSAGE_HEADER_BYTES + messageLength(bytes, start);
      if (needed > MESSAGE_HEADER_BYTES + HELLO_BYTES_MAX) return HelloError.HELLO_TOO_LARGE;
    }
    // Judged by what the record announces: more bytes can change nothing about it.
    const announced = received + recordEnd - payload;
    if (received + present >= MESSAGE_HEADER_BYTES && announced > needed) return HelloError.EXCESS_BYTES;
    if (recordEnd > end) return 0;
    received = announced;
    at = recordEnd;
    if (received >= MESSAGE_HEADER_BYTES && received === needed) return join(hello, bytes, start, at, records);
  }
  return partialHeaderFault(bytes, at, end, start);
}

function recordFault(bytes: Buffer, at: number, records: number): number {
  if (bytes[at] !== HANDSHAKE_RECORD || bytes[at + 1] !== TLS_MAJOR) return HelloError.INTERRUPTED;
  if (records > HELLO_RECORDS_MAX) return HelloError.TOO_MANY_RECORDS;
  const length = (bytes[at + 3] << 8) | bytes[at + 4];
  return length === 0 || length > RECORD_BYTES_MAX ? HelloError.BAD_RECORD_LENGTH : 0;
}

/** A header that is not there as a whole can be wrong already. */
function partialHeaderFault(bytes: Buffer, at: number, end: number, start: number): number {
  if (at === start || at >= end) return 0;
  if (bytes[at] !== HANDSHAKE_RECORD) return HelloError.INTERRUPTED;
  return at + 1 < end && bytes[at + 1] !== TLS_MAJOR ? HelloError.INTERRUPTED : 0;
}

/** The three bytes of length behind the type, which may lie in up to four records; all are known to be there. */
function messageLength(bytes: Buffer, start: number): number {
  let value = 0;
  let at = start + RECORD_HEADER_BYTES;
  let recordEnd = at + ((bytes[start + 3] << 8) | bytes[start + 4]);
  for (let index = 0; index < MESSAGE_HEADER_BYTES; index++) {
    if (at === recordEnd) {
      recordEnd = at + RECORD_HEADER_BYTES + ((bytes[at + 3] << 8) | bytes[at + 4]);
      at += RECORD_HEADER_BYTES;
    }
    if (index > 0) value = (value << 8) | bytes[at];
    at++;
  }
  return value;
}

function join(hello: ClientHello, bytes: Buffer, start: number, end: number, records: number): number {
  if (records === 1) {
    hello.body = bytes;
    hello.messageStart = start + RECORD_HEADER_BYTES;
    hello.messageEnd = end;
    return end - start;
  }
  hello.joined ??= Buffer.allocUnsafeSlow(MESSAGE_HEADER_BYTES + HELLO_BYTES_MAX);
  let length = 0;
  for (let at = start; at < end; ) {
    const recordEnd = at + RECORD_HEADER_BYTES + ((bytes[at + 3] << 8) | bytes[at + 4]);
    length += bytes.copy(hello.joined, length, at + RECORD_HEADER_BYTES, recordEnd);
    at = recordEnd;
  }
  hello.body = hello.joined;
  hello.messageStart = 0;
  hello.messageEnd = length;
  return end - start;
}
