// The two fields that say where a body ends: Content-Length and Transfer-Encoding (RFC 9112 §6), read strictly, because
// two parsers that disagree about them are a smuggling hole. Allocates nothing.

import { Field } from '../http-head/field-id.ts';
import { BodyKind } from '../http-head/request-head.ts';
import { COLON, COMMA, CR, HTAB, SP, TOKEN_LOWER } from './byte-class.ts';
import { equalsLower } from './connection-options.ts';
import { HeadError } from './head-error.ts';

const ZERO = 0x30;
const DECIMAL_DIGITS_MAX = 16;

/** What both kinds of head have in common here. */
export interface FramedHead {
  readonly minorVersion: number;
  bodyKind: number;
  bodyBytes: number;
  lengthUnusual: boolean;
}

/**
 * Applies one Content-Length or Transfer-Encoding field (`id`) to a head; bit n of `seen` = field n came before.
 * Returns 0 or a `HeadError`: a message with both fields, either one twice, or a coding in HTTP/1.0 is refused
 * (RFC 9112 §6.1, §6.3, §11.2), repeated equal lengths too.
 */
export function readFraming(
  head: FramedHead,
  bytes: Buffer,
  offset: number,
  length: number,
  id: number,
  seen: number,
): number {
  if (id === Field.CONTENT_LENGTH) {
    if ((seen & (1 << Field.CONTENT_LENGTH)) !== 0) return HeadError.DUPLICATE_CONTENT_LENGTH;
    if ((seen & (1 << Field.TRANSFER_ENCODING)) !== 0) return HeadError.LENGTH_AND_CODING;
    const value = parseContentLength(bytes, offset, length);
    if (value < 0) return value;
    head.bodyKind = BodyKind.LENGTH;
    head.bodyBytes = value;
    head.lengthUnusual = !isPlainlyWritten(bytes, offset, length) || (length > 1 && bytes[offset] === ZERO);
    return 0;
  }
  if ((seen & (1 << Field.TRANSFER_ENCODING)) !== 0) return HeadError.DUPLICATE_TRANSFER_ENCODING;
  if ((seen & (1 << Field.CONTENT_LENGTH)) !== 0) return HeadError.LENGTH_AND_CODING;
  if (head.minorVersion === 0) return HeadError.TRANSFER_ENCODING_IN_HTTP_10;
  head.bodyKind = BodyKind.CHUNKED;
  return checkTransferEncoding(bytes, offset, length);
}

/**
 * Whether a value stands behind its colon, or one space, and ends its line. White space of other kinds is legal, but not every
 * server takes it for white space.
 */
export function isPlainlyWritten(bytes: Buffer, offset: number, length: number): boolean {
  if (bytes[offset + length] !== CR) return false;
  return bytes[offset - 1] === COLON || (bytes[offset - 1] === SP && bytes[offset - 2] === COLON);
}

/** Value of a Content-Length (0 to 2^53-1), or a `HeadError`: digits only, no sign, list, space or more than 16 digits. */
export function parseContentLength(bytes: Buffer, offset: number, length: number): number {
  if (length === 0) return HeadError.BAD_CONTENT_LENGTH;
  let value = 0;
  for (let at = offset; at < offset + length; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) return HeadError.BAD_CONTENT_LENGTH;
    value = value * 10 + digit;
  }
  // 16 digits stay below 2^54, where a double may round but not so far that the comparison errs.
  return length > DECIMAL_DIGITS_MAX || value > Number.MAX_SAFE_INTEGER ? HeadError.CONTENT_LENGTH_OVERFLOW : value;
}

/**
 * 0 when the value is exactly `chunked` (any case); otherwise a `HeadError`. Codings other than chunked are unknown (501)
 * as long as the list is well formed and ends in its only chunked; everything else is malformed (400, RFC 9112 §6.3).
 */
export function checkTransferEncoding(bytes: Buffer, offset: number, length: number): number {
  if (equalsLower(bytes, offset, length, 'chunked')) return 0;
  const end = offset + length;
  let at = offset;
  for (;;) {
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    const start = at;
    while (at < end && TOKEN_LOWER[bytes[at]] !== 0) at++;
    const chunked = equalsLower(bytes, start, at - start, 'chunked');
    if (at === start) return HeadError.BAD_TRANSFER_ENCODING;
    while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
    if (at === end) return chunked ? HeadError.UNKNOWN_TRANSFER_CODING : HeadError.BAD_TRANSFER_ENCODING;
    if (chunked || bytes[at] !== COMMA) return HeadError.BAD_TRANSFER_ENCODING;
    at++;
  }
}
